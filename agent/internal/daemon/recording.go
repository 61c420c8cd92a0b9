package daemon

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"

	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/trace"
)

// Recording says where what is sampled is recorded, and what is noted in it.
type Recording struct {
	// File must not exist yet; "" records nothing.
	File string
	// Load says in words how the load was made; Simulated that no real miner was involved.
	Load      string
	Simulated bool
}

// Header describes this machine for a recording.
func (r Recording) Header(interval time.Duration) trace.Header {
	h := trace.Header{
		Started: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), IntervalMS: interval.Milliseconds(),
		OS: runtime.GOOS, Agent: buildinfo.Version, Load: r.Load, Simulated: r.Simulated,
	}
	if info, err := cpu.Info(); err == nil && len(info) > 0 {
		h.Machine = info[0].ModelName
	}
	return h
}

// source returns the live source, recorded on the way if that was asked for, and what ends the recording.
// A disk that cannot take the recording ends the recording, not the watching.
func (r Recording) source(machine *sampler.Sampler, interval time.Duration, warnings *warnings) (pipeline.Source, func() error, error) {
	if r.File == "" {
		return machine.Source, func() error { return nil }, nil
	}
	f, err := trace.Create(r.File)
	if err != nil {
		return nil, nil, err
	}
	w := &willing{to: f, failed: func(err error) {
		warnings.raise(warnRecording, fmt.Sprintf("The recording %s ended early: %v. minewatch watches on; to record on, make room and start again with another file.", r.File, err))
	}}
	finish := func() error {
		if err := f.Close(); err != nil && !w.ended {
			return fmt.Errorf("the recording could not be finished: %w", err)
		}
		return nil
	}
	return trace.Record(machine.Source, w, r.Header(interval)), finish, nil
}

// willing takes whatever is written, also when that can no longer be written on.
type willing struct {
	to     io.Writer
	failed func(error) // called once
	ended  bool
}

func (w *willing) Write(p []byte) (int, error) {
	if !w.ended {
		if _, err := w.to.Write(p); err != nil {
			w.ended = true
			w.failed(err)
		}
	}
	return len(p), nil
}
