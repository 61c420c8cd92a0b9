package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/trace"
)

// exactly returns a check for one argument with its name in the message.
func exactly(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return errors.New("say which " + name)
		case len(args) > 1:
			return fmt.Errorf("only one %s at a time, not %q", name, args)
		}
		return nil
	}
}

// nothing is the check of a command that takes no arguments.
func nothing(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%q is not expected here", args[0])
	}
	return nil
}

// checkLength returns a usage error for a time span that was given and makes no sense.
func checkLength(c *cobra.Command, flag string, d time.Duration) error {
	if c.Flags().Changed(flag) && d <= 0 {
		return usage.Error(c, fmt.Errorf("--%s needs a time above zero, such as 2m, not %v", flag, d))
	}
	return nil
}

// fileOf returns the file behind a command's output, nil if there is none.
func fileOf(w io.Writer) *os.File {
	if cleaned, ok := w.(*words.Writer); ok {
		w = cleaned.Unwrap()
	}
	f, _ := w.(*os.File)
	return f
}

// versionLine is what `version` and `--version` print.
func versionLine() string {
	return fmt.Sprintf("minewatch %s (api %d, trace %d)", buildinfo.Version, api.Version, trace.Version)
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), versionLine())
			return err
		},
	}
}
