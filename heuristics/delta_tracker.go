package heuristics

import "time"

// deltaTracker turns the cumulative counters of snapshots into what each process used since the tick before.
type deltaTracker struct {
	processes map[ProcessID]*processState
	at        time.Duration
	begun     bool
}

// processState is what is known of one process.
type processState struct {
	id       ProcessID
	info     ProcessInfo
	system   time.Duration // cumulative, as last seen
	cpu      time.Duration // cumulative, as last seen
	children time.Duration // cumulative, as last seen
	at       time.Duration // when it was last told of
	group    string        // key of its group, "" for none
	tracker  *loadTracker  // nil while the process is of no interest
	// settled is the CPU time of its ended children that was seen while they lived: their part of children is no news.
	settled time.Duration
	// lastGroup is the group of a child that ended or began lately: where unseen children most likely belong.
	lastGroup string
	// ended are its children that were seen and ended since it was last told of ended children's time.
	ended []ending
	// orphan reports, of an ended process, that no parent is known that will be told how much it used.
	orphan bool
	// read is what it had read and written, and used of the processor, when that was last told.
	read traffic
	// jobs is what short processes below this one use.
	jobs jobs
	// roles are the roles of the processes that say they belong to this browser and whose files fit.
	roles []Role
	// backgrounds says that this browser lowers the priority of renderers whose tabs are out of sight.
	backgrounds bool
	// tabs is what the pages of this browser do.
	tabs tabs
}

// use is what one process used during one tick.
type use struct {
	process *processState
	sample  *ProcessSample
	cpu     time.Duration
	system  time.Duration // of it in the kernel
	// unseen is the CPU time of children that began and ended between two ticks, or ran on after they were last seen.
	unseen time.Duration
	// ended are the children that were seen and ended.
	ended []ending
}

// ending is the end of a process that was seen: its group, and what it used in its life.
type ending struct {
	group string
	cpu   time.Duration
}

// maxEndings bounds the endings kept of one parent that is never told of them.
const maxEndings = 1024

// maxProcesses bounds the processes kept, against a trace made to exhaust memory.
const maxProcesses = 1 << 20

// update takes a snapshot and returns its length and the uses of the processes it lists. The length is 0 for the first
// snapshot of a source, which only begins, and for one whose time did not advance.
func (t *deltaTracker) update(s *Snapshot) (dt time.Duration, uses []use) {
	if t.processes == nil {
		t.processes = make(map[ProcessID]*processState, len(s.Processes))
	}
	if t.begun {
		dt = s.At - t.at
	}
	if dt < 0 {
		dt = 0
	}
	uses = make([]use, 0, len(s.Processes))
	for i := range s.Processes {
		p := &s.Processes[i]
		a, known := t.processes[p.ID]
		if !known {
			if len(t.processes) >= maxProcesses {
				continue
			}
			a = &processState{id: p.ID}
			t.processes[p.ID] = a
		}
		if p.Info != nil {
			t.describe(a, p.Info)
		}
		cpu := p.CPU() - a.cpu
		switch {
		case !known && !t.begun:
			cpu = 0 // lived before the source began
		case cpu < 0:
			cpu = 0 // a counter that goes back proves nothing but that it cannot be compared
		}
		// No process can use more than every core since it was last told of; a forged counter might say so.
		since := min(dt, time.Hour)
		if known {
			since = min(s.At-a.at, time.Hour)
		}
		limit := since * time.Duration(max(1, s.Cores))
		cpu = min(cpu, limit)
		unseen, ended := time.Duration(0), []ending(nil)
		if known && p.Children > a.children {
			ended, a.ended = a.told(p.Children-a.children), nil
			a.settled -= p.Children - a.children
			if a.settled < 0 {
				unseen, a.settled = min(-a.settled, limit), 0
			}
		}
		system := min(max(0, p.System-a.system), cpu)
		a.cpu, a.system, a.children, a.at = p.CPU(), p.System, p.Children, s.At
		uses = append(uses, use{process: a, sample: p, cpu: cpu, system: system, unseen: unseen, ended: ended})
	}
	t.at, t.begun = s.At, true
	return dt, uses
}

// told returns the endings of a process's children, now that it was told what they used. Where all are of one group that
// is exact for their mean; what each was last seen to use lacks the time until its end.
func (a *processState) told(used time.Duration) []ending {
	for _, e := range a.ended {
		if e.group != a.ended[0].group {
			return a.ended
		}
	}
	for i := range a.ended {
		a.ended[i].cpu = used / time.Duration(len(a.ended))
	}
	return a.ended
}

// describe takes what is known of a process and finds its group.
func (t *deltaTracker) describe(a *processState, info *ProcessInfo) {
	again := a.info.Exe == info.Exe && a.info.Name == info.Name
	a.info = *info
	t.join(a)
	parent := t.processes[info.Parent]
	if parent != nil {
		defer func() { parent.lastGroup = a.group }()
	}
	switch {
	case again && a.group != "":
		return // its parent may have ended since, and the group is the same
	case parent != nil && parent.group != "" && program(&parent.info) == program(info) && parent.info.User == info.User:
		a.group = parent.group // a program that restarts itself, in a chain
	default:
		a.group = groupKey(info, parent != nil, t.fits(a))
	}
}

// remove forgets the processes that ended and returns what was known of them. It must be called before update, so that what
// their parents are told of them is not counted twice.
func (t *deltaTracker) remove(ended []ProcessID) []*processState {
	var out []*processState
	for _, id := range ended {
		a, ok := t.processes[id]
		if !ok {
			continue
		}
		out = append(out, a)
		delete(t.processes, id)
		parent := t.processes[a.info.Parent]
		if a.orphan = parent == nil; a.orphan {
			continue
		}
		parent.settled += a.cpu + a.children
		parent.lastGroup = a.group
		if len(parent.ended) < maxEndings {
			parent.ended = append(parent.ended, ending{a.group, a.cpu})
		}
	}
	return out
}
