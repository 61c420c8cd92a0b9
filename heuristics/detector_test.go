package heuristics

import (
	"math/rand/v2"
	"testing"
	"time"
)

// machine builds snapshots of a made-up computer, second by second.
type machine struct {
	cores int
	at    time.Duration
	step  time.Duration
	procs []*madeUp
}

// madeUp is a process whose load a test sets.
type madeUp struct {
	sample ProcessSample
	info   ProcessInfo
	told   bool
	// use returns the CPU used during one tick by each thread; the first is the main thread.
	use func(tick int, dt time.Duration) []time.Duration
	// wait is how long each busy thread waited for a core per second it ran.
	wait  float64
	names []string
}

func newMachine(cores int) *machine { return &machine{cores: cores, step: time.Second} }

func (m *machine) add(p *madeUp) *madeUp {
	p.sample.ID = ProcessID{PID: int32(100 * (len(m.procs) + 1)), StartTime: int64(len(m.procs) + 1)}
	m.procs = append(m.procs, p)
	return p
}

func (m *machine) tick(n int) Snapshot {
	s := Snapshot{At: m.at, Cores: m.cores}
	for _, p := range m.procs {
		out := p.sample
		if n > 0 {
			for i, u := range p.use(n, m.step) {
				p.sample.User += u
				for len(p.sample.Threads) <= i {
					tid := p.sample.ID.PID + int32(len(p.sample.Threads))
					p.sample.Threads = append(p.sample.Threads, ThreadSample{TID: tid, Name: p.names[len(p.sample.Threads)]})
				}
				p.sample.Threads[i].Run += u
				p.sample.Threads[i].Wait += time.Duration(float64(u) * p.wait)
			}
			out = p.sample
			out.Threads = append([]ThreadSample(nil), p.sample.Threads...)
		}
		if !p.told {
			info := p.info
			out.Info, p.told = &info, true
		}
		s.Processes = append(s.Processes, out)
	}
	m.at += m.step
	return s
}

// first returns when a verdict first is Suspected, and it; at is -1 if it never is.
func (m *machine) first(d *Detector, ticks int) (at time.Duration, found Verdict) {
	at = -1
	for n := range ticks {
		s := m.tick(n)
		for _, v := range d.Observe(s) {
			if v.State == Suspected && at < 0 {
				at, found = s.At, v
			}
		}
	}
	return at, found
}

func renderer() ProcessInfo {
	return ProcessInfo{Name: "chromium", User: "1000", Browser: &BrowserProcess{Family: "chromium", Role: "renderer", Renderer: 7}}
}

// workers is a page whose n workers each use the given share of a core while the main thread rests.
func workers(n int, share, noise float64) *madeUp {
	r := rand.New(rand.NewPCG(1, 2))
	names := []string{"chromium"}
	for range n {
		names = append(names, "DedicatedWorker")
	}
	return &madeUp{info: renderer(), names: names, use: func(_ int, dt time.Duration) []time.Duration {
		out := []time.Duration{dt / 200}
		for range n {
			out = append(out, time.Duration(float64(dt)*share*(1+noise*(2*r.Float64()-1))))
		}
		return out
	}}
}

func TestHashWorkersLookLikeMining(t *testing.T) {
	for name, share := range map[string]float64{"full": 1, "70 percent": 0.7, "30 percent": 0.3} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(4)
			m.add(workers(2, share, 0.03))
			at, v := m.first(NewDetector(Config{}), 60)
			if at < 0 || at > 30*time.Second || v.Severity != MiningLike {
				t.Fatalf("suspected at %v as %q with confidence %.2f, want mining_like within 30 s", at, v.Severity, v.Confidence)
			}
			if len(v.Evidence) < 2 || v.Evidence[0].Rule != "worker_threads_busy" {
				t.Errorf("evidence begins with %+v, want worker_threads_busy first", v.Evidence)
			}
		})
	}
}

func TestMainThreadWorkIsNotMining(t *testing.T) {
	m := newMachine(4)
	m.add(&madeUp{info: renderer(), names: []string{"chromium", "Compositor"}, use: func(_ int, dt time.Duration) []time.Duration {
		return []time.Duration{dt * 8 / 10, dt / 50}
	}})
	if at, v := m.first(NewDetector(Config{}), 100); at >= 0 {
		t.Errorf("a page that draws on its main thread is %q at %v: %+v", v.Severity, at, v.Evidence)
	}
}

func TestShortWorkIsNotSuspected(t *testing.T) {
	m := newMachine(4)
	p := m.add(workers(4, 1, 0))
	all := p.use
	p.use = func(n int, dt time.Duration) []time.Duration { // a proof-of-work gate
		if n < 3 || n > 9 {
			return []time.Duration{dt / 200, 0, 0, 0, 0}
		}
		return all(n, dt)
	}
	if at, v := m.first(NewDetector(Config{}), 90); at >= 0 {
		t.Errorf("seven seconds of work are %q at %v", v.Severity, at)
	}
}

func TestSuspicionClears(t *testing.T) {
	m := newMachine(2)
	p := m.add(workers(2, 0.9, 0.02))
	all := p.use
	p.use = func(n int, dt time.Duration) []time.Duration {
		if n > 40 {
			return []time.Duration{0, 0, 0}
		}
		return all(n, dt)
	}
	d := NewDetector(Config{})
	var suspected, cleared time.Duration
	for n := range 80 {
		s := m.tick(n)
		for _, v := range d.Observe(s) {
			switch {
			case v.State == Suspected:
				suspected = s.At
			case v.State == Cleared && cleared == 0:
				cleared = s.At
			}
		}
	}
	if suspected == 0 || cleared < 45*time.Second || cleared > 60*time.Second {
		t.Errorf("last suspected at %v, cleared at %v; want cleared 5-20 s after the load ended at 40 s", suspected, cleared)
	}
}

func TestExitClears(t *testing.T) {
	m := newMachine(2)
	p := m.add(workers(2, 0.9, 0.02))
	d := NewDetector(Config{})
	if at, _ := m.first(d, 40); at < 0 {
		t.Fatal("never suspected")
	}
	s := m.tick(41)
	s.Processes, s.Exited = nil, []ProcessID{p.sample.ID}
	got := d.Observe(s)
	if len(got) != 1 || got[0].State != Cleared {
		t.Fatalf("after the process ended: %+v, want one cleared verdict", got)
	}
	s = m.tick(42)
	s.Processes = nil
	if got := d.Observe(s); len(got) != 0 {
		t.Errorf("a tick later: %d verdicts, want none", len(got))
	}
}

// A worker that restarts every second leaves no process with a sustained load; the group has one.
func TestRespawningWorkersAreOneSubject(t *testing.T) {
	d := NewDetector(Config{})
	parent := ProcessID{PID: 50, StartTime: 1}
	at := time.Duration(0)
	d.Observe(Snapshot{At: at, Cores: 2})
	var found *Verdict
	for n := range 200 {
		at += time.Second
		id := ProcessID{PID: int32(1000 + n), StartTime: int64(n)}
		s := Snapshot{At: at, Cores: 2, Processes: []ProcessSample{{
			ID: id, User: 950 * time.Millisecond,
			Info: &ProcessInfo{Name: "work", Exe: "/tmp/work", User: "1000", Parent: parent},
		}}}
		if n > 0 {
			s.Exited = []ProcessID{{PID: int32(1000 + n - 1), StartTime: int64(n - 1)}}
		}
		for _, v := range d.Observe(s) {
			if v.State == Suspected {
				found = &v
			}
		}
	}
	if found == nil || found.Subject.Kind != SubjectGroup {
		t.Fatalf("suspected %+v, want the group", found)
	}
	if len(d.tracked) > 2 || len(d.deltas.processes) > 2 || len(d.groups) > 1 {
		t.Errorf("kept %d watches, %d accounts, %d groups of processes that are gone", len(d.tracked), len(d.deltas.processes), len(d.groups))
	}
}

// On a machine with more work than cores a worker's share is unsteady; its demand is not.
func TestStarvedWorkersShowTheirDuty(t *testing.T) {
	m := newMachine(2)
	p := m.add(workers(2, 0.15, 0.5))
	p.wait = 4 // waits four seconds for each it runs
	at, v := m.first(NewDetector(Config{}), 60)
	if at < 0 || v.Severity != MiningLike {
		t.Fatalf("suspected at %v as %q; demand %.2f", at, v.Severity, v.Features.Demand)
	}
	if v.Features.Demand < 1.2 || v.Features.Demand > 1.8 {
		t.Errorf("demand %.2f cores, want about 1.5", v.Features.Demand)
	}
}

func TestTimeThatStandsStillSaysNothing(t *testing.T) {
	d := NewDetector(Config{})
	s := Snapshot{At: time.Second, Cores: 2, Processes: []ProcessSample{{ID: ProcessID{1, 1}, User: time.Hour, Info: &ProcessInfo{}}}}
	for range 3 {
		if got := d.Observe(s); len(got) != 0 {
			t.Fatalf("%d verdicts without time passing", len(got))
		}
	}
}

// byKey sums what each subject was said to use, in core-seconds.
func byKey(d *Detector, all []Snapshot) map[string]float64 {
	sums := map[string]float64{}
	last := time.Duration(0)
	for _, s := range all {
		for _, v := range d.Observe(s) {
			sums[string(v.Subject.Kind)] += v.Now * (s.At - last).Seconds()
		}
		last = s.At
	}
	return sums
}

// A worker that lives 0.3 s and pauses 0.1 s is seen in the middle of its life or not at all; its parent is told of all.
// A shell that waits for what its children did in ten quiet seconds tells of it all at once. No group may be shown to use
// more cores than there are.
func TestNoGroupUsesMoreThanTheMachineHas(t *testing.T) {
	parent := ProcessID{PID: 50, StartTime: 1}
	all := []Snapshot{{Cores: 2, Processes: []ProcessSample{{ID: parent, Info: &ProcessInfo{Name: "sh", User: "1000"}}}}}
	var children time.Duration
	for n := 1; n <= 80; n++ {
		s := Snapshot{At: time.Duration(n) * time.Second, Cores: 2}
		switch {
		case n > 40 && n < 50: // it waits
		case n == 50:
			children += 18 * time.Second
			s.Processes = []ProcessSample{{ID: parent, Children: children}}
		default:
			children += 600 * time.Millisecond
			s.Processes = []ProcessSample{{ID: parent, Children: children}}
		}
		all = append(all, s)
	}
	d, most := NewDetector(Config{}), 0.0
	for _, s := range all {
		for _, v := range d.Observe(s) {
			most = max(most, v.Now, v.Features.Cores)
		}
	}
	if most == 0 || most > 2 {
		t.Errorf("a group was said to use %.2f of 2 cores", most)
	}
}

func TestUnseenChildrenCountForTheirGroup(t *testing.T) {
	parent := ProcessID{PID: 50, StartTime: 1}
	info := &ProcessInfo{Name: "work", Exe: "/tmp/work", User: "1000", Parent: parent}
	all := []Snapshot{{Cores: 2, Processes: []ProcessSample{{ID: parent, Info: &ProcessInfo{Name: "sh", User: "1000"}}}}}
	const life, period = 300 * time.Millisecond, 400 * time.Millisecond
	var living ProcessID
	for n := 1; n <= 60; n++ {
		at := time.Duration(n) * time.Second
		s := Snapshot{At: at, Cores: 2}
		if living != (ProcessID{}) {
			s.Exited, living = []ProcessID{living}, ProcessID{}
		}
		// Every child that ended by now was waited for.
		ended := at / period
		into := at % period
		if into < life {
			living = ProcessID{PID: int32(1000 + ended), StartTime: int64(ended)}
			s.Processes = append(s.Processes, ProcessSample{ID: living, User: into, Info: info})
		} else {
			ended++
		}
		s.Processes = append(s.Processes, ProcessSample{ID: parent, Children: ended * life})
		all = append(all, s)
	}
	truth := 60 * float64(life) / float64(period)
	sums := byKey(NewDetector(Config{}), all)
	if got := sums["group"] / truth; got < 0.85 || got > 1.05 { // the first seconds are not told
		t.Errorf("the group accounts for %.0f %% of the truth: %v", 100*got, sums)
	}
}

// Each worker starts the next one and ends: the parent is another every time.
func TestChainOfWorkersIsOneGroup(t *testing.T) {
	d := NewDetector(Config{})
	all := []Snapshot{{Cores: 2}}
	prev := ProcessID{PID: 1, StartTime: 1}
	for n := 1; n <= 100; n++ {
		id := ProcessID{PID: int32(100 + n), StartTime: int64(n)}
		s := Snapshot{At: time.Duration(n) * time.Second, Cores: 2, Processes: []ProcessSample{
			{ID: id, User: 900 * time.Millisecond, Info: &ProcessInfo{Name: "work", Exe: "/tmp/work", User: "1000", Parent: prev}},
		}}
		all = append(all, s)
		prev = id
	}
	groups := map[string]bool{}
	for _, s := range all {
		for _, v := range d.Observe(s) {
			if v.Subject.Kind == SubjectGroup {
				groups[v.Subject.Key] = true
			}
		}
	}
	if len(groups) != 1 {
		t.Errorf("%d groups, want 1: %v", len(groups), groups)
	}
}

func TestWhatNobodyAccountsForIsASubject(t *testing.T) {
	shell := ProcessSample{ID: ProcessID{PID: 7, StartTime: 7}, Info: &ProcessInfo{Name: "sh"}}
	run := func(gap []Gap) map[string]float64 {
		all := []Snapshot{{Cores: 2, Busy: time.Hour, Processes: []ProcessSample{shell}, Gaps: gap}}
		for n := 1; n <= 60; n++ {
			d := time.Duration(n) * time.Second
			s := Snapshot{At: d, Cores: 2, Busy: time.Hour + d*13/10} // 1.3 cores busy
			s.Processes = []ProcessSample{{ID: shell.ID, User: d * 3 / 10}}
			all = append(all, s)
		}
		return byKey(NewDetector(Config{}), all)
	}
	if got := run(nil)["unattributed"]; got < 50 || got > 61 {
		t.Errorf("unattributed %.1f core-seconds, want about 60", got)
	}
	for _, kind := range []GapKind{GapHidden, GapHostOnly} {
		if got := run([]Gap{{Kind: kind}})["unattributed"]; got != 0 {
			t.Errorf("where processes are %s %.1f core-seconds are called unattributed", kind, got)
		}
	}
}

// Processes that are told of late must not make the rest look busy.
func TestLateNewsIsNotUnattributed(t *testing.T) {
	id := ProcessID{PID: 7, StartTime: 7}
	all := []Snapshot{{Cores: 2, Busy: time.Hour, Processes: []ProcessSample{{ID: id, Info: &ProcessInfo{Name: "sh"}}}}}
	for n := 1; n <= 60; n++ {
		d := time.Duration(n) * time.Second
		s := Snapshot{At: d, Cores: 2, Busy: time.Hour + d}
		if n%3 == 0 {
			s.Processes = []ProcessSample{{ID: id, User: d}}
		}
		all = append(all, s)
	}
	if got := byKey(NewDetector(Config{}), all)["unattributed"]; got > 10 {
		t.Errorf("unattributed %.1f core-seconds of 60 that were all accounted for, if late", got)
	}
}
