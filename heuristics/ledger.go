package heuristics

import "time"

// ledger turns the cumulative counters of snapshots into what each process used since the tick before.
type ledger struct {
	accounts map[ProcessID]*account
	at       time.Duration
	begun    bool
}

// account is what the ledger knows of one process.
type account struct {
	id       ProcessID
	info     ProcessInfo
	cpu      time.Duration // cumulative, as last seen
	children time.Duration // cumulative, as last seen
	at       time.Duration // when it was last told of
	group    string        // key of its group, "" for none
	watch    *watch        // nil while the process is of no interest
	// settled is the CPU time of its ended children that was seen while they lived: their part of children is no news.
	settled time.Duration
	// lastGroup is the group of a child that ended or began lately: where unseen children most likely belong.
	lastGroup string
	// ended counts its children that were seen and ended since it was last told of ended children's time.
	ended int
	// orphan reports, of an ended process, that no parent is known that will be told how much it used.
	orphan bool
}

// use is what one process used during one tick.
type use struct {
	account *account
	sample  *ProcessSample
	cpu     time.Duration
	// unseen is the CPU time of children that began and ended between two ticks, or ran on after they were last seen.
	unseen time.Duration
	// ended is how many children that were seen ended, lives the CPU time of all that ended.
	ended int
	lives time.Duration
}

// maxProcesses bounds the ledger against a trace made to exhaust memory.
const maxProcesses = 1 << 20

// post enters a snapshot and returns its length and the uses of the processes it lists. The length is 0 for the first
// snapshot of a source, which only opens the accounts, and for one whose time did not advance.
func (l *ledger) post(s *Snapshot) (dt time.Duration, uses []use) {
	if l.accounts == nil {
		l.accounts = make(map[ProcessID]*account, len(s.Processes))
	}
	if l.begun {
		dt = s.At - l.at
	}
	if dt < 0 {
		dt = 0
	}
	uses = make([]use, 0, len(s.Processes))
	for i := range s.Processes {
		p := &s.Processes[i]
		a, known := l.accounts[p.ID]
		if !known {
			if len(l.accounts) >= maxProcesses {
				continue
			}
			a = &account{id: p.ID}
			l.accounts[p.ID] = a
		}
		if p.Info != nil {
			l.describe(a, p.Info)
		}
		cpu := p.CPU() - a.cpu
		switch {
		case !known && !l.begun:
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
		unseen, ended, lives := time.Duration(0), 0, time.Duration(0)
		if known && p.Children > a.children {
			ended, lives, a.ended = a.ended, p.Children-a.children, 0
			a.settled -= p.Children - a.children
			if a.settled < 0 {
				unseen, a.settled = min(-a.settled, limit), 0
			}
		}
		a.cpu, a.children, a.at = p.CPU(), p.Children, s.At
		uses = append(uses, use{account: a, sample: p, cpu: cpu, unseen: unseen, ended: ended, lives: lives})
	}
	l.at, l.begun = s.At, true
	return dt, uses
}

// describe takes what is known of a process and finds its group.
func (l *ledger) describe(a *account, info *ProcessInfo) {
	again := a.info.Exe == info.Exe && a.info.Name == info.Name
	a.info = *info
	parent := l.accounts[info.Parent]
	if parent != nil {
		defer func() { parent.lastGroup = a.group }()
	}
	switch {
	case again && a.group != "":
		return // its parent may have ended since, and the group is the same
	case parent != nil && parent.group != "" && program(&parent.info) == program(info) && parent.info.User == info.User:
		a.group = parent.group // a program that starts itself anew, in a chain
	default:
		a.group = groupKey(info, parent != nil)
	}
}

// close forgets the processes that ended and returns the accounts they had. It must be called before post, so that what
// their parents are told of them is not counted twice.
func (l *ledger) close(ended []ProcessID) []*account {
	var out []*account
	for _, id := range ended {
		a, ok := l.accounts[id]
		if !ok {
			continue
		}
		out = append(out, a)
		delete(l.accounts, id)
		parent := l.accounts[a.info.Parent]
		if a.orphan = parent == nil; a.orphan {
			continue
		}
		parent.settled += a.cpu + a.children
		parent.lastGroup = a.group
		parent.ended++
	}
	return out
}
