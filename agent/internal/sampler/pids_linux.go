package sampler

import (
	"fmt"
	"math"
	"slices"

	"golang.org/x/sys/unix"
)

const (
	// listEvery is the number of ticks after which /proc is listed whatever the cursor says: a process that was given its
	// pid by hand (clone3 with set_tid) is not in turn.
	listEvery = 10
	// probeMost bounds the pids tried instead of listing: about as many cost the same.
	probeMost = 256
)

// findPIDs puts the pids to look at into s.pids, in ascending order. Listing /proc costs more than asking all clocks, and
// pids are given out in turn: as long as few were given since the tick before last, new processes are among those few.
// Each is tried at two ticks, because a number is taken a moment before its process can be seen.
func (s *clockSweep) findPIDs() error {
	cursor, ok := s.cursor()
	oldest := s.cursors[0]
	s.cursors[0], s.cursors[1] = s.cursors[1], cursor
	s.sinceAll++
	if !ok || !s.begun || oldest == 0 || cursor < oldest || cursor-oldest > probeMost || s.sinceAll >= listEvery {
		s.sinceAll = 0
		return s.listPIDs()
	}
	s.pids = s.pids[:0]
	for i := range s.kept {
		s.pids = append(s.pids, s.kept[i].pid)
	}
	known := len(s.pids)
	for pid := oldest + 1; pid <= cursor; pid++ {
		if _, old := slices.BinarySearch(s.pids[:known], pid); old {
			continue
		}
		// Only the first thread of a process has this clock, but for the caller's own threads, so that is asked too.
		if _, lives := s.clock(pid); lives && unix.Tgkill(int(pid), int(pid), 0) != unix.ESRCH {
			s.pids = append(s.pids, pid)
		}
	}
	if len(s.pids) > known {
		slices.Sort(s.pids)
	}
	return nil
}

// cursor returns the last pid that was given out in this pid namespace: the end of /proc/loadavg.
func (s *clockSweep) cursor() (int32, bool) {
	if s.loadavg == 0 {
		fd, err := unix.Open("/proc/loadavg", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return 0, false
		}
		s.loadavg = fd
	}
	n, err := unix.Pread(s.loadavg, s.list, 0)
	if err != nil {
		return 0, false
	}
	return lastPID(s.list[:n])
}

// lastPID reads the last number of /proc/loadavg ("0.20 0.18 0.12 1/80 11206\n"); false if there is none.
func lastPID(b []byte) (int32, bool) {
	if len(b) < 2 || b[len(b)-1] != '\n' {
		return 0, false
	}
	var pid, unit int64 = 0, 1
	for i := len(b) - 2; i >= 0 && b[i] != ' '; i-- {
		if b[i] < '0' || b[i] > '9' || unit > 1e9 {
			return 0, false
		}
		pid += int64(b[i]-'0') * unit
		unit *= 10
	}
	return int32(pid), pid > 0 && pid <= math.MaxInt32 //nolint:gosec // compared
}

// listPIDs reads the numbers in /proc into s.pids, in ascending order.
func (s *clockSweep) listPIDs() error {
	if _, err := unix.Seek(s.proc, 0, 0); err != nil {
		return fmt.Errorf("/proc cannot be listed: %w", err)
	}
	s.pids = s.pids[:0]
	for {
		n, err := unix.Getdents(s.proc, s.list)
		if err != nil {
			return fmt.Errorf("/proc cannot be listed: %w", err)
		}
		if n <= 0 {
			return nil
		}
		s.pids = appendPIDs(s.pids, s.list[:n])
	}
}

// appendPIDs appends the names that are numbers among raw linux_dirent64 entries: inode and offset (8 bytes each),
// length of the entry (2), type (1), name with a NUL at the end.
func appendPIDs(pids []int32, entries []byte) []int32 {
	const nameAt = 19
	for len(entries) > nameAt {
		length := int(entries[16]) | int(entries[17])<<8
		if length <= nameAt || length > len(entries) {
			return pids
		}
		var pid int64
		for _, c := range entries[nameAt:length] {
			if c < '0' || c > '9' || pid > 1<<30 {
				if c != 0 {
					pid = 0
				}
				break
			}
			pid = pid*10 + int64(c-'0')
		}
		if pid > 0 && pid < 1<<31 {
			pids = append(pids, int32(pid))
		}
		entries = entries[length:]
	}
	return pids
}
