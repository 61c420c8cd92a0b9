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
	children time.Duration
	watch    *watch // nil while the process is of no interest
}

// use is what one process used during one tick.
type use struct {
	account *account
	sample  *ProcessSample
	cpu     time.Duration
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
			a.info = *p.Info
		}
		cpu := p.CPU() - a.cpu
		switch {
		case !known && !l.begun:
			cpu = 0 // lived before the source began
		case cpu < 0:
			cpu = 0 // a counter that goes back proves nothing but that it cannot be compared
		}
		// No process can use more than every core for the whole tick; a forged counter might say so.
		if limit := dt * time.Duration(max(1, s.Cores)); cpu > limit {
			cpu = limit
		}
		a.cpu, a.children = p.CPU(), p.Children
		uses = append(uses, use{account: a, sample: p, cpu: cpu})
	}
	l.at, l.begun = s.At, true
	return dt, uses
}

// close forgets the processes that ended and returns the accounts they had.
func (l *ledger) close(ended []ProcessID) []*account {
	var out []*account
	for _, id := range ended {
		if a, ok := l.accounts[id]; ok {
			out = append(out, a)
			delete(l.accounts, id)
		}
	}
	return out
}
