package sampler

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
	"unsafe"

	"github.com/shirou/gopsutil/v3/process"
	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/agent/internal/procfs"
	"github.com/minewatch/minewatch/heuristics"
)

// movedShare is the share of one core that a process must have used since it was last reported to be reported again.
// Below it a process may gather for several ticks; nothing is lost, because counters are cumulative. A newcomer is not
// even opened before that: most of those that a build starts are gone by then, and opening one costs as much as asking
// forty clocks.
const movedShare = 0.01

// clockSweep asks the kernel for the CPU clock of every process: one system call each, in nanoseconds, for the whole
// thread group, without any permission. Only processes whose clock moved are read further.
//
// A tick in which nothing moved allocates nothing.
type clockSweep struct {
	proc    *procfs.FS
	lister  *procfs.Lister
	machine *procfs.Machine
	kept    []clockKept // sorted by pid, as /proc lists them
	next    []clockKept
	due     []int32 // pids to report in this tick
	pids    []int32
	gone    []heuristics.ProcessID
	gaps    []heuristics.Gap
	visit   func(counters) // of the sweep that runs, else nil
	begun   bool
	last    time.Time
	// cursors are the last pids given out at the last two ticks.
	cursors  [2]int32
	sinceAll int
}

type clockKept struct {
	pid      int32
	told     bool          // it was reported, so its start is known
	closed   bool          // it could not be read, which was reported
	start    int64         // see heuristics.ProcessID
	reported time.Duration // the clock when it was last reported
	seen     time.Duration // the clock at the last tick
}

// newClockSweep returns a sweep that has been checked against gopsutil, or why it cannot be used here.
func newClockSweep(ctx context.Context) (*clockSweep, error) {
	proc := procfs.New(procRoot)
	lister, err := proc.Lister()
	if err != nil {
		return nil, err
	}
	s := &clockSweep{proc: proc, lister: lister, machine: proc.Machine()}
	for _, pid := range []int32{int32(os.Getpid()), int32(os.Getppid())} { //nolint:gosec // pids fit
		if err := s.check(ctx, pid); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// checkSlack is how far a CPU clock and gopsutil may differ: their readings are a moment apart, and gopsutil's come in
// ticks of 10 ms. Measured: 18 ms at the most over 2,152 processes.
const checkSlack = 250 * time.Millisecond

// check compares the clock of one process with gopsutil.
func (s *clockSweep) check(ctx context.Context, pid int32) error {
	if pid <= 0 {
		return nil // a parent outside this pid namespace
	}
	clock, ok := s.clock(pid)
	if !ok {
		return fmt.Errorf("the kernel does not tell the CPU clock of process %d", pid)
	}
	p := &process.Process{Pid: pid}
	t, err := p.TimesWithContext(ctx)
	if err != nil {
		return nil //nolint:nilerr // it ended, or may not be read: nothing to compare with
	}
	if want := seconds(t.User) + seconds(t.System); (clock - want).Abs() > checkSlack {
		return fmt.Errorf("the CPU clock of process %d says %v, gopsutil %v", pid, clock, want)
	}
	return nil
}

func (*clockSweep) name() string { return "cpu clocks" }

// count returns the number of living processes at the last tick.
func (s *clockSweep) count() int { return len(s.kept) }

// clock returns the CPU clock of a process; false if it is gone.
func (*clockSweep) clock(pid int32) (time.Duration, bool) {
	// The number of a process's CPU clock, see clock_getcpuclockid(3): the complement of the pid and "scheduler time".
	const schedulerTime = 2
	id := (^uint32(pid))<<3 | schedulerTime //nolint:gosec // bits, not a number
	var t unix.Timespec
	// It waits for nothing, and telling Go's scheduler of every call costs a third of it.
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOCK_GETTIME, uintptr(id), uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		return 0, false
	}
	return time.Duration(t.Nano()), true
}

func (s *clockSweep) sweep(_ context.Context, visit func(counters)) ([]heuristics.ProcessID, []heuristics.Gap, error) {
	if err := s.findPIDs(); err != nil {
		return nil, nil, err
	}
	now := time.Now()
	moved := time.Duration(0)
	if s.begun {
		moved = max(time.Duration(float64(now.Sub(s.last))*movedShare), time.Nanosecond)
	}
	s.last = now
	s.gone, s.gaps, s.due, s.next = s.gone[:0], s.gaps[:0], s.due[:0], s.next[:0]
	old := 0
	for _, pid := range s.pids {
		for old < len(s.kept) && s.kept[old].pid < pid {
			s.end(&s.kept[old])
			old++
		}
		k := clockKept{pid: pid}
		if old < len(s.kept) && s.kept[old].pid == pid {
			k = s.kept[old]
			old++
		}
		clock, ok := s.clock(pid)
		if !ok {
			s.end(&k) // ended between the listing and now
			continue
		}
		// A clock that goes back belongs to another process with the same pid.
		if clock < k.seen || clock-k.reported >= moved {
			s.due = append(s.due, pid)
		}
		k.seen = clock
		s.next = append(s.next, k)
	}
	for ; old < len(s.kept); old++ {
		s.end(&s.kept[old])
	}
	s.kept, s.next = s.next, s.kept
	s.report(visit)
	s.begun = true
	return s.gone, s.gaps, nil
}

// end notes that a process is gone, if anybody was told of it.
func (s *clockSweep) end(k *clockKept) {
	if k.told {
		s.gone = append(s.gone, heuristics.ProcessID{PID: k.pid, StartTime: k.start})
	}
}

// report tells of the processes that are due.
func (s *clockSweep) report(visit func(counters)) {
	s.visit = visit
	ended := false
	for _, pid := range s.due {
		k := s.find(pid)
		if k == nil || k.told && k.reported == k.seen { // told for the sake of its child
			continue
		}
		ended = !s.deliver(k) || ended
	}
	s.visit = nil
	if ended {
		s.kept = slices.DeleteFunc(s.kept, func(k clockKept) bool { return k.seen < 0 })
	}
}

// find returns what is kept of a living process, nil if nothing is.
func (s *clockSweep) find(pid int32) *clockKept {
	i, found := slices.BinarySearchFunc(s.kept, pid, func(k clockKept, pid int32) int { return int(k.pid) - int(pid) })
	if !found || s.kept[i].seen < 0 {
		return nil
	}
	return &s.kept[i]
}

// introduce tells of a process that was never told of, during a sweep: somebody else cannot be understood without it.
func (s *clockSweep) introduce(pid int32) {
	if k := s.find(pid); k != nil && !k.told && !k.closed && s.visit != nil {
		if !s.deliver(k) {
			k.seen = 0 // it ended just now; the next sweep finds that out
		}
	}
}

// deliver reads what only processes that moved are read for and visits it. It returns false, with k.seen below 0, if the
// process is gone.
func (s *clockSweep) deliver(k *clockKept) bool {
	if k.told {
		stat, err := s.proc.Stat(k.pid)
		if err == nil && stat.Started == k.start {
			s.hand(k, counters{stat: stat})
			return true
		}
		if err != nil && !errors.Is(err, procfs.ErrVanished) {
			return s.unreadable(k)
		}
		s.end(k)
		*k = clockKept{pid: k.pid, seen: -1}
		if err != nil {
			return false
		}
	}
	return s.meet(k)
}

// meet reads a process that nobody was told of.
func (s *clockSweep) meet(k *clockKept) bool {
	if !isProcess(k.pid) {
		k.seen = -1
		return false
	}
	p, err := s.proc.Open(k.pid)
	if err == nil {
		defer p.Close()
		var stat procfs.Stat
		if stat, err = p.Stat(); err == nil {
			// The clock may have been read of the life before.
			clock, ok := s.clock(k.pid)
			if !ok {
				k.seen = -1
				return false
			}
			*k = clockKept{pid: k.pid, told: true, start: stat.Started, seen: clock}
			s.hand(k, counters{stat: stat, life: p, held: true})
			return true
		}
	}
	if errors.Is(err, procfs.ErrVanished) {
		k.seen = -1
		return false
	}
	return s.unreadable(k)
}

// unreadable notes once that a process lives but cannot be read. It is tried again when it has moved again.
func (s *clockSweep) unreadable(k *clockKept) bool {
	if !k.closed {
		k.closed = true
		s.gaps = append(s.gaps, heuristics.Gap{Kind: heuristics.GapUnreadable, PID: k.pid})
	}
	k.seen = max(k.seen, 0)
	k.reported = k.seen
	return true
}

// hand passes on what was read.
func (s *clockSweep) hand(k *clockKept, c counters) {
	k.reported, k.closed = k.seen, false
	c.id = heuristics.ProcessID{PID: k.pid, StartTime: k.start}
	c.user, c.system = split(k.seen, c.stat.User, c.stat.System)
	c.children = c.stat.Children
	s.visit(c)
}

// split divides the exact CPU time as the kernel's rough counters of user and system time say.
func split(clock, user, system time.Duration) (time.Duration, time.Duration) {
	all := user + system
	if all <= 0 {
		return clock, 0
	}
	share := time.Duration(float64(clock) * (float64(system) / float64(all)))
	return clock - share, share
}

func (s *clockSweep) same(id heuristics.ProcessID) bool { return sameLife(id) }
