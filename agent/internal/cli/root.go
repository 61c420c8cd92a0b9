// Package cli is the command line of minewatch: one file a command.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/nativemessaging"
)

// errAlert ends replay with exit code 3 when it was asked to fail on an alert.
var errAlert = errors.New("an alert was raised")

// Main runs one command until it ends or a signal asks it to, and returns its exit code.
func Main(args []string) int {
	// The agent must cost next to nothing; one processor at a time is enough for what it does (node_exporter does the
	// same, for the same reason).
	runtime.GOMAXPROCS(1)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, os.Stdout, os.Stderr)
}

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if nativemessaging.IsHostCall(args) {
		return runHost(ctx, args)
	}
	root := rootCommand(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return usage.ExitCode(stderr, "minewatch", err, errAlert, errFound)
}

// Root returns the command line as a tree of commands, from which man pages and completions are made too.
func Root() *cobra.Command { return rootCommand(os.Stdout, os.Stderr) }

func rootCommand(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "minewatch",
		Short:         "Says which tab or program keeps this computer busy, and whether it looks like mining",
		Version:       versionLine(),
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.Flags().Bool("version", false, "print the version")
	// Whatever a command prints, and may have forgotten to clean, no name in it gives orders to the terminal.
	root.SetOut(words.NewWriter(stdout))
	root.SetErr(words.NewWriter(stderr))
	root.AddCommand(watchCommand(), runCommand(), serviceCommand(), recordCommand(), replayCommand(), redactCommand(), importCommand(), browserCommand(),
		alertsCommand(), allowCommand(), disallowCommand(), allowedCommand(), snoozeCommand(), unsnoozeCommand(), policyCommand(), statusCommand(), doctorCommand(), evalCommand(), checkCommand(), versionCommand())
	usage.Mark(root)
	return root
}
