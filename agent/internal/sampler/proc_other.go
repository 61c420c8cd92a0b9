//go:build !linux && !windows

package sampler

import (
	"context"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"github.com/minewatch/minewatch/heuristics"
)

// readRaw returns the creation time that gopsutil tells, in milliseconds since 1970. These systems do not tell the
// time of ended children.
func readRaw(pid int32) (rawTimes, error) {
	p := &process.Process{Pid: pid}
	created, err := p.CreateTime()
	return rawTimes{start: created}, err
}

// threadNames has nothing to remember here: gopsutil tells no thread's name or waiting time on these systems.
type threadNames struct{}

func (*threadNames) threads(int32) []heuristics.ThreadSample { return nil }

func readNice(ctx context.Context, h *process.Process) (int, error) {
	n, err := h.NiceWithContext(ctx)
	return int(n), err
}

// seesAll is false: what every process used cannot be compared with the machine's own counter on these systems.
func seesAll() bool { return false }

// sleptSoFar is not told apart from a clock that was set on these systems.
func sleptSoFar() time.Duration { return 0 }

// readIO returns what a process read and wrote, in bytes; zeros where the agent may not look. These systems count no
// bytes of calls.
func readIO(ctx context.Context, h *process.Process) (read, written, transferred uint64) {
	io, err := h.IOCountersWithContext(ctx)
	if err != nil {
		return 0, 0, 0
	}
	return io.ReadBytes, io.WriteBytes, 0
}
