//go:build linux

// Package proc gives the harness the figures of processes in its own terms. procfs reads them, whose tests compare it with
// gopsutil.
package proc

import (
	"errors"
	"fmt"
	"time"

	"github.com/minewatch/minewatch/agent/internal/procfs"
)

// Stat is a part of /proc/PID/stat, see proc(5).
type Stat struct {
	PID, Parent int
	// State is the letter: 'R' running, 'S' sleeping, 'Z' ended and not yet waited for.
	State byte
	// CPU is the time of all its threads on a processor so far.
	CPU time.Duration
	// Started is when it began, counted from the machine's start.
	Started time.Duration
}

// Read reads a process's figures. The error wraps fs.ErrNotExist when there is no such process.
func Read(pid int) (Stat, error) { return read(procfs.New("/proc"), int32(pid)) } //nolint:gosec // pids fit

func read(fs *procfs.FS, pid int32) (Stat, error) {
	s, err := fs.Stat(pid)
	if err != nil {
		return Stat{}, err
	}
	return Stat{PID: int(s.PID), Parent: int(s.Parent), State: s.State, CPU: s.CPU(), Started: time.Duration(s.Started) * procfs.Tick}, nil
}

// All returns the figures of all processes of the machine; those that end meanwhile are left out.
func All() ([]Stat, error) {
	fs := procfs.New("/proc")
	pids, err := fs.PIDs()
	if err != nil {
		return nil, err
	}
	out := make([]Stat, 0, len(pids))
	for _, pid := range pids {
		s, err := read(fs, pid)
		if errors.Is(err, procfs.ErrMalformed) {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		if err == nil {
			out = append(out, s)
		}
	}
	return out, nil
}
