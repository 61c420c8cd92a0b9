//go:build !linux

package sampler

import (
	"context"
	"errors"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/process"

	"github.com/minewatch/minewatch/heuristics"
)

// host is what the sampler reads besides the sweep; here gopsutil does.
type host struct{}

// boundToLife says that identify cannot mix two lives of a pid. By a bare pid it can.
const boundToLife = false

func newHost() host { return host{} }

// opened is a process that is held open while it is looked at, on Linux only.
type opened struct{}

// threadNames has nothing to remember here: gopsutil tells no thread's name or waiting time on these systems.
type threadNames struct{}

// threads returns nothing, see threadNames. Where the sweep knows the threads, it is asked.
func (*host) threads(*known) []heuristics.ThreadSample { return nil }

// busy returns the CPU time of processes on all cores: neither idle, waiting for I/O, taken by the hypervisor nor spent on
// interrupts, which no process accounts for.
func (*host) busy(ctx context.Context) (time.Duration, error) {
	t, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return 0, err
	}
	if len(t) == 0 {
		return 0, errors.New("no counters")
	}
	return micro(seconds(t[0].User + t[0].Nice + t[0].System)), nil
}

// identify reads who a process is; false if it is gone or another.
func (*host) identify(ctx context.Context, k *known, _ *counters) (identity, bool) {
	if k.handle == nil {
		return identity{}, false
	}
	h := &process.Process{Pid: k.id.PID} // the kept one would give the name that it read first
	name, err := h.NameWithContext(ctx)
	if err != nil {
		return identity{}, false
	}
	w := identity{name: name, nice: priority(ctx, h)}
	if exe, err := h.ExeWithContext(ctx); err == nil {
		w.exe = exe
	}
	w.user = ownerOf(ctx, h)
	if ppid, err := h.PpidWithContext(ctx); err == nil {
		w.parent = ppid
	}
	if line, err := h.CmdlineWithContext(ctx); err == nil {
		w.command = parseCommandLine(line)
	}
	return w, true
}

// footprint reads memory and I/O of a process; what the agent may not see stays 0.
func (*host) footprint(ctx context.Context, k *known, _ *counters, p *heuristics.ProcessSample) {
	if k.handle == nil {
		return
	}
	if m, err := k.handle.MemoryInfoWithContext(ctx); err == nil {
		p.Resident = m.RSS
	}
	if io, err := k.handle.IOCountersWithContext(ctx); err == nil {
		p.ReadBytes, p.WriteBytes, p.Transferred = io.ReadBytes, io.WriteBytes, transferred(io)
	}
}

// threadTime returns 0: these systems do not tell it cheaply.
func threadTime() time.Duration { return 0 }
