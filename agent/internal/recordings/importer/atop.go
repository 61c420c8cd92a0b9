package importer

import (
	"math"
	"strings"
)

func looksLikeAtop(head []string) bool {
	return anyLine(head, func(l string) bool {
		f := strings.Fields(l)
		return len(f) > 8 && (f[0] == "PRC" || f[0] == "CPU") && strings.Contains(l, "/") && isNumber(f[2]) && strings.Count(f[4], ":") == 2
	})
}

// atop reads `atop -P PRC[,CPU,PRM]`: a line a process with the clock ticks it used in the interval that the line names.
// After RESET stand means since boot, until SEP.
type atop struct {
	*log
	now    block
	open   bool
	reset  bool
	places map[int32]int
}

func newAtop(l *log) *atop { return &atop{log: l, places: map[int32]int{}} }

// The fields that all lines begin with: label, host, seconds since 1970, date, time, interval.
const atopCommon = 6

func (a *atop) line(line string) error {
	f := strings.Fields(line)
	switch {
	case len(f) == 0:
		return nil
	case f[0] == "RESET":
		a.finish()
		a.reset = true
		return nil
	case f[0] == "SEP":
		a.finish()
		a.reset = false
		return nil
	case f[0] != "PRC" && f[0] != "CPU" && f[0] != "PRM" || a.reset:
		return nil
	}
	at, lasted := number(field(f, 2)), number(field(f, 5))
	if !(at > 0) || !(lasted > 0) {
		return a.fail("not a line of atop -P: %.40q; is the line broken? Take it out", line)
	}
	if others, err := a.others(f[1]); err != nil || others {
		return err
	}
	if !a.open || a.now.at != at {
		a.finish()
		a.now, a.open = newBlock(at), true
		clear(a.places)
	}
	if f[0] == "CPU" {
		if n := number(field(f, atopCommon+1)); n >= 1 && n <= maxCores && a.found.Cores == 0 {
			a.found.Cores = int(n)
		}
		return nil
	}
	return a.process(f[0], line, f[atopCommon:], lasted)
}

// process reads "5179 (name) S 100 399 1 …": pid, name, state, ticks a second, ticks used in user and in system mode.
func (a *atop) process(label, line string, f []string, lasted float64) error {
	from, to := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	pid, ok := pidOf(field(f, 0))
	if !ok || from < 0 || to < from {
		return a.fail("not a line of atop -P: %.40q; is the line broken? Take it out", line)
	}
	rest := strings.Fields(line[to+1:])
	if label == "PRM" { // state, page size, virtual size, resident size in kB
		if at, known := a.places[pid]; known {
			a.now.rows[at].resident = bytesOf(field(rest, 3), 1024)
		}
		return nil
	}
	const ticksPerSecond, user, system, nice, tgid, isProcess = 1, 2, 3, 4, 10, 11
	hertz, used := number(field(rest, ticksPerSecond)), number(field(rest, user))+number(field(rest, system))
	if !(hertz > 0) || math.IsNaN(used) {
		return a.fail("the clock ticks of process %d are no numbers; is the line broken? Take it out", pid)
	}
	if len(a.now.rows) >= maxRows {
		return a.fail("more than %d processes at one time; take a part of the log", maxRows)
	}
	r := newRow(pid)
	r.line, r.name, r.cores = a.in.n, program(line[from+1:to]), used/hertz/lasted
	if n := number(field(rest, nice)); n >= -20 && n <= 19 {
		r.nice = int(n)
	}
	if leader, ok := pidOf(field(rest, tgid)); ok && field(rest, isProcess) == "n" {
		if _, known := a.places[leader]; !known {
			return nil
		}
		r.pid, r.tid = leader, pid
	} else {
		a.places[pid] = len(a.now.rows)
	}
	a.now.rows = append(a.now.rows, r)
	return nil
}

func (a *atop) finish() {
	if a.open && !a.reset {
		a.emit(a.now)
	}
	a.open = false
}

func (a *atop) end() error { //nolint:unparam // as a parser has it
	a.finish()
	return nil
}
