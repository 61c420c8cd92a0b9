package heuristics

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

const (
	// restFrom is the load, in cores, from which the rest is a subject: below it the machine's counter is too rough.
	restFrom = 0.2
	// tellAfter is how long a group has been busy before it is a subject: most groups are single processes that end.
	tellAfter = 2 * time.Second
	// maxOwed is how much of a difference is carried over.
	maxOwed = 2 * time.Second
)

// maxGroups bounds the groups watched at one time.
const maxGroups = 4096

// Detector is the judge. It is a pure function of the snapshots it has observed and not safe for concurrent use.
type Detector struct {
	config  Config
	rules   []rule
	weights Weights
	ledger  ledger
	watched map[ProcessID]*account
	groups  map[string]*group
	tick    int
	// rest follows what no process accounts for; owed is what processes used beyond the machine's own counter.
	rest    *watch
	busy    time.Duration
	owed    time.Duration
	partial bool
}

// NewDetector returns a judge with the given settings; zero values mean the defaults.
func NewDetector(c Config) *Detector {
	c = c.withDefaults()
	return &Detector{
		config: c, rules: rules(), weights: *c.Weights, rest: newWatch(c.Window),
		watched: map[ProcessID]*account{}, groups: map[string]*group{},
	}
}

// Observe takes the next snapshot of a source and returns a verdict on every subject that uses the processor, the
// busiest first. Its cost is proportional to the processes that changed and those that are watched.
func (d *Detector) Observe(s Snapshot) []Verdict {
	ended := d.ledger.close(s.Exited)
	dt, uses := d.ledger.post(&s)
	d.tick++
	busy := s.Busy - d.busy
	d.busy = s.Busy
	d.partial = d.partial || slices.ContainsFunc(s.Gaps, func(g Gap) bool { return g.Kind == GapHidden || g.Kind == GapHostOnly })
	if dt <= 0 {
		return nil
	}
	var seen time.Duration
	for i := range uses {
		d.enter(uses[i], dt)
		seen += uses[i].cpu + uses[i].unseen
	}
	for _, r := range s.Renderers {
		if a := d.watched[r.Process]; a != nil {
			a.watch.answer = r
		}
	}
	verdicts := d.judgeProcesses(s.Cores, dt)
	verdicts = append(verdicts, d.judgeGroups(s.Cores, dt)...)
	verdicts = d.judgeRest(verdicts, &s, busy-seen, dt)
	for _, a := range ended {
		if g := d.groups[a.group]; g != nil && a.orphan {
			g.lives.end(a.cpu)
		}
		verdicts = d.end(verdicts, a)
	}
	slices.SortStableFunc(verdicts, func(a, b Verdict) int {
		return cmp.Or(cmp.Compare(b.Features.Cores, a.Features.Cores), cmp.Compare(a.Subject.Key, b.Subject.Key))
	})
	return verdicts
}

// enter hands one use to the watch of its process and to that of its group.
func (d *Detector) enter(u use, dt time.Duration) {
	a := u.account
	// One tick at half of what counts as busy is enough to begin: fading sums need a start.
	if a.watch == nil && u.cpu.Seconds() >= watchFrom/2*dt.Seconds() {
		a.watch = newWatch(d.config.Window)
		d.watched[a.id] = a
	}
	if a.watch != nil {
		a.watch.seen = d.tick
		if !a.watch.advance(u.cpu, dt, u.sample, true) {
			d.drop(a)
		}
	}
	if g := d.group(a.group); g != nil && u.cpu > 0 {
		g.used += u.cpu
		g.members++
		if a.watch != nil && a.watch.busy >= pauseAfter {
			g.known += u.cpu
		}
		if u.cpu > g.busiest.cpu {
			g.busiest = u
		}
	}
	if g := d.groups[a.lastGroup]; g != nil {
		for range u.ended {
			g.lives.end(u.lives / time.Duration(u.ended))
		}
	}
	if u.unseen > 0 {
		if g := d.group(cmp.Or(a.lastGroup, "children of "+strconv.Itoa(int(a.id.PID))+"."+strconv.FormatInt(a.id.StartTime, 10))); g != nil {
			g.used += u.unseen
			if g.leader == nil {
				g.leader = a // all that is known of these children is who started them
			}
		}
	}
}

// group returns the group with a key, nil for the key "" and when there are too many.
func (d *Detector) group(key string) *group {
	g := d.groups[key]
	if g == nil && key != "" && len(d.groups) < maxGroups {
		g = &group{key: key, watch: newWatch(d.config.Window)}
		d.groups[key] = g
	}
	return g
}

// judgeRest appends a verdict on what the machine was busy with beyond every process that was seen: what hides from the
// list of processes, or lives too briefly to be on it. Where processes are invisible, or a recording holds none, it says
// nothing.
func (d *Detector) judgeRest(verdicts []Verdict, s *Snapshot, unaccounted, dt time.Duration) []Verdict {
	if d.partial || s.Busy == 0 {
		return verdicts
	}
	// The machine's counter comes in ticks and processes that move little are told late, so single differences can be
	// negative. Carried over, they even out.
	d.owed += unaccounted
	rest := max(0, d.owed)
	d.owed = max(min(d.owed-rest, 0), -maxOwed)
	if !d.rest.advance(rest, dt, nil, false) || d.rest.busy < pauseAfter && d.rest.state != Suspected {
		return verdicts
	}
	f := d.rest.features(s.Cores, 0, false)
	if f.Cores < restFrom && d.rest.state != Suspected {
		return verdicts
	}
	return append(verdicts, d.verdict(d.rest, &f, Subject{
		Kind: SubjectUnattributed, Info: ProcessInfo{Name: "(unattributed)"}, Key: "unattributed",
	}, dt))
}

func (d *Detector) drop(a *account) {
	a.watch = nil
	delete(d.watched, a.id)
}

func (d *Detector) judgeProcesses(cores int, dt time.Duration) []Verdict {
	var out []Verdict
	for id, a := range d.watched {
		w := a.watch
		if w.seen != d.tick && !w.advance(0, dt, nil, true) { // not listed: it did not run
			d.drop(a)
			continue
		}
		f := w.features(cores, id.PID, a.info.Browser != nil)
		about := Subject{
			Kind: SubjectProcess, Process: id, Info: a.info, Members: 1,
			Key: "process " + strconv.Itoa(int(id.PID)) + "." + strconv.FormatInt(id.StartTime, 10),
		}
		out = append(out, d.verdict(w, &f, about, dt))
	}
	return out
}

func (d *Detector) judgeGroups(cores int, dt time.Duration) []Verdict {
	var out []Verdict
	for key, g := range d.groups {
		used, busiest, members := g.used, g.busiest, g.members
		g.used, g.busiest, g.members = 0, use{}, 0
		g.lives.advance(dt)
		if float64(g.known) >= explained*float64(used) {
			used = 0 // its members live long enough to be judged by themselves
		}
		g.known = 0
		if !g.watch.advance(used, dt, nil, false) || (g.watch.busy == 0 && g.watch.state != Suspected) {
			delete(d.groups, key)
			continue
		}
		if busiest.account != nil {
			g.leader = busiest.account
		}
		if g.leader == nil || (g.watch.busy < tellAfter && g.watch.state != Suspected) {
			continue
		}
		f := g.watch.features(cores, 0, false)
		g.lives.fill(&f)
		about := Subject{Kind: SubjectGroup, Process: g.leader.id, Info: g.leader.info, Members: members, Key: "group " + key}
		out = append(out, d.verdict(g.watch, &f, about, dt))
	}
	return out
}

func (d *Detector) verdict(w *watch, f *Features, about Subject, dt time.Duration) Verdict {
	logOdds, evidence := weigh(d.rules, &d.weights, f, &about)
	confidence := sigmoid(logOdds)
	w.step(&d.config, confidence, f, dt)
	v := Verdict{Subject: about, State: w.state, Confidence: confidence, LogOdds: logOdds, Now: w.last, Features: *f, Evidence: evidence}
	if w.state == Suspected || w.state == Cleared {
		v.Severity = w.severity
	}
	return v
}

// end clears the suspicion against a process that is gone.
func (d *Detector) end(verdicts []Verdict, a *account) []Verdict {
	if a.watch == nil {
		return verdicts
	}
	id := a.id
	for i := range verdicts {
		if verdicts[i].Subject.Kind == SubjectProcess && verdicts[i].Subject.Process == id && verdicts[i].State == Suspected {
			verdicts[i].State = Cleared
		}
	}
	d.drop(a)
	return verdicts
}
