package importer

import (
	"iter"
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
	}
	if c.uid < 0 && c.pid < 0 && c.tgid < 0 {
		return c, false
	}
	c.first = slices.Min(slices.DeleteFunc([]int{c.uid, c.pid, c.tgid}, func(at int) bool { return at < 0 }))
	return c, (c.pid >= 0 || c.tgid >= 0) && !slices.ContainsFunc(f, isNumber)
}

// readPidstat reads `pidstat -u [-h] [-t] [-r] [-d] [-l] 1`: blocks with a header each, or one header for all (-h).
// Rows have a time of day, in 12 or 24 hours, or seconds since 1970, and no date. Rows of averages are passed over:
// what they begin with is no time, in any language.
func readPidstat(in *lines, o *Options, found *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		p := pidstat{in: in, o: o, found: found, places: map[int32]int{}}
		broken, done := false, false
		each(in, func(err error) { yield(block{}, err); broken = true }, func(line string) (bool, error) {
			ready, err := p.line(line)
			if ready != nil {
				names(ready.rows, &p.lines)
				done = !yield(*ready, nil)
			}
			if done {
				return false, nil
			}
			return true, err
		})
		if !broken && !done && len(p.now.rows) > 0 {
			names(p.now.rows, &p.lines)
			yield(p.now, nil)
		}
	}
}

type pidstat struct {
	in      *lines
	o       *Options
	found   *Found
	columns pidstatColumns
	known   bool // the columns
	clock   dayClock
	now     block
	places  map[int32]int // of the processes among its rows
	leader  int32
	lines   bool // the log holds command lines
}

// line takes one line and returns the block before it, if that is complete.
func (p *pidstat) line(line string) (ready *block, err error) {
	f := strings.Fields(line)
	if len(f) == 0 {
		return nil, nil
	}
	if f[0] == "Linux" && strings.HasSuffix(line, ")") {
		if p.found.Cores == 0 {
			p.found.Cores, p.clock.base = coresIn(line), midnight(line, p.o)
		}
		return nil, nil
	}
	if c, ok := pidstatHeader(f); ok {
		p.columns, p.known = c, true
		return nil, nil
	}
	at, took, ok := p.time(f)
	if !ok {
		return nil, nil // an average, or text that somebody put in between
	}
	if !p.known {
		return nil, p.in.fail("a row before any header; keep the lines that begin with the names of the columns")
	}
	if at != p.now.at || len(p.now.rows) == 0 {
		if len(p.now.rows) > 0 {
			done := p.now
			ready = &done
		}
		p.now = newBlock(at)
		clear(p.places)
	}
	return ready, p.row(f[took:])
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
	return p.clock.at(t), took, took > 0
}

func isNumber(s string) bool { return !math.IsNaN(number(s)) }

// row adds a row without its time.
func (p *pidstat) row(f []string) error {
	c := p.columns
	get := func(at int) string { return field(f, at-c.first) }
	if at := c.width - c.first; len(f) < at {
		return p.in.fail("the row has %d fields after the time, the header %d; is a line broken? Take it out", len(f), at)
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
		return p.in.fail("%.40q is no process id; is this another program's log, or a line broken? Take it out", pidText)
	}
	if c.cpu < 0 {
		return p.more(pid, tid, get)
	}
	if len(p.now.rows) >= maxRows {
		return nil
	}
	r := newRow(pid)
	r.tid, r.name, r.user = tid, name, get(c.uid)
	if r.cores = number(get(c.cpu)) / 100; math.IsNaN(r.cores) {
		return p.in.fail("%.40q is no percentage; is a line broken? Take it out", get(c.cpu))
	}
	if p.o.AllCores {
		r.cores *= float64(max(p.o.Cores, p.found.Cores, 1))
	}
	if w := number(get(c.wait)); !math.IsNaN(w) {
		r.wait = w / 100
	}
	if tid == 0 {
		p.places[pid] = len(p.now.rows)
	}
	p.now.rows = append(p.now.rows, r)
	return p.more(pid, tid, get)
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
