// Command fetch installs the libraries of some test pages into the folder given.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: fetch FOLDER")
		os.Exit(2) //nolint:forbidigo // this is main
	}
	if err := pages.Fetch(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}
