package daemon

import (
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
func (r Recording) source(machine *sampler.Sampler, interval time.Duration) (pipeline.Source, func() error, error) {
	if r.File == "" {
		return machine.Source, func() error { return nil }, nil
	}
	f, err := trace.Create(r.File)
	if err != nil {
		return nil, nil, err
	}
	return trace.Record(machine.Source, f, r.Header(interval)), f.Close, nil
}
