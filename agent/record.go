package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/terminal"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
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
		Use:   "record -o FILE",
		Short: "Record what the sampler sees, to replay it later",
		Long: "Record what the sampler sees until Ctrl+C or the end of --for. The file holds process names, paths and CPU " +
			"times, and no command lines. Tabs are named only by a running agent: use `minewatch run --user --record FILE`.",
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
	source := trace.Record(machine.Source, f, traceHeader(every, o))
	ticks := 0
	var last time.Duration
	for s, err := range source(ctx) {
		if err != nil {
			return err
		}
		ticks++
		last = s.At
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("the recording could not be finished: %w", err)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d samples over %s. See it with `minewatch replay %s`.\n", o.file, ticks, last.Round(time.Second), o.file)
	return err
}

func replayCommand() *cobra.Command {
	var asJSON, failOnAlert bool
	c := &cobra.Command{
		Use:   "replay FILE",
		Short: "Judge a recording as if it happened now",
		Args:  exactly("recording"),
		RunE: func(c *cobra.Command, args []string) error {
			return replay(c, args[0], asJSON, failOnAlert)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	c.Flags().BoolVar(&failOnAlert, "fail-on-alert", false, "exit with 3 if an alert was raised")
	return c
}

func replay(c *cobra.Command, file string, asJSON, failOnAlert bool) error {
	// A replay ends soon and keeps little: collecting garbage less often saves a third of its time for some megabytes.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("the recording cannot be read: %w", err)
	}
	defer f.Close()
	header, source, err := trace.Replay(f, file)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if !asJSON {
		fmt.Fprintln(out, terminal.TraceHeading(header.Started, header.Cores, header.OS, header.Load))
	}
	fired := map[string]bool{}
	var last time.Duration
	told := map[string]string{}
	err = pipeline.Judge(c.Context(), source, heuristics.Config{}, func(t pipeline.Tick) {
		last = t.Snapshot.At
		for _, a := range t.Alerts {
			if a.State == api.Firing {
				fired[a.ID] = true
			}
			news := string(a.State) + a.Severity + a.Site + a.SiteConfidence
			if told[a.ID] == news {
				continue // only the figures changed
			}
			told[a.ID] = news
			if asJSON {
				_ = printJSON(out, a) // a closed pipe ends the program by itself
			} else {
				fmt.Fprintln(out, terminal.AlertLine(a))
			}
		}
	})
	if !asJSON {
		fmt.Fprintln(out, terminal.TraceClosing(len(fired), last))
	}
	if err == nil && failOnAlert && len(fired) > 0 {
		return errAlert
	}
	return err
}
