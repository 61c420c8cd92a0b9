package sampler

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"github.com/minewatch/minewatch/heuristics"
)

// maxNTThreads bounds the threads told of one process: those with the most CPU time.
const maxNTThreads = 1024

// ntSweep takes all processes with their threads from one system query a tick, without a handle to any of them, so
// that those of other users count as well. It is the part of the Windows sweep that needs no Windows: query asks.
//
// A tick in which nothing moved allocates nothing.
type ntSweep struct {
	query    func() (ntListing, error)
	listing  ntListing // of this round
	entry    ntProcess // the one being looked at
	kept     map[int32]*ntKept
	gone     []heuristics.ProcessID
	told     bool // gone was handed over
	round    int
	patience patience
}

type ntKept struct {
	id           heuristics.ProcessID
	user, system time.Duration
	at           int // its place in the listing of that round
	round        int
	handle       *process.Process
}

func newNTSweep(query func() (ntListing, error)) *ntSweep {
	return &ntSweep{query: query, kept: map[int32]*ntKept{}}
}

func (*ntSweep) name() string { return "NtQuerySystemInformation" }

func (s *ntSweep) sweep(_ context.Context, visit func(counters)) (gone []heuristics.ProcessID, gaps []heuristics.Gap, err error) {
	s.round++
	s.listing = ntListing{}
	listing, err := s.query()
	if err != nil {
		gaps, err = s.patience.failed(err)
		return nil, gaps, err
	}
	s.listing = listing
	if s.told {
		s.gone, s.told = s.gone[:0], false
	}
	for at, more := 0, true; more; more = at > 0 {
		if at, err = s.listing.read(at, &s.entry); err != nil {
			gaps, err = s.patience.failed(err)
			return nil, gaps, err
		}
		if s.entry.pid > 0 { // 0 is the time in which nobody ran
			s.update(&s.entry, visit)
		}
	}
	for pid, k := range s.kept {
		if k.round != s.round {
			s.gone = append(s.gone, k.id)
			delete(s.kept, pid)
		}
	}
	s.patience.succeeded()
	s.told = true
	return s.gone, nil, nil
}

func (s *ntSweep) update(p *ntProcess, visit func(counters)) {
	k := s.kept[p.pid]
	if k != nil && k.round == s.round {
		return // listed twice
	}
	if k != nil && k.id.StartTime != p.created { // another life of the pid
		s.gone = append(s.gone, k.id)
		k = nil
	}
	fresh := k == nil
	if fresh {
		k = &ntKept{
			id:     heuristics.ProcessID{PID: p.pid, StartTime: p.created},
			handle: &process.Process{Pid: p.pid},
		}
		s.kept[p.pid] = k
	}
	k.round, k.at = s.round, p.at
	// Within one life time does not go back: what seems to is a thread that ended while the list was made.
	user, system := max(p.user, k.user), max(p.system, k.system)
	if !fresh && user == k.user && system == k.system {
		return
	}
	k.user, k.system = user, system
	visit(counters{id: k.id, user: user, system: system, handle: k.handle})
}

// find fills p with a process of the last listing; false if it is not on it.
func (s *ntSweep) find(id heuristics.ProcessID, p *ntProcess) bool {
	k := s.kept[id.PID]
	if k == nil || k.id != id {
		return false
	}
	_, err := s.listing.read(k.at, p) // after a sweep that failed, something else may stand there
	return err == nil && p.pid == id.PID && p.created == id.StartTime
}

// threads returns the threads of a process that have run, from the last sweep: CPU time only. Windows tells neither how
// long a thread waited for a core nor, here, its name.
func (s *ntSweep) threads(id heuristics.ProcessID) []heuristics.ThreadSample {
	var p ntProcess
	if !s.find(id, &p) {
		return nil
	}
	out := make([]heuristics.ThreadSample, 0, min(len(p.threads)/ntThreadSize, maxNTThreads))
	p.eachThread(func(t ntThread) {
		if t.run > 0 {
			out = append(out, heuristics.ThreadSample{TID: t.tid, Run: micro(t.run)})
		}
	})
	if len(out) > maxNTThreads {
		slices.SortFunc(out, func(a, b heuristics.ThreadSample) int { return cmp.Compare(b.Run, a.Run) })
		out = out[:maxNTThreads]
	}
	return out
}

// basics returns the name of the program and the parent.
func (s *ntSweep) basics(id heuristics.ProcessID) (basics, bool) {
	var p ntProcess
	if !s.find(id, &p) {
		return basics{}, false
	}
	return basics{name: p.name(), parent: p.parent}, true
}
