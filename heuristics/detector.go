package heuristics

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"
)

const (
	// restFrom is the load, in cores, from which the rest is a subject: below it the machine's counter is too rough.
	restFrom = 0.2
	// groupAfter is how long a group has been busy before it is a subject: most groups are single processes that end.
	groupAfter = 2 * time.Second
	// maxCarried is how much of a difference is carried over.
	maxCarried = 2 * time.Second
	// explainedFrom is how long a process has been busy before it explains what its group uses.
	explainedFrom = 5 * time.Second
)

// maxGroups and maxTracked bound the groups and the processes followed at one time, some 8 kB each. As many processes at
// half of trackFrom keep 160 cores busy; a recording can claim any number.
const (
	maxGroups  = 4096
	maxTracked = 4096
)

// Detector turns the snapshots of one source into verdicts. It is a pure function of the snapshots it has observed and not safe for concurrent use.
type Detector struct {
	config  Config
	engine  engine
	deltas  deltaTracker
	tracked map[ProcessID]*processState
	groups  map[string]*group
	tick    int
	// rest follows what no process accounts for; carried is what processes used beyond the machine's own counter.
	rest    *loadTracker
	busy    time.Duration
	carried time.Duration
	partial bool
}

// NewDetector returns a detector with the given settings; zero values mean the defaults.
func NewDetector(c Config) *Detector {
	c = c.withDefaults()
	return &Detector{
		config: c, engine: newEngine(rules(), c.Weights), rest: newLoadTracker(c.Window),
		tracked: map[ProcessID]*processState{}, groups: map[string]*group{},
	}
}

// Observe takes the next snapshot of a source and returns a verdict on every subject that uses the processor, the
// busiest first. Its cost is proportional to the processes that changed and those that are followed.
func (d *Detector) Observe(s Snapshot) []Verdict {
	ended := d.deltas.remove(s.Exited)
	dt, uses := d.deltas.update(&s)
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
		if a := d.tracked[r.Process]; a != nil {
			a.tracker.answer = r
		}
	}
	verdicts := d.processVerdicts(s.Cores, dt)
	verdicts = append(verdicts, d.groupVerdicts(s.Cores, dt)...)
	verdicts = d.restVerdict(verdicts, &s, busy-seen, dt)
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

// enter hands one use to the load tracker of its process and to that of its group.
func (d *Detector) enter(u use, dt time.Duration) {
	a := u.process
	// One tick at half of what counts as busy is enough to begin: fading sums need a start.
	if a.tracker == nil && u.cpu.Seconds() >= trackFrom/2*dt.Seconds() && len(d.tracked) < maxTracked {
		a.tracker = newLoadTracker(d.config.Window)
		d.tracked[a.id] = a
	}
	if a.tracker != nil {
		a.tracker.seen = d.tick
		if !a.tracker.advance(u.cpu, u.system, dt, u.sample) {
			d.drop(a)
		}
	}
	if g := d.group(a.group); g != nil && u.cpu > 0 {
		d.started(a, u.cpu)
		g.own.add(u.cpu, d.deltas.at)
		g.used += u.cpu
		g.system += u.system
		g.members++
		g.traffic.add(a, u.sample)
		if a.tracker != nil && a.tracker.load.lasted >= explainedFrom {
			g.known += u.cpu
		}
		if u.cpu > g.busiest.cpu {
			g.busiest = u
		}
	}
	for _, e := range u.ended {
		if g := d.groups[e.group]; g != nil {
			g.lives.end(e.cpu)
		}
	}
	if u.unseen > 0 {
		if g := d.group(cmp.Or(a.lastGroup, "children of "+strconv.Itoa(int(a.id.PID))+"."+strconv.FormatInt(a.id.StartTime, 10))); g != nil {
			g.used += u.unseen
			g.own.add(u.unseen, d.deltas.at)
			a.jobs.add(u.unseen, d.deltas.at)
			d.started(a, u.unseen)
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
		g = &group{key: key, tracker: newLoadTracker(d.config.Window)}
		d.groups[key] = g
	}
	return g
}

// restVerdict appends a verdict on what the machine was busy with beyond every process that was seen: what hides from the
// list of processes, or lives too briefly to be on it. Where processes are invisible, or a recording holds none, it says
// nothing.
func (d *Detector) restVerdict(verdicts []Verdict, s *Snapshot, unaccounted, dt time.Duration) []Verdict {
	if d.partial || s.Busy == 0 {
		return verdicts
	}
	// The machine's counter comes in ticks and processes that move little are told late, so single differences can be
	// negative. Carried over, they even out.
	d.carried += unaccounted
	rest := max(0, d.carried)
	d.carried = max(min(d.carried-rest, 0), -maxCarried)
	if !d.rest.advance(rest, 0, dt, nil) || d.rest.load.lasted < explainedFrom && d.rest.state != Suspected {
		return verdicts
	}
	about := Subject{Kind: SubjectUnattributed, Info: ProcessInfo{Name: "(unattributed)"}, Key: "unattributed"}
	if d.rest.load.mean() < restFrom && d.rest.state != Suspected {
		return verdicts
	}
	return d.judge(verdicts, d.rest, &about, s.Cores, dt)
}

func (d *Detector) drop(a *processState) {
	a.tracker = nil
	delete(d.tracked, a.id)
}

func (d *Detector) processVerdicts(cores int, dt time.Duration) []Verdict {
	var out []Verdict
	for id, a := range d.tracked {
		w := a.tracker
		if w.seen != d.tick && !w.advance(0, 0, dt, nil) { // not listed: it did not run
			d.drop(a)
			continue
		}
		about := Subject{
			Kind: SubjectProcess, Process: id, Info: a.info, Members: 1,
			Key: "process " + strconv.Itoa(int(id.PID)) + "." + strconv.FormatInt(id.StartTime, 10),
		}
		if a.info.Browser != nil && !d.deltas.believed(a) {
			about.Info.Browser = nil
		}
		out = d.judge(out, w, &about, cores, dt)
	}
	return out
}

func (d *Detector) groupVerdicts(cores int, dt time.Duration) []Verdict {
	var out []Verdict
	for key, g := range d.groups {
		used, system, busiest, members := g.used, g.system, g.busiest, g.members
		g.used, g.system, g.busiest, g.members = 0, 0, use{}, 0
		g.lives.advance(dt)
		g.traffic.fade(dt)
		if float64(g.known) >= explained*float64(used) {
			used, system = 0, 0 // its members live long enough to be judged by themselves
		}
		g.known = 0
		// A parent is told of its children when it waits for them: the work of many seconds then arrives in one tick, in
		// which no computer can have done it.
		most := dt * time.Duration(max(1, cores))
		used, system = min(used, most), min(system, most)
		if !g.tracker.advance(used, system, dt, nil) || g.tracker.load.lasted == 0 && g.tracker.state != Suspected {
			delete(d.groups, key)
			continue
		}
		if busiest.process != nil {
			g.leader = busiest.process
		}
		if g.leader == nil || g.tracker.load.lasted < groupAfter && g.tracker.state != Suspected {
			continue
		}
		about := Subject{Kind: SubjectGroup, Process: g.leader.id, Info: g.leader.info, Members: members, Key: "group " + key}
		about.Info.Browser = nil
		others := func(f *Features) { f.Company = d.company(g) }
		out = d.judge(out, g.tracker, &about, cores, dt, g.lives.fill, g.traffic.fill, others)
	}
	return out
}

// judge appends the verdict on a subject, and none while it pauses and nothing is said of it.
func (d *Detector) judge(verdicts []Verdict, w *loadTracker, about *Subject, cores int, dt time.Duration, more ...func(*Features)) []Verdict {
	if w.resting() && w.state != Suspected {
		return verdicts
	}
	f := w.features(cores, about)
	d.fillVisibility(&f, about)
	d.fillTabs(&f, about)
	for _, fill := range more {
		fill(&f)
	}
	said := d.engine.weigh(&f, about)
	confidence := sigmoid(said.logOdds)
	w.step(&f, severityOf(&d.config, &said, &f, about.scope()), confidence, dt)
	v := Verdict{
		Subject: *about, State: w.state, Confidence: confidence, LogOdds: said.logOdds, Now: w.last, Features: f, Evidence: said.evidence,
	}
	if w.state == Suspected || w.state == Cleared {
		v.Severity = w.severity
	}
	if v.State == Suspected && v.Severity == Heavy {
		v.Evidence = append([]Evidence{said.unlike()}, v.Evidence...)
	}
	return append(verdicts, v)
}

// fillVisibility sets whether a page is out of sight from its priority, where its browser lowers that of such pages and
// no extension said more.
func (d *Detector) fillVisibility(f *Features, about *Subject) {
	b := about.Info.Browser
	if b == nil || b.Role != RoleRenderer || b.Family != Chromium || !math.IsNaN(f.Hidden) {
		return
	}
	root := d.deltas.processes[b.Root]
	switch {
	case about.Info.Nice >= backgroundNice:
		f.Hidden = 1
	case root != nil && root.backgrounds && about.Info.Nice == 0:
		f.Hidden = 0
	}
}

// end clears the suspicion against a process that is gone.
func (d *Detector) end(verdicts []Verdict, a *processState) []Verdict {
	if a.tracker == nil {
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
