package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/internal/trace"
)

func redactCommand() *cobra.Command {
	var to string
	var limits limitFlags
	c := &cobra.Command{
		Use:   "redact FILE -o FILE",
		Short: "Replace the names in a recording, to share it",
		Long: "Write a copy of a recording in which every program, path, person and site has a stand-in, the same name always " +
			"the same one. It is judged as the original. Kept are counters and times since the start, the kind of place a program lies in, and " +
			"names that every computer has: browsers, their threads, system services. The first FILE may be - for standard input.",
		Args: exactly("recording"),
		RunE: func(c *cobra.Command, args []string) error {
			if to == "" {
				return usage.Error(c, errors.New("say where to: -o FILE"))
			}
			if err := limits.check(); err != nil {
				return usage.Error(c, err)
			}
			return redact(c, args[0], to, &limits)
		},
	}
	c.Flags().StringVarP(&to, "output", "o", "", "the `file` to write (must not exist)")
	limits.add(c)
	return c
}

func redact(c *cobra.Command, from, to string, limits *limitFlags) error {
	header, source, done, err := openTrace(c, from, limits)
	if err != nil {
		return err
	}
	defer done()
	f, err := trace.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	ticks, last, err := writeTrace(c.Context(), trace.Redact(source), f, trace.RedactHeader(header))
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("the recording could not be finished: %w", closeErr)
	}
	switch {
	case err != nil && ticks == 0:
		_ = os.Remove(to) // nothing is in it
		return err
	case err != nil:
		return fmt.Errorf("%w; what came before it is in %s", err, to)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d samples over %s, with stand-ins for names. Look at it before you share it: zstdcat %s | less\n",
		to, ticks, last.Round(time.Second), to)
	return err
}
