//go:build darwin && !cgo

package sampler

import (
	"context"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// newSweep returns the sweep by ps, or, where that does not agree with gopsutil, gopsutil's and why. Without cgo
// gopsutil starts ps once for every process.
func newSweep(ctx context.Context) (s sweeper, why string) {
	var runner psRunner
	open := func() sweeper { return darwinSweep{newPSSweep(runner.run)} }
	if err := checkSweep(ctx, open, sweepSlack); err != nil {
		return newGopsutilSweep(), err.Error()
	}
	return open(), ""
}

// darwinSweep is the sweep by ps with a look at single processes.
type darwinSweep struct{ *psSweep }

// same reports whether the pid still belongs to the same life. The kernel tells milliseconds, ps whole seconds.
func (darwinSweep) same(id heuristics.ProcessID) bool {
	raw, err := readRaw(id.PID)
	return err == nil && raw.start-raw.start%time.Second.Milliseconds() == id.StartTime
}
