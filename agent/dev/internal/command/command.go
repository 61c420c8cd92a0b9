// Package command is the beginning and the end of the programs that only developers run.
package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Run calls run with a context that an interrupt (or SIGTERM) ends, prints its error after the program's name, and returns
// the exit status: 0, or 1 after an error.
func Run(name string, run func(context.Context) error) int {
	return Status(func(ctx context.Context) int {
		if err := run(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			return 1
		}
		return 0
	})
}

// Status is Run for a program that prints its own errors and returns the exit status itself.
func Status(run func(context.Context) int) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx)
}
