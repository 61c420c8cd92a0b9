package importer

import (
	"math"
	"strings"
)

func looksLikeNmon(head []string) bool {
	return anyLine(head, func(l string) bool { return strings.HasPrefix(l, "AAA,progname,") || strings.HasPrefix(l, "ZZZZ,T0") })
}

// nmon reads the file of `nmon -f -t`: a line ZZZZ a moment, lines TOP of its processes, in percent of one core.
type nmon struct {
	*log
	titles []string // of TOP
	now    block
	open   bool
	id     string
}

func newNmon(l *log) *nmon { return &nmon{log: l} }

func (n *nmon) line(line string) error {
	f := strings.Split(strings.TrimSpace(line), ",")
	switch {
	case f[0] == "AAA" && field(f, 1) == "cpus":
		if c := number(f[len(f)-1]); c >= 1 && c <= maxCores {
			n.found.Cores = int(c)
		}
	case f[0] == "AAA" && field(f, 1) == "host":
		_, err := n.others(field(f, 2))
		return err
	case f[0] == "ZZZZ":
		return n.moment(f)
	case f[0] == "TOP" && indexOf(f, "%CPU") >= 0:
		n.titles = f
	case f[0] == "TOP" && len(f) > 2:
		return n.top(f)
	case f[0] == "CPU_ALL" && n.open && field(f, 1) == n.id:
		unused := number(field(f, 4)) + number(field(f, 5))
		if math.IsNaN(unused) {
			return n.fail("Wait%% or Idle%% is no number; is the line broken? Take it out")
		}
		n.now.busy = max(0, 100-unused) / 100
	}
	return nil
}

// moment begins the samples of a moment: "ZZZZ,T0001,10:00:01,25-NOV-2026".
func (n *nmon) moment(f []string) error {
	n.finish()
	at, ok := n.timestamp(field(f, 3) + " " + field(f, 2))
	if !ok {
		t, took := timeOfDay(f[min(2, len(f)):])
		if took == 0 {
			return n.fail("%.40q is no time; is the line broken? Take it out", strings.Join(f[1:], ","))
		}
		at = n.clock.at(t)
	}
	n.now, n.open, n.id = newBlock(at), true, field(f, 1)
	return nil
}

func (n *nmon) top(f []string) error {
	if n.titles == nil {
		return n.fail("a line TOP before the one that names its columns; keep the beginning of the file")
	}
	if !n.open || field(f, indexOf(n.titles, "Time")) != n.id {
		return nil
	}
	pid, ok := pidOf(f[1])
	use := number(field(f, indexOf(n.titles, "%CPU")))
	if !ok || math.IsNaN(use) || len(f) < len(n.titles) {
		return n.fail("not a line TOP of nmon: %.40q; is the line broken? Take it out", strings.Join(f, ","))
	}
	if len(n.now.rows) >= maxRows {
		return n.fail("more than %d processes at one time; take a part of the log", maxRows)
	}
	r := newRow(pid)
	r.line, r.cores = n.in.n, use/100
	r.name = program(field(f, indexOf(n.titles, "Command")))
	r.resident = bytesOf(field(f, indexOf(n.titles, "ResSet")), 1024)
	n.now.rows = append(n.now.rows, r)
	return nil
}

func (n *nmon) finish() {
	if !n.open {
		return
	}
	n.open = false
	if n.titles == nil { // recorded without -t
		n.now.host, n.now.whole = n.now.busy, true
		n.found.Unit = "all cores"
		if math.IsNaN(n.now.host) {
			return
		}
	}
	n.emit(n.now)
}

func (n *nmon) end() error { //nolint:unparam // as a parser has it
	if n.titles == nil || len(n.now.rows) > 0 { // else the file ends within a moment
		n.finish()
	}
	return nil
}
