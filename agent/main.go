// Command minewatch is the agent: it watches the load of processes and browser tabs, says when it looks like mining,
// and names the site. The same program is its own command line and the browser's native messaging host.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/internal/browser"
)

// version is set when a release is built.
var version = "0.1.0-dev"

// Exit codes, the same for every command (docs/architecture.md).
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitAlert  = 3
)

// errAlert ends replay with exit code 3 when it was asked to fail on an alert.
var errAlert = errors.New("an alert was raised")

func main() {
	// The agent must cost next to nothing; one processor at a time is enough for what it does (node_exporter does the
	// same, for the same reason).
	runtime.GOMAXPROCS(1)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string) int {
	if browser.IsHostCall(args) {
		return runHost(ctx, args)
	}
	root := rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errAlert):
		return exitAlert
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "minewatch: %v\nSee `%s --help`.\n", err, usage.command)
		return exitUsage
	default:
		fmt.Fprintf(os.Stderr, "minewatch: %v\n", err)
		return exitFailed
	}
}

// usageError is a command line that makes no sense.
type usageError struct {
	error
	command string
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "minewatch",
		Short:         "Says which tab or program keeps this computer busy, and whether it looks like mining",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.AddCommand(watchCommand(), runCommand(), recordCommand(), replayCommand(), redactCommand(), importCommand(), browserCommand(),
		alertsCommand(), allowCommand(), disallowCommand(), allowedCommand(), statusCommand(), doctorCommand(), evalCommand(), versionCommand())
	markUsageErrors(root)
	return root
}
