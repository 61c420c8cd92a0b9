package sampler

import (
	"slices"

	"golang.org/x/sys/unix"
)

const (
	// listEvery is the number of ticks after which /proc is listed whatever the cursor says: a process that root gave its pid
	// by hand (clone3 with set_tid) is not in turn. Until then what it uses belongs to no process, which is followed too.
	listEvery = 20
	// probeMost bounds the pids tried instead of listing. Measured: a number that nobody has costs 0.2 us, an entry of
	// the list 1.4 us, and that of a newcomer 10 us.
	probeMost = 2048
	// probeAgain is how many numbers given out before the last tick are tried again: a number is taken a moment before
	// its process can be seen.
	probeAgain = 64
)

// findPIDs puts the pids to look at into s.pids, in ascending order. Listing /proc costs more than asking all clocks, and
// pids are given out in turn: as long as not too many were given since the last tick, new processes are among those.
func (s *clockSweep) findPIDs() error {
	var cursor int32
	load, err := s.machine.Load()
	if err == nil {
		cursor = load.LastPID
	}
	oldest := max(s.cursors[0], s.cursors[1]-probeAgain)
	known := s.cursors[0] != 0 && s.cursors[1] != 0
	back := cursor < s.cursors[1] // numbers started again, or none is known
	s.cursors[0], s.cursors[1] = s.cursors[1], cursor
	s.sinceAll++
	s.pids = s.pids[:0]
	if !s.begun || !known || back || cursor-oldest > probeMost || s.sinceAll >= listEvery {
		s.sinceAll = 0
		s.pids, err = s.lister.Append(s.pids)
		return err
	}
	for i := range s.kept {
		s.pids = append(s.pids, s.kept[i].pid)
	}
	next, _ := slices.BinarySearch(s.pids, oldest+1)
	all := len(s.pids)
	for pid := oldest; pid < cursor; { // the sweep finds out which of them live
		pid++ // here, or the highest number there is would be followed by the lowest
		if next < all && s.pids[next] == pid {
			next++
			continue
		}
		s.pids = append(s.pids, pid)
	}
	if len(s.pids) > all && !slices.IsSorted(s.pids) {
		slices.Sort(s.pids)
	}
	return nil
}

// isProcess reports whether a number is that of a process, and not of a thread or of nobody: the clock of a process answers
// to each of its own threads under that thread's number too. The signal 0 is none.
func isProcess(pid int32) bool {
	_, _, errno := unix.RawSyscall(unix.SYS_TGKILL, uintptr(pid), uintptr(pid), 0)
	return errno != unix.ESRCH
}
