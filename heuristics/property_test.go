package heuristics

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// town is a computer with all kinds of load: hash workers, a page that draws, a native program with equal threads, and
// one that reads and writes.
func town() *machine {
	m := newMachine(4)
	m.add(workers(2, 0.7, 0.03))
	r := rand.New(rand.NewPCG(3, 4))
	m.add(&madeUp{info: renderer(), names: []string{"chromium", "Compositor"}, use: func(_ int, dt time.Duration) []time.Duration {
		return []time.Duration{time.Duration(r.Float64() * 0.5 * float64(dt)), time.Duration(r.Float64() * 0.3 * float64(dt))}
	}})
	m.add(&madeUp{info: ProcessInfo{Name: "x", Exe: "/tmp/x", Nice: 19}, names: []string{"x", "x", "x"}, use: func(_ int, dt time.Duration) []time.Duration {
		return []time.Duration{0, dt * 9 / 10, dt * 9 / 10}
	}})
	pack := m.add(&madeUp{info: ProcessInfo{Name: "pack", Exe: "/usr/bin/pack"}, names: []string{"pack"}})
	pack.use = func(_ int, dt time.Duration) []time.Duration {
		pack.sample.Transferred += 3 << 20
		pack.sample.Resident = 40 << 20
		return []time.Duration{dt * 9 / 10}
	}
	return m
}

func record(m *machine, ticks int) []Snapshot {
	var all []Snapshot
	for n := range ticks {
		all = append(all, m.tick(n))
	}
	return all
}

// outcome is what a run of the detector comes to: per subject the severity, when it was reached and the last confidence.
type outcome struct {
	Severity   Severity
	At         time.Duration
	Confidence float64
}

func detectAll(all []Snapshot) map[string]outcome {
	d, out := NewDetector(Config{}), map[string]outcome{}
	for _, s := range all {
		for _, v := range d.Observe(s) {
			o := out[v.Subject.Key]
			if v.State == Suspected && o.Severity != v.Severity {
				o.Severity, o.At = v.Severity, s.At
			}
			o.Confidence = v.Confidence
			out[v.Subject.Key] = o
		}
	}
	return out
}

// alike returns the subjects that were called mining_like. What is heavy depends on how long one watched.
func alike(all map[string]outcome) map[string]bool {
	out := map[string]bool{}
	for k, o := range all {
		if o.Severity == MiningLike {
			out[k] = true
		}
	}
	return out
}

// change returns a copy of a recording with each snapshot changed.
func change(all []Snapshot, each func(i int, s *Snapshot)) []Snapshot {
	out := slices.Clone(all)
	for i := range out {
		out[i].Processes = slices.Clone(out[i].Processes)
		each(i, &out[i])
	}
	return out
}

func TestTheTownIsJudged(t *testing.T) {
	got := alike(detectAll(record(town(), 100)))
	want := map[string]bool{"process 100.1": true, "process 300.3": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestOrderOfProcessesChangesNothing(t *testing.T) {
	all := record(town(), 100)
	r := rand.New(rand.NewPCG(5, 6))
	mixed := change(all, func(_ int, s *Snapshot) {
		r.Shuffle(len(s.Processes), func(i, j int) { s.Processes[i], s.Processes[j] = s.Processes[j], s.Processes[i] })
	})
	if diff := cmp.Diff(detectAll(all), detectAll(mixed)); diff != "" {
		t.Errorf("in another order:\n%s", diff)
	}
}

func TestMoreCoresChangeOnlyTheShareOfTheMachine(t *testing.T) {
	all := record(town(), 100)
	doubled := change(all, func(_ int, s *Snapshot) { s.Cores *= 2 })
	if diff := cmp.Diff(detectAll(all), detectAll(doubled)); diff != "" {
		t.Errorf("with twice the cores:\n%s", diff)
	}
}

// A recording cut in two is two recordings of the same load: each half comes to the same.
func TestHalvesAreJudgedAsTheWhole(t *testing.T) {
	all := record(town(), 160)
	second := slices.Clone(all[80:])
	second[0].Processes = slices.Clone(second[0].Processes)
	for i := range second[0].Processes { // a recording begins with what is known of every process
		second[0].Processes[i].Info = all[0].Processes[i].Info
	}
	whole := alike(detectAll(all))
	if diff := cmp.Diff(whole, alike(detectAll(all[:80]))); diff != "" {
		t.Errorf("the first half:\n%s", diff)
	}
	if diff := cmp.Diff(whole, alike(detectAll(second))); diff != "" {
		t.Errorf("the second half:\n%s", diff)
	}
}

// While a machine sleeps its counters and the steady clock stand still; only the wall clock goes on.
func TestSleepChangesNothing(t *testing.T) {
	all := record(town(), 100)
	slept := change(all, func(i int, s *Snapshot) {
		if i == 50 {
			s.Gaps = append(s.Gaps, Gap{Kind: GapSlept, Length: 8 * time.Hour})
		}
		if i >= 50 {
			s.Time = s.Time.Add(8 * time.Hour)
		}
	})
	if diff := cmp.Diff(detectAll(all), detectAll(slept)); diff != "" {
		t.Errorf("after a sleep:\n%s", diff)
	}
}

// A late tick holds two intervals' worth: the same load.
func TestAMissedTickKeepsTheSeverity(t *testing.T) {
	all := record(town(), 100)
	late := slices.Delete(slices.Clone(all), 40, 41)
	opt := cmpopts.IgnoreFields(outcome{}, "Confidence", "At")
	if diff := cmp.Diff(detectAll(all), detectAll(late), opt); diff != "" {
		t.Errorf("with a tick missing:\n%s", diff)
	}
}

// A counter that goes back cannot be compared, and must neither make a load nor hide one for good.
func TestCountersThatGoBack(t *testing.T) {
	all := record(town(), 120)
	back := change(all, func(i int, s *Snapshot) {
		for k := range s.Processes {
			p := &s.Processes[k]
			if i == 60 { // one false reading
				p.User, p.Children = p.User/2, 0
			}
		}
	})
	if diff := cmp.Diff(alike(detectAll(all)), alike(detectAll(back))); diff != "" {
		t.Errorf("with a counter that went back:\n%s", diff)
	}
	quiet := newMachine(2)
	quiet.add(&madeUp{info: ProcessInfo{Name: "idle"}, names: []string{"idle"}, use: func(int, time.Duration) []time.Duration { return []time.Duration{0} }})
	seesaw := change(record(quiet, 120), func(i int, s *Snapshot) {
		for k := range s.Processes {
			s.Processes[k].User = time.Duration(i%2) * time.Hour
		}
	})
	for key, o := range detectAll(seesaw) {
		if o.Severity == MiningLike {
			t.Errorf("%s is mining_like because its counter jumps back and forth", key)
		}
	}
}

// A pid used again is another process: it does not inherit a suspicion, nor lend its innocence.
func TestAReusedPIDBeginsAnew(t *testing.T) {
	m := newMachine(4)
	p := m.add(workers(2, 1, 0.02))
	d := NewDetector(Config{})
	if at, _ := m.first(d, 40); at < 0 {
		t.Fatal("never suspected")
	}
	old := p.sample.ID
	s := m.tick(41)
	s.Exited = []ProcessID{old}
	reborn := ProcessID{PID: old.PID, StartTime: old.StartTime + 1}
	info := p.info
	s.Processes = []ProcessSample{{ID: reborn, User: 300 * time.Millisecond, Info: &info}}
	for _, v := range d.Observe(s) {
		if v.Subject.Process == reborn && v.State == Suspected {
			t.Errorf("the new process is suspected at once: %+v", v)
		}
		if v.Subject.Process == old && v.State == Suspected {
			t.Error("the old process is still suspected")
		}
	}
}
