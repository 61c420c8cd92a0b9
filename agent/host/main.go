// Command minewatch-host is what a browser starts to speak with minewatch: it passes messages between the browser's
// extension and the agent, and has no power of its own. The minewatch program can do the same; this one holds a third of
// the memory, which counts where it waits all day beside the browser.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/minewatch/minewatch/agent/internal/nativemessaging"
)

func main() {
	runtime.GOMAXPROCS(1) // it waits nearly always
	// Standard output belongs to the browser.
	if err := nativemessaging.RunHost(context.Background(), os.Args[1:], os.Stdin, os.Stdout, nativemessaging.DialAgent); err != nil {
		fmt.Fprintf(os.Stderr, "minewatch-host: %v\n", err)
		os.Exit(1)
	}
}
