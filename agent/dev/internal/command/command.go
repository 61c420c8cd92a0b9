// Package command is the beginning and the end of the programs that only developers run.
package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Main calls run with a context that an interrupt (or SIGTERM) ends, prints its error after the program's name, and ends
// the process: with status 0, or 1 after an error.
func Main(name string, run func(context.Context) error) {
	Exit(func(ctx context.Context) int {
		if err := run(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			return 1
		}
		return 0
	})
}

// Exit is Main for a program that prints its own errors: run returns the status.
func Exit(run func(context.Context) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx)
	stop()
	os.Exit(status)
}
