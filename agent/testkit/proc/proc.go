//go:build linux

// Package proc reads what the harness needs of /proc/PID/stat. It shares no code with the agent on purpose: a check
// that reads with the code it checks would not see that code's faults.
package proc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/PID/stat (USER_HZ is 100 on all Linux machines that run Debian).
const tick = 10 * time.Millisecond

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

var errStat = errors.New("not a stat line")

// Read reads a process's figures. The error wraps fs.ErrNotExist when there is no such process.
func Read(pid int) (Stat, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return Stat{}, err
	}
	return parse(string(text))
}

// parse reads a stat line. Its second field is the name in brackets and may hold anything, brackets included.
func parse(text string) (Stat, error) {
	first, _, ok := strings.Cut(text, " (")
	i := strings.LastIndex(text, ") ")
	if !ok || i < 0 {
		return Stat{}, errStat
	}
	rest := strings.Fields(text[i+2:])
	const third, utime, stime, started = 3, 14, 15, 22 // numbers of fields
	if len(rest) <= started-third || len(rest[0]) != 1 {
		return Stat{}, errStat
	}
	var n [5]int64
	for i, field := range []string{first, rest[4-third], rest[utime-third], rest[stime-third], rest[started-third]} {
		var err error
		if n[i], err = strconv.ParseInt(field, 10, 64); err != nil {
			return Stat{}, fmt.Errorf("%w: %w", errStat, err)
		}
	}
	return Stat{
		PID: int(n[0]), Parent: int(n[1]), State: rest[0][0],
		CPU: time.Duration(n[2]+n[3]) * tick, Started: time.Duration(n[4]) * tick,
	}, nil
}

// All returns the figures of all processes of the machine; those that end meanwhile are left out.
func All() ([]Stat, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var out []Stat
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue // no process
		}
		s, err := Read(pid)
		if errors.Is(err, errStat) {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		if err == nil {
			out = append(out, s)
		}
	}
	return out, nil
}
