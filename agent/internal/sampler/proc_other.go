//go:build !linux && !windows

package sampler

import (
	"context"
	"time"

	"github.com/shirou/gopsutil/v3/process"
)

// readRaw returns the creation time that gopsutil tells, in milliseconds since 1970. These systems do not tell the
// time of ended children.
func readRaw(pid int32) (rawTimes, error) {
	p := &process.Process{Pid: pid}
	created, err := p.CreateTime()
	return rawTimes{start: created}, err
}

// seesAll is false: what every process used cannot be compared with the machine's own counter on these systems.
func seesAll() bool { return false }

// sleptSoFar is not told apart from a clock that was set on these systems.
func sleptSoFar() time.Duration { return 0 }

// priority returns the priority as `nice` shows it.
func priority(ctx context.Context, h *process.Process) int {
	n, err := h.NiceWithContext(ctx)
	if err != nil {
		return 0
	}
	return int(n)
}

// transferred returns 0: these systems count no bytes of calls.
func transferred(*process.IOCountersStat) uint64 { return 0 }
