package importer

import (
	"math"
	"slices"
	"strings"
)

func looksLikePidstat(head []string) bool {
	for _, l := range head {
		f := strings.Fields(strings.TrimPrefix(l, "#"))
		if indexOf(f, "%usr", "%user") >= 0 && indexOf(f, "PID", "TGID") >= 0 {
			return true
		}
	}
	return false
}

// pidstatColumns are the places of a header's columns, -1 where there is none. The words of the header are not
// translated. first is the one after the time, which takes a word or more.
type pidstatColumns struct {
	width, first        int
	uid, pid, tgid, tid int
	cpu, wait, rss      int
	reads, writes       int
	parts               [3]int
	oneTime             bool // the header names the time itself: "# Time"
}

func pidstatHeader(f []string) (pidstatColumns, bool) {
	oneTime := f[0] == "#"
	if oneTime {
		f = f[1:]
	}
	c := pidstatColumns{
		width: len(f), uid: indexOf(f, "UID", "USER"), pid: indexOf(f, "PID"), tgid: indexOf(f, "TGID"), tid: indexOf(f, "TID"),
		cpu: indexOf(f, "%CPU"), wait: indexOf(f, "%wait"), rss: indexOf(f, "RSS"),
		reads: indexOf(f, "kB_rd/s"), writes: indexOf(f, "kB_wr/s"), oneTime: oneTime,
		parts: [3]int{indexOf(f, "%usr", "%user"), indexOf(f, "%system"), indexOf(f, "%guest")},
	}
	if c.uid < 0 && c.pid < 0 && c.tgid < 0 {
		return c, false
	}
	c.first = slices.Min(slices.DeleteFunc([]int{c.uid, c.pid, c.tgid}, func(at int) bool { return at < 0 }))
	return c, (c.pid >= 0 || c.tgid >= 0) && !slices.ContainsFunc(f, isNumber)
}

// pidstat reads `pidstat -u [-h] [-t] [-r] [-d] [-l] 1`: blocks with a header each, or one header for all (-h). Rows have
// a time of day, in 12 or 24 hours, or seconds since 1970, and no date. Rows of averages are passed over: what they
// begin with is no time, in any language.
type pidstat struct {
	*log
	columns pidstatColumns
	known   bool // the columns
	now     block
	places  map[int32]int // of the processes among its rows
	leader  int32
	lines   bool // the log holds command lines
	// runs are the lines "Linux …" that each run begins with, blocks and averages what came since the last of them.
	runs, blocks, averages int
}

func newPidstat(l *log) *pidstat { return &pidstat{log: l, places: map[int32]int{}} }

func (p *pidstat) line(line string) error {
	f := strings.Fields(line)
	if len(f) == 0 {
		return nil
	}
	if f[0] == "Linux" && strings.HasSuffix(strings.TrimSpace(line), ")") {
		return p.banner(strings.TrimSpace(line))
	}
	if c, ok := pidstatHeader(f); ok {
		p.columns, p.known = c, true
		return nil
	}
	at, took, ok := p.time(f)
	if !ok {
		if strings.HasSuffix(f[0], ":") {
			p.averages++
		}
		return nil // an average, or text that somebody put in between
	}
	if !p.known {
		return p.fail("a row before any header; keep the lines that begin with the names of the columns")
	}
	if at != p.now.at || len(p.now.rows) == 0 {
		p.finish()
		p.now = newBlock(at)
		clear(p.places)
	}
	return p.row(f[took:])
}

func (p *pidstat) finish() {
	if len(p.now.rows) > 0 {
		names(p.now.rows, &p.lines)
		p.emit(p.now)
		p.blocks++
	}
	p.now = newBlock(0)
}

func (p *pidstat) end() error {
	p.finish()
	if p.runs == 1 && p.blocks == 1 && p.averages == 0 {
		return p.sinceBoot()
	}
	return nil
}

// banner reads the line that each run of pidstat begins with.
func (p *pidstat) banner(line string) error {
	p.finish()
	p.runs++
	if p.runs > 1 && p.blocks <= 1 && p.averages == 0 {
		return p.sinceBoot()
	}
	p.blocks, p.averages = 0, 0
	return p.sysstat(line)
}

func (p *pidstat) sinceBoot() error {
	return p.fail("pidstat without an interval tells the mean since boot, so that its runs cannot be compared; record with pidstat -urdth 1")
}

// sysstat reads the first line of sysstat's tools: "Linux 6.1 (host) 11/22/26 _x86_64_ (2 CPU)".
func (l *log) sysstat(line string) error {
	if cores := coresIn(line); l.found.Cores == 0 {
		l.found.Cores, l.clock.base = cores, midnight(line, l.o)
	}
	_, rest, _ := strings.Cut(line, "(")
	host, _, ok := strings.Cut(rest, ")")
	if !ok {
		return nil
	}
	others, err := l.others(host)
	if err == nil && others {
		return l.fail("--host cannot part a log of sysstat, whose rows do not name the computer; part the file")
	}
	return err
}

// time reads the time that a row begins with and how many words it takes.
func (p *pidstat) time(f []string) (at float64, took int, ok bool) {
	t, took := timeOfDay(f)
	if took == 0 {
		at, ok = epoch(f[0])
		return at, 1, ok
	}
	c := p.columns
	extra := took + c.width - c.first // where the command stands, if there is no word too many before it
	switch {
	case !p.known:
	case !c.oneTime && took > c.first && c.first > 0: // the header's time has fewer words: it was a user's name
		t, took = timeOfDay(f[:c.first])
	case !c.oneTime && took+1 == c.first,
		c.oneTime && t.half == "" && isNumber(field(f, extra-1)) && !isNumber(f[took]) && extra < len(f):
		took, t.half = took+1, "?"
		t.seconds = clockTime{seconds: t.seconds, half: "am"}.in24()
	}
	if took == 0 || took > len(f) {
		return 0, 0, false
	}
	return p.clock.at(t), took, true
}

func isNumber(s string) bool { return !math.IsNaN(number(s)) }

// row adds a row without its time.
func (p *pidstat) row(f []string) error {
	c := p.columns
	get := func(at int) string { return field(f, at-c.first) }
	if at := c.width - c.first; len(f) < at {
		return p.fail("the row has %d fields after the time, the header %d; is a line broken? Take it out", len(f), at)
	}
	pidText := get(c.pid)
	if c.tgid >= 0 {
		pidText = get(c.tgid)
	}
	name := strings.Join(f[c.width-c.first-1:], " ")
	pid, ok := pidOf(pidText)
	tid := int32(0)
	switch t, isThread := pidOf(get(c.tid)); {
	case ok:
		p.leader = pid
	case c.tid >= 0 && isThread && p.leader != 0:
		pid, tid = p.leader, t
		name = program(strings.TrimPrefix(name, "|__"))
	case c.tid >= 0 && isThread:
		return nil // a thread of a process whose row is missing
	default:
		return p.fail("%.40q is no process id; is this another program's log, or a line broken? Take it out", pidText)
	}
	if c.cpu < 0 {
		return p.more(pid, tid, get)
	}
	if len(p.now.rows) >= maxRows {
		return p.fail("more than %d rows at one time; take a part of the log", maxRows)
	}
	r := newRow(pid)
	r.tid, r.name, r.user, r.line = tid, name, get(c.uid), p.in.n
	use := number(get(c.cpu))
	if math.IsNaN(use) {
		return p.fail("%.40q is no percentage; is a line broken? Take it out", get(c.cpu))
	}
	if parts := p.parts(get); parts > 1.5*use+2 {
		p.note("%%CPU is divided by the number of cores here (pidstat -I); %%usr and %%system are taken instead")
		use = parts
	}
	r.cores = use / 100
	if w := number(get(c.wait)); !math.IsNaN(w) {
		r.wait = w / 100
	}
	if tid == 0 {
		p.places[pid] = len(p.now.rows)
	}
	p.now.rows = append(p.now.rows, r)
	return p.more(pid, tid, get)
}

// parts returns what the time in the modes of a CPU sums up to, in percent.
func (p *pidstat) parts(get func(int) string) float64 {
	sum := 0.0
	for _, at := range p.columns.parts {
		if x := number(get(at)); x > 0 && at >= 0 {
			sum += x
		}
	}
	return sum
}

// more adds memory and I/O to the row of a process. Without -h they stand in tables of their own after that of CPU use.
func (p *pidstat) more(pid, tid int32, get func(int) string) error {
	c := p.columns
	if tid != 0 || (c.rss < 0 && c.reads < 0) {
		return nil
	}
	at, ok := p.places[pid]
	if !ok {
		return nil // it used no CPU
	}
	r := &p.now.rows[at]
	if c.rss >= 0 {
		r.resident = bytesOf(get(c.rss), 1024)
	}
	if c.reads >= 0 {
		r.read, r.written, r.rates = bytesOf(get(c.reads), 1024), bytesOf(get(c.writes), 1024), true
	}
	return nil
}
