package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/trace"
)

// markUsageErrors makes wrong flags and arguments of every command usage errors (exit code 2).
func markUsageErrors(c *cobra.Command) {
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{err, c.CommandPath()}
	})
	for _, sub := range c.Commands() {
		markUsageErrors(sub)
	}
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError{err, c.CommandPath()}
			}
			return nil
		}
	}
	if c.RunE == nil { // a command that only groups others
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usageError{fmt.Errorf("there is no command %q", args[0]), c.CommandPath()}
		}
	}
}

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
		return usageError{fmt.Errorf("--%s needs a time above zero, such as 2m, not %v", flag, d), c.CommandPath()}
	}
	return nil
}

// printJSON writes one object as one line.
func printJSON(w io.Writer, v any) error {
	line, err := words.JSON(v)
	if err != nil {
		return err
	}
	_, err = w.Write(line)
	return err
}

// printError says what went wrong in one line.
func printError(w io.Writer, err error) {
	fmt.Fprintf(w, "minewatch: %s\n", words.CleanError(err))
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
