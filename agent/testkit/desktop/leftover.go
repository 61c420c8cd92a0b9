//go:build linux

package desktop

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/minewatch/minewatch/agent/testkit/proc"
)

// marker is the environment entry by which a desktop knows the programs that were started on it, by whomever.
const marker = "MINEWATCH_TEST_DESKTOP="

// maxEnviron bounds what is read of one process's environment, in bytes.
const maxEnviron = 1 << 20

// Leftovers returns the living processes whose environment says that they were started on this desktop, whatever
// process group they are in now.
func (d *Desktop) Leftovers() []int {
	all, err := proc.All()
	if err != nil {
		return nil
	}
	var pids []int
	for _, p := range all {
		if d.marked(p.PID) {
			pids = append(pids, p.PID)
		}
	}
	return pids
}

// environ reads an environ file; a process that is gone or belongs to somebody else has none.
func environ(path string) [][]byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxEnviron))
	if err != nil {
		return nil
	}
	return bytes.Split(b, []byte{0})
}

// ended reports whether a process is gone, or waits only for its parent to take notice. One that is ending has no
// environment any more, so Leftovers cannot tell.
func ended(pid int) bool {
	s, err := proc.Read(pid)
	return err != nil || s.State == 'Z' || s.State == 'X'
}

// Owns reports whether a living process was started on this desktop, or by a program that was. The error wraps
// fs.ErrNotExist when there is no such process (any more).
func (d *Desktop) Owns(pid int) (bool, error) {
	d.mu.Lock()
	started := map[int]bool{}
	for _, p := range d.started {
		started[p.PID()] = true
	}
	d.mu.Unlock()
	// Both ways are needed: a browser keeps others from reading the environment of its renderers, and what the bus
	// starts has no parent on the desktop.
	for pid > 1 {
		if started[pid] || d.marked(pid) {
			return true, nil
		}
		s, err := proc.Read(pid)
		if err != nil {
			return false, err
		}
		pid = s.Parent
	}
	return false, nil
}

// marked reports whether a process's environment can be read and says that it was started on this desktop.
func (d *Desktop) marked(pid int) bool {
	env := environ(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	return slices.ContainsFunc(env, func(e []byte) bool { return string(e) == marker+d.dir })
}
