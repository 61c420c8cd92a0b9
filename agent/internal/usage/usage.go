// Package usage is what the programs' command lines have in common: what a wrong command line is, what a command's end is
// worth as an exit code, and how one line of JSON is printed.
package usage

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api/words"
)

// Exit codes, the same for every program and command (docs/architecture.md).
const (
	OK     = 0
	Failed = 1
	Wrong  = 2
	Found  = 3
)

// wrong is a command line that makes no sense.
type wrong struct {
	error
	command string
}

// Error returns an error that ends a command with the exit code Wrong.
func Error(c *cobra.Command, err error) error { return wrong{err, c.CommandPath()} }

// Mark makes wrong flags and arguments of a command, and of all below it, usage errors.
func Mark(c *cobra.Command) {
	c.SetFlagErrorFunc(Error)
	for _, sub := range c.Commands() {
		Mark(sub)
	}
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return Error(c, err)
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
			return Error(c, fmt.Errorf("there is no command %q", args[0]))
		}
	}
}

// ExitCode returns the exit code of a command of a program that ended with an error, nil for none, and says what went wrong
// in one line. An error that is one of found is the answer to --fail-on and the like, of which nothing is said.
func ExitCode(stderr io.Writer, program string, err error, found ...error) int {
	if err == nil {
		return OK
	}
	if slices.ContainsFunc(found, func(f error) bool { return errors.Is(err, f) }) {
		return Found
	}
	PrintError(stderr, program, err)
	if w, ok := errors.AsType[wrong](err); ok {
		fmt.Fprintf(stderr, "See `%s --help`.\n", w.command)
		return Wrong
	}
	return Failed
}

// PrintError says what went wrong in one line.
func PrintError(stderr io.Writer, program string, err error) {
	fmt.Fprintf(stderr, "%s: %s\n", program, words.CleanError(err))
}

// PrintJSON writes one object as one line.
func PrintJSON(w io.Writer, v any) error {
	line, err := words.JSON(v)
	if err != nil {
		return err
	}
	_, err = w.Write(line)
	return err
}
