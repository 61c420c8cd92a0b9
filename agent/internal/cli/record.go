package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/internal/daemon"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/trace"
)

// recordingFlags adds the flags that note how a load was made.
func recordingFlags(c *cobra.Command, r *daemon.Recording) {
	c.Flags().StringVar(&r.Load, "load", "", "how the load was made, in your words; kept in the recording")
	c.Flags().BoolVar(&r.Simulated, "simulated", false, "note in the recording that no real miner was involved")
}

func recordCommand() *cobra.Command {
	var (
		r             daemon.Recording
		redacted      bool
		length, every time.Duration
	)
	c := &cobra.Command{
		Use:   "record -o FILE [--redact]",
		Short: "Record what the sampler sees, to replay it later",
		Long: "Record what the sampler sees until Ctrl+C or the end of --for. The file holds process names, paths and CPU " +
			"times, and no command lines; with --redact, stand-ins for the names and paths. Tabs are named only by a running agent: " +
			"use `minewatch run --user --record FILE`, and `minewatch redact` before you share it.",
		Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if r.File == "" {
				return usage.Error(c, errors.New("say where to: -o FILE"))
			}
			if every < 100*time.Millisecond {
				return usage.Error(c, errors.New("--interval must be at least 100ms"))
			}
			if err := checkLength(c, "for", length); err != nil {
				return err
			}
			return record(c, r, redacted, length, every)
		},
	}
	c.Flags().StringVarP(&r.File, "output", "o", "", "the `file` to write (must not exist)")
	c.Flags().DurationVar(&length, "for", 0, "stop after this time, such as 2m (default: at Ctrl+C)")
	c.Flags().DurationVar(&every, "interval", time.Second, "time between two samples")
	c.Flags().BoolVar(&redacted, "redact", false, "write stand-ins for the names of programs, paths and people, so that the recording can be shared")
	recordingFlags(c, &r)
	return c
}

func record(c *cobra.Command, r daemon.Recording, redacted bool, length, every time.Duration) error {
	ctx := c.Context()
	if length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, length)
		defer cancel()
	}
	f, err := trace.Create(r.File)
	if err != nil {
		return err
	}
	defer f.Close()
	machine := sampler.New(sampler.Options{Interval: every})
	source, header := pipeline.Source(machine.Source), r.Header(every)
	if redacted {
		source, header = trace.Redact(source), trace.RedactHeader(header)
		header.Load = r.Load // said just now, to be shared
	}
	ticks, last, err := writeTrace(ctx, source, f, header)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("the recording could not be finished: %w", err)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d samples over %s. See it with `minewatch replay %s`.\n", r.File, ticks, last.Round(time.Second), r.File)
	return err
}

// writeTrace records a source until it ends and returns how many samples over how long it held.
func writeTrace(ctx context.Context, source pipeline.Source, w io.Writer, h trace.Header) (ticks int, last time.Duration, err error) {
	for s, err := range trace.Record(source, w, h)(ctx) {
		if err != nil {
			return ticks, last, err
		}
		ticks++
		last = s.At
	}
	return ticks, last, nil
}
