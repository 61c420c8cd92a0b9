package sampler

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minewatch/minewatch/agent/internal/procfs"
	"github.com/minewatch/minewatch/heuristics"
)

// toyMachine has one process that computes between two moments, and counters that say so.
type toyMachine struct {
	stat     *os.File
	began    time.Time
	from, to time.Duration
	share    float64 // of one core
	noise    float64 // of one core, by no process in particular
	last     time.Duration
	told     bool
	sweeps   int
}

func (m *toyMachine) used() time.Duration {
	now := time.Since(m.began)
	return time.Duration(m.share * float64(max(0, min(now, m.to)-m.from)))
}

// tick brings the file of the machine's counters up to date.
func (m *toyMachine) tick() {
	busy := time.Hour + m.used() + time.Duration(m.noise*float64(time.Since(m.began)))
	_, _ = m.stat.WriteAt(fmt.Appendf(nil, "cpu  %012d 0 0 0\n", busy/procfs.Tick), 0)
}

func (*toyMachine) name() string                      { return "toy" }
func (*toyMachine) same(id heuristics.ProcessID) bool { return id.PID == 1<<30 }

func (m *toyMachine) sweep(_ context.Context, visit func(counters)) ([]heuristics.ProcessID, []heuristics.Gap, error) {
	m.sweeps++
	if used := m.used(); !m.told || used > m.last {
		m.told, m.last = true, used
		visit(counters{id: heuristics.ProcessID{PID: 1 << 30, StartTime: 1}, user: used})
	}
	return nil, nil, nil
}

// watchToy runs the sampler on a machine for a while of the bubble's time and returns its snapshots.
func watchToy(t *testing.T, o Options, m *toyMachine, length time.Duration) []heuristics.Snapshot {
	t.Helper()
	root := t.TempDir()
	var err error
	if m.stat, err = os.Create(filepath.Join(root, "stat")); err != nil {
		t.Fatal(err)
	}
	defer m.stat.Close()
	m.began = time.Now()
	m.tick()
	s := New(o)
	s.sweep, s.host.machine = m, procfs.New(root).Machine()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	go func() {
		time.Sleep(5 * time.Millisecond) // never at the moment at which it is read
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				m.tick()
			}
		}
	}()
	var out []heuristics.Snapshot
	for snapshot, err := range s.Source(ctx) {
		if err != nil {
			t.Error(err)
		}
		out = append(out, snapshot)
	}
	return out
}

func TestRestsWhileTheMachineIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const from = 62500 * time.Millisecond
		m := &toyMachine{from: from, to: 80 * time.Second, share: 1, noise: 0.01}
		got := watchToy(t, Options{Interval: time.Second, Rest: 5 * time.Second}, m, 2*time.Minute)
		var before, during, after int
		var back time.Duration
		for i := range got {
			at := got[i].At
			switch {
			case at < from:
				before++
			case at < 80*time.Second:
				during++
				if back == 0 {
					back = at
				}
			default:
				after++
			}
		}
		// 13 at the beginning, then one every 5 s, and the one that says until when it was quiet.
		if before < 20 || before > 25 {
			t.Errorf("%d snapshots in the quiet minute", before)
		}
		if back > from+2*time.Second || during < 17 {
			t.Errorf("the load that began at %v was seen at %v; %d snapshots while it lasted", from, back, during)
		}
		if after < 12 || after > 25 {
			t.Errorf("%d snapshots in the 40 s after it", after)
		}
		for i := 1; i < len(got); i++ {
			if dt := got[i].At - got[i-1].At; dt > 5100*time.Millisecond || dt <= 0 || len(got[i].Gaps) > 0 {
				t.Errorf("%v lie before %v, gaps %v", dt, got[i].At, got[i].Gaps)
			}
			if len(got[i].Processes) > 0 && got[i].Processes[0].User > 0 && got[i].At < 64*time.Second && got[i].At-got[i-1].At > 1100*time.Millisecond {
				t.Errorf("the load's first sample covers %v", got[i].At-got[i-1].At)
			}
		}
	})
}

// Whoever looks on, or a counter that says nothing, keeps it from resting.
func TestDoesNotRest(t *testing.T) {
	for name, o := range map[string]Options{
		"attended": {Rest: 5 * time.Second, Attended: func() bool { return true }}, "not asked to": {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &toyMachine{}
				if got := watchToy(t, o, m, time.Minute); len(got) < 59 {
					t.Errorf("%d snapshots in a minute", len(got))
				}
			})
		})
	}
	t.Run("busy machine", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if got := watchToy(t, Options{Rest: 5 * time.Second}, &toyMachine{noise: 0.1}, time.Minute); len(got) < 59 {
				t.Errorf("%d snapshots in a minute", len(got))
			}
		})
	})
	t.Run("busy process, counter at rest", func(t *testing.T) { // it computes between the kernel's ticks
		synctest.Test(t, func(t *testing.T) {
			m := &toyMachine{share: 0.5, to: time.Minute, noise: -0.5}
			if got := watchToy(t, Options{Rest: 5 * time.Second}, m, time.Minute); len(got) < 59 {
				t.Errorf("%d snapshots in a minute", len(got))
			}
		})
	})
	var p pace
	for i := range 60 {
		if p.look(&heuristics.Snapshot{At: time.Duration(i) * time.Second}) {
			t.Fatal("a counter that stands at 0 is quiet")
		}
	}
}

// A verdict comes at most 2 s later for having rested, and no earlier.
func TestRestDelaysNoVerdict(t *testing.T) {
	firm := func(rest, from time.Duration, share float64) (heavy time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			m := &toyMachine{from: from, to: 10 * time.Minute, share: share, noise: 0.01}
			detector := heuristics.NewDetector(heuristics.Config{})
			for _, s := range watchToy(t, Options{Rest: rest}, m, 5*time.Minute) {
				for _, v := range detector.Observe(s) {
					if v.Subject.Kind == heuristics.SubjectProcess && v.State == heuristics.Suspected && heavy == 0 {
						heavy = s.At
					}
				}
			}
			if rest > 0 && m.sweeps > 290 {
				t.Errorf("%d sweeps: it never rested", m.sweeps)
			}
		})
		return heavy
	}
	for _, from := range []time.Duration{60 * time.Second, 61100 * time.Millisecond, 63950 * time.Millisecond, 64500 * time.Millisecond} {
		for _, share := range []float64{1, 0.95} {
			without, with := firm(0, from, share), firm(5*time.Second, from, share)
			if without == 0 || with > without+2*time.Second || with < without-time.Second {
				t.Errorf("load of %v from %v: called at %v, without rest at %v", share, from, with, without)
			}
		}
	}
}
