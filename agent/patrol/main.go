// Command minewatch-patrol opens the pages of a list, and says which of them keep their visitors' processors busy.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/buildinfo"
)

// Exit codes, as everywhere (docs/architecture.md).
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitFound  = 3
)

// errFound ends run with exit code 3 when it was asked to fail on what it found.
var errFound = errors.New("pages were found that keep visitors' processors busy")

// usageError is a command line that makes no sense.
type usageError struct {
	error
	command string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := rootCommand(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	usage, isUsage := errors.AsType[usageError](err)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFound):
		return exitFound
	case isUsage:
		fmt.Fprintf(stderr, "minewatch-patrol: %s\nSee `%s --help`.\n", words.CleanError(err), usage.command)
		return exitUsage
	}
	fmt.Fprintf(stderr, "minewatch-patrol: %s\n", words.CleanError(err))
	return exitFailed
}

func rootCommand(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "minewatch-patrol",
		Short:         "Opens the pages of a list and says which keep their visitors' processors busy, and by which script",
		Version:       buildinfo.Version,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetVersionTemplate("minewatch-patrol {{.Version}}\n")
	// Whatever a command prints, and may have forgotten to clean, no name in it gives orders to the terminal.
	root.SetOut(words.NewWriter(stdout))
	root.SetErr(words.NewWriter(stderr))
	root.AddCommand(runCommand(), workCommand(), verifyCommand(), diffCommand(), notifyCommand())
	markUsage(root)
	return root
}

// markUsage makes wrong flags and arguments of every command usage errors.
func markUsage(c *cobra.Command) {
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError{err, c.CommandPath()} })
	for _, sub := range c.Commands() {
		markUsage(sub)
	}
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError{err, c.CommandPath()}
			}
			return nil
		}
	}
	if c.RunE == nil {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usageError{fmt.Errorf("there is no command %q", args[0]), c.CommandPath()}
		}
	}
}

// these returns a check for the arguments of these names.
func these(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("say which %s", names[len(args)])
		case len(args) > len(names):
			return fmt.Errorf("%q is not expected here", args[len(names)])
		}
		return nil
	}
}

// printJSON writes one object as one line.
func printJSON(w io.Writer, v any) error {
	line, err := words.JSON(v)
	if err == nil {
		_, err = w.Write(line)
	}
	return err
}
