package sampler

import (
	"context"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"github.com/minewatch/minewatch/agent/internal/procfs"
	"github.com/minewatch/minewatch/heuristics"
)

// counters are the cumulative CPU times of one process.
type counters struct {
	id                     heuristics.ProcessID
	user, system, children time.Duration
	handle                 *process.Process // nil where gopsutil is not asked
	// stat is what the sweep has read besides; stat.PID is 0 if it has not. life is the process, if held says so: it is
	// open while the sweep tells of it.
	stat procfs.Stat
	life opened
	held bool
}

// sweeper looks at all processes once a tick.
type sweeper interface {
	name() string
	// sweep calls visit for every process at the first call and later for those that are new or whose counters moved.
	// It returns those that ended since the last call, and what could not be read.
	sweep(ctx context.Context, visit func(counters)) (gone []heuristics.ProcessID, gaps []heuristics.Gap, err error)
	// same reports whether the pid still belongs to the same life.
	same(id heuristics.ProcessID) bool
}

// gopsutilSweep reads every process through gopsutil: it works on every system, and the other sweeps are tested
// against it.
type gopsutilSweep struct {
	kept  map[int32]*keptProcess
	round int
}

type keptProcess struct {
	counters
	round int
}

func newGopsutilSweep() *gopsutilSweep { return &gopsutilSweep{kept: map[int32]*keptProcess{}} }

func (*gopsutilSweep) name() string { return "gopsutil" }

func (g *gopsutilSweep) sweep(ctx context.Context, visit func(counters)) (gone []heuristics.ProcessID, gaps []heuristics.Gap, err error) {
	pids, err := process.PidsWithContext(ctx)
	if err != nil {
		return nil, nil, err
	}
	g.round++
	for _, pid := range pids {
		if pid <= 0 {
			continue
		}
		k := g.kept[pid]
		fresh := k == nil
		if fresh {
			if k = g.open(ctx, pid); k == nil {
				continue // ended between the listing and now
			}
		}
		t, err := k.handle.TimesWithContext(ctx)
		if err != nil {
			if raw, rawErr := readRaw(pid); rawErr == nil && raw.start == k.id.StartTime {
				k.round = g.round // it lives, but may not be read
				gaps = append(gaps, heuristics.Gap{Kind: heuristics.GapUnreadable, PID: pid})
			}
			continue
		}
		user, system := seconds(t.User), seconds(t.System)
		if !fresh && user == k.user && system == k.system {
			k.round = g.round
			continue
		}
		raw, err := readRaw(pid)
		if err != nil {
			continue // it ended while being read
		}
		if raw.start != k.id.StartTime { // another life of the pid: the kept handle would go on under the old name
			if !fresh {
				gone = append(gone, k.id)
				delete(g.kept, pid)
			}
			if k = g.open(ctx, pid); k == nil || k.id.StartTime != raw.start {
				continue
			}
		}
		k.user, k.system, k.children, k.round = user, system, raw.children, g.round
		g.kept[pid] = k
		visit(k.counters)
	}
	for pid, k := range g.kept {
		if k.round != g.round {
			gone = append(gone, k.id)
			delete(g.kept, pid)
		}
	}
	return gone, gaps, nil
}

// open makes a handle for a new process, nil if it is gone already.
func (g *gopsutilSweep) open(ctx context.Context, pid int32) *keptProcess {
	raw, err := readRaw(pid)
	if err != nil {
		return nil
	}
	handle, err := process.NewProcessWithContext(ctx, pid)
	if err != nil {
		return nil
	}
	return &keptProcess{counters: counters{id: heuristics.ProcessID{PID: pid, StartTime: raw.start}, handle: handle}}
}

func (*gopsutilSweep) same(id heuristics.ProcessID) bool { return sameLife(id) }

// sameLife reports whether the pid still belongs to the process with that start time.
func sameLife(id heuristics.ProcessID) bool {
	raw, err := readRaw(id.PID)
	return err == nil && raw.start == id.StartTime
}

// rawTimes is what gopsutil does not tell.
type rawTimes struct {
	// start tells two lives of a pid apart, see heuristics.ProcessID.
	start int64
	// children is the CPU time of children that were waited for.
	children time.Duration
}
