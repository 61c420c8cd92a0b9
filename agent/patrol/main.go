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

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/buildinfo"
)

// errFound ends run with exit code 3 when it was asked to fail on what it found.
var errFound = errors.New("pages were found that keep visitors' processors busy")

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
	return usage.ExitCode(stderr, "minewatch-patrol", err, errFound)
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
	usage.Mark(root)
	return root
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
