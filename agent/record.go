package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/trace"
)

const traceVersion = trace.Version

// openRecording opens the file of a recording. It never replaces a file: a recording may be all there is of an incident.
func openRecording(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s exists already; name another file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("the recording cannot be written: %w", err)
	}
	return f, nil
}

// recordingOptions says where a recording goes and what is noted in it.
type recordingOptions struct {
	file      string // "" for none
	load      string
	simulated bool
	redact    bool
}

// flags adds the flags that note how a load was made.
func (o *recordingOptions) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.load, "load", "", "how the load was made, in your words; kept in the recording")
	c.Flags().BoolVar(&o.simulated, "simulated", false, "note in the recording that no real miner was involved")
}

// traceHeader describes this machine for a recording.
func traceHeader(interval time.Duration, o recordingOptions) trace.Header {
	h := trace.Header{
		Started: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), IntervalMS: interval.Milliseconds(),
		OS: runtime.GOOS, Agent: version, Load: o.load, Simulated: o.simulated,
	}
	if info, err := cpu.Info(); err == nil && len(info) > 0 {
		h.Machine = info[0].ModelName
	}
	return h
}

func recordCommand() *cobra.Command {
	var (
		o             recordingOptions
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
			if o.file == "" {
				return usageError{errors.New("say where to: -o FILE"), c.CommandPath()}
			}
			if every < 100*time.Millisecond {
				return usageError{errors.New("--interval must be at least 100ms"), c.CommandPath()}
			}
			if err := checkLength(c, "for", length); err != nil {
				return err
			}
			return record(c, o, length, every)
		},
	}
	c.Flags().StringVarP(&o.file, "output", "o", "", "the `file` to write (must not exist)")
	c.Flags().DurationVar(&length, "for", 0, "stop after this time, such as 2m (default: at Ctrl+C)")
	c.Flags().DurationVar(&every, "interval", time.Second, "time between two samples")
	c.Flags().BoolVar(&o.redact, "redact", false, "write stand-ins for the names of programs, paths and people, so that the recording can be shared")
	o.flags(c)
	return c
}

func record(c *cobra.Command, o recordingOptions, length, every time.Duration) error {
	ctx := c.Context()
	if length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, length)
		defer cancel()
	}
	f, err := openRecording(o.file)
	if err != nil {
		return err
	}
	defer f.Close()
	machine := sampler.New(sampler.Options{Interval: every})
	source, header := pipeline.Source(machine.Source), traceHeader(every, o)
	if o.redact {
		source, header = trace.Redact(source), trace.RedactHeader(header)
		header.Load = o.load // said just now, to be shared
	}
	ticks, last, err := writeTrace(ctx, source, f, header)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("the recording could not be finished: %w", err)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d samples over %s. See it with `minewatch replay %s`.\n", o.file, ticks, last.Round(time.Second), o.file)
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
