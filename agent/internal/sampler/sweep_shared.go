package sampler

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"github.com/minewatch/minewatch/heuristics"
)

// A sweep that reads everything in one piece knows more of a process than its counters; the first two interfaces tell it
// without asking the system again. All speak of the last sweep, and may be called from within visit.
type (
	// threadTeller is a sweep that knows the threads of a process.
	threadTeller interface {
		threads(id heuristics.ProcessID) []heuristics.ThreadSample
	}
	// introducer is a sweep that knows who a process is, also of one that the agent may not open or that has ended
	// since: this is how a worker that lives for a moment gets its name and parent.
	introducer interface {
		basics(id heuristics.ProcessID) (basics, bool)
	}
	// introducerOfQuiet is a sweep that does not tell of newcomers before they have used the processor, but visits one when
	// it is asked to.
	introducerOfQuiet interface {
		introduce(pid int32)
	}
)

var (
	_ threadTeller = (*ntSweep)(nil)
	_ introducer   = (*ntSweep)(nil)
	_ introducer   = (*psSweep)(nil)
)

// basics is what a sweep knows of a process. The name is hostile text.
type basics struct {
	name   string
	parent int32
	// user is the uid, empty where the sweep does not know it.
	user string
}

// maxFailures is how many sweeps in a row may fail before the sampler gives up.
const maxFailures = 5

// patience tolerates sweeps that fail now and then, as they do on a machine short of memory or processes. Counters are
// cumulative, so what is missed in one tick is told in the next. A sweep that never worked is not retried.
type patience struct {
	worked   bool
	failures int
}

func (p *patience) succeeded() { p.worked, p.failures = true, 0 }

// failed returns the gap that a failed sweep leaves, or the error once that is enough.
func (p *patience) failed(err error) ([]heuristics.Gap, error) {
	p.failures++
	if !p.worked || p.failures >= maxFailures {
		return nil, err
	}
	return []heuristics.Gap{{Kind: heuristics.GapUnreadable}}, nil
}

const (
	// sweepSlack is how far a sweep may lie outside what gopsutil says before and after it. Times come in ticks of at
	// most 15.6 ms (Windows), and user and system time are rounded apart.
	sweepSlack = 50 * time.Millisecond
	// sweepTries is how often the comparison is made until it holds: a thread that ends at the wrong moment is missing
	// from one reading.
	sweepTries = 3
)

// checkSweep compares what sweeps say of this process and its parent with gopsutil, and returns why they cannot be used.
// open makes a sweep that has seen nothing yet.
func checkSweep(ctx context.Context, open func() sweeper, slack time.Duration) error {
	var err error
	for range sweepTries {
		if err = checkOnce(ctx, open(), slack); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func checkOnce(ctx context.Context, s sweeper, slack time.Duration) error {
	pids := []int32{int32(os.Getpid()), int32(os.Getppid())} //nolint:gosec // pids fit
	var before [2]time.Duration
	var known [2]bool
	for i, pid := range pids {
		before[i], known[i] = cpuOf(ctx, pid)
	}
	var seen [2]time.Duration
	var listed [2]bool
	_, _, err := s.sweep(ctx, func(c counters) {
		for i, pid := range pids {
			if c.id.PID == pid {
				seen[i], listed[i] = c.user+c.system, true
			}
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s.name(), err)
	}
	for i, pid := range pids {
		after, still := cpuOf(ctx, pid)
		if !known[i] || !still {
			continue // it ended, or may not be read: nothing to compare with
		}
		if !listed[i] {
			return fmt.Errorf("%s does not list process %d", s.name(), pid)
		}
		if seen[i] < before[i]-slack || seen[i] > after+slack {
			return fmt.Errorf("%s says that process %d has used %v, gopsutil %v to %v", s.name(), pid, seen[i], before[i], after)
		}
	}
	return nil
}

// cpuOf returns the CPU time of a process as gopsutil says; false if it does not.
func cpuOf(ctx context.Context, pid int32) (time.Duration, bool) {
	if pid <= 0 {
		return 0, false
	}
	t, err := (&process.Process{Pid: pid}).TimesWithContext(ctx)
	if err != nil {
		return 0, false
	}
	return seconds(t.User) + seconds(t.System), true
}
