package sampler

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/heuristics"
)

// ntSteps is a query that returns one listing after the other.
type ntSteps struct {
	next ntListing
	err  error
}

func (q *ntSteps) query() (ntListing, error) { return q.next, q.err }

// told is what one sweep said.
type told struct {
	Seen map[heuristics.ProcessID]time.Duration
	Gone []heuristics.ProcessID
	Gaps []heuristics.Gap
}

func tellSweep(t *testing.T, s sweeperCore) told {
	t.Helper()
	got := told{Seen: map[heuristics.ProcessID]time.Duration{}}
	gone, gaps, err := s.sweep(t.Context(), func(c counters) {
		if _, twice := got.Seen[c.id]; twice {
			t.Errorf("%v is visited twice", c.id)
		}
		if c.handle == nil || c.handle.Pid != c.id.PID {
			t.Errorf("%v has handle %v", c.id, c.handle)
		}
		got.Seen[c.id] = c.user + c.system
	})
	if err != nil {
		t.Fatal(err)
	}
	got.Gone, got.Gaps = append(got.Gone, gone...), append(got.Gaps, gaps...) // nil where there are none
	slices.SortFunc(got.Gone, func(a, b heuristics.ProcessID) int { return int(a.PID) - int(b.PID) })
	return got
}

// life makes an identity.
func life(pid int32, start int64) heuristics.ProcessID {
	return heuristics.ProcessID{PID: pid, StartTime: start}
}

type seen = map[heuristics.ProcessID]time.Duration

func wantTold(t *testing.T, step string, got, want told) {
	t.Helper()
	if want.Seen == nil {
		want.Seen = seen{}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: %s", step, d)
	}
}

func TestNTSweep(t *testing.T) {
	var q ntSteps
	s := newNTSweep(q.query)
	step := func(name string, want told, processes ...ntFake) {
		t.Helper()
		// The listing lies elsewhere each time, as when the buffer has grown.
		q.next = putNT(q.next.base+4096, append([]ntFake{{kernel: ntSecond}}, processes...)...)
		wantTold(t, name, tellSweep(t, s), want)
	}
	a := ntFake{pid: 8, created: 100, user: ntSecond, kernel: ntSecond, name: "a.exe"}
	b := ntFake{pid: 12, created: 200, name: "b.exe"}
	step("all at first", told{Seen: seen{life(8, 100): 2 * time.Second, life(12, 200): 0}}, a, b)
	step("nothing moved", told{}, b, a)
	b.kernel = 1
	step("the smallest move", told{Seen: seen{life(12, 200): 100 * time.Nanosecond}}, a, b)
	c := ntFake{pid: 16, created: 300, user: 3 * ntSecond}
	step("a new one, another gone", told{Seen: seen{life(16, 300): 3 * time.Second}, Gone: []heuristics.ProcessID{life(8, 100)}}, b, c)
	c.created = 301
	step("the pid in a new life with the same time", told{Seen: seen{life(16, 301): 3 * time.Second}, Gone: []heuristics.ProcessID{life(16, 300)}}, b, c)
	c.user = 2 * ntSecond
	step("a time that seems to go back", told{}, b, c)
	c.user = 4 * ntSecond
	step("and comes again", told{Seen: seen{life(16, 301): 4 * time.Second}}, b, c)
	twice := c
	twice.created = 999
	step("listed twice", told{}, b, c, twice)
	step("all gone", told{Gone: []heuristics.ProcessID{life(12, 200), life(16, 301)}})
}

func TestNTSweepBearsWithFailures(t *testing.T) {
	q := ntSteps{err: errors.New("no memory")}
	s := newNTSweep(q.query)
	if _, _, err := s.sweep(t.Context(), func(counters) {}); !errors.Is(err, q.err) {
		t.Fatalf("a sweep that never worked: %v", err)
	}
	a, b := ntFake{pid: 8, created: 1}, ntFake{pid: 12, created: 2}
	q = ntSteps{next: putNT(0x1000, a, b)}
	wantTold(t, "first", tellSweep(t, s), told{Seen: seen{life(8, 1): 0, life(12, 2): 0}})
	gap := []heuristics.Gap{{Kind: heuristics.GapUnreadable}}

	// An interrupted listing has already told of the first process's end: that must not get lost. Where the second
	// process stood there is another.
	a.created = 3
	q.next = putNT(0x1000, a, ntFake{pid: 16, user: 1 << 60})
	wantTold(t, "broken", tellSweep(t, s), told{Seen: seen{life(8, 3): 0}, Gaps: gap})
	if _, ok := s.basics(life(12, 2)); ok {
		t.Error("something is told of a process that the broken listing does not reach")
	}
	q.err = errors.New("no memory")
	wantTold(t, "failed", tellSweep(t, s), told{Gaps: gap})
	if _, ok := s.basics(life(8, 3)); ok {
		t.Error("something is told from a listing that there is not")
	}
	q = ntSteps{next: putNT(0x1000, a, b)}
	wantTold(t, "whole again", tellSweep(t, s), told{Gone: []heuristics.ProcessID{life(8, 1)}})
	wantTold(t, "told once", tellSweep(t, s), told{})

	q.err = errors.New("for good")
	for i := range maxFailures {
		_, _, err := s.sweep(t.Context(), func(counters) {})
		if last := i == maxFailures-1; (err != nil) != last {
			t.Errorf("failure %d: %v", i+1, err)
		}
	}
}

func TestNTSweepTellsThreads(t *testing.T) {
	q := ntSteps{next: putNT(0x1000, someNT()...)}
	s := newNTSweep(q.query)
	id := life(4242, 134398391489606940)
	visited := 0
	if _, _, err := s.sweep(t.Context(), func(c counters) {
		if c.id != id {
			return
		}
		visited++
		// The sampler asks while it is told of the process.
		want := []heuristics.ThreadSample{{TID: 4244, Run: 4 * time.Second}, {TID: 4248, Run: 2 * time.Second}}
		if d := cmp.Diff(want, s.threads(c.id)); d != "" {
			t.Error(d)
		}
		if got, ok := s.basics(c.id); !ok || got != (basics{name: "gräber ⛏.exe", parent: 900}) {
			t.Errorf("%+v, %v", got, ok)
		}
	}); err != nil || visited != 1 {
		t.Fatal(visited, err)
	}
	q.next = putNT(0x1000, append([]ntFake{{pid: 20}}, someNT()...)...)
	q.next.buffer = q.next.buffer[:len(q.next.buffer)-200]
	if _, gaps, err := s.sweep(t.Context(), func(counters) {}); err != nil || len(gaps) != 1 {
		t.Fatal(gaps, err)
	}
	if got, ok := s.basics(id); ok || s.threads(id) != nil {
		t.Errorf("%+v is told from a listing that does not reach it", got)
	}
	if s.threads(life(4242, 1)) != nil || s.threads(life(99, 1)) != nil {
		t.Error("threads of another life are told")
	}
}

func TestNTSweepTellsTheBusiestThreads(t *testing.T) {
	p := ntFake{pid: 8}
	for i := range uint64(3000) {
		p.threads = append(p.threads, ntFakeThread{tid: 4 * i, user: 10 * (i + 1)})
	}
	q := ntSteps{next: putNT(0x1000, p)}
	s := newNTSweep(q.query)
	tellSweep(t, s)
	got := s.threads(life(8, 0))
	if len(got) != maxNTThreads || got[0].TID != 4*2999 || got[0].Run != 3000*time.Microsecond {
		t.Errorf("%d threads, first %+v", len(got), got[0])
	}
}

func TestQuietNTSweepDoesNotAllocate(t *testing.T) {
	var processes []ntFake
	for i := range uint64(300) {
		processes = append(processes, ntFake{pid: 4 * (i + 1), created: i, user: ntSecond, name: "x.exe", threads: make([]ntFakeThread, 10)})
	}
	q := ntSteps{next: putNT(0x1000, processes...)}
	s := newNTSweep(q.query)
	if n := len(tellSweep(t, s).Seen); n != 300 {
		t.Fatalf("%d processes", n)
	}
	ctx, visit := t.Context(), func(counters) { t.Error("a quiet process is visited") }
	if n := testing.AllocsPerRun(20, func() {
		if _, _, err := s.sweep(ctx, visit); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkNTSweep(b *testing.B) {
	var processes []ntFake
	for i := range uint64(300) {
		processes = append(processes, ntFake{pid: 4 * (i + 1), created: i, user: ntSecond, name: "x.exe", threads: make([]ntFakeThread, 10)})
	}
	q := ntSteps{next: putNT(0x1000, processes...)}
	s := newNTSweep(q.query)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.sweep(b.Context(), func(counters) {}); err != nil {
			b.Fatal(err)
		}
	}
}
