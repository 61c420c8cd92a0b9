package importer

import (
	"errors"
	"io"
	"iter"
	"math"
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

// pidstatColumns are the places of a header's columns. The words of the header are not translated, but for the last.
type pidstatColumns struct {
	width                                    int
	uid, pid, tgid, tid, cpu, wait, rss, usr int
}

func pidstatHeader(f []string) (pidstatColumns, bool) {
	c := pidstatColumns{
		width: len(f), uid: indexOf(f, "UID", "USER"), pid: indexOf(f, "PID"), tgid: indexOf(f, "TGID"), tid: indexOf(f, "TID"),
		cpu: indexOf(f, "%CPU"), wait: indexOf(f, "%wait"), rss: indexOf(f, "RSS"), usr: indexOf(f, "%usr", "%user"),
	}
	return c, (c.pid >= 0 || c.tgid >= 0) && c.cpu >= 0 && c.usr >= 0
}

// readPidstat reads `pidstat -u [-h] [-t] [-r] [-l] 1`: blocks with a header each, or one header for all (-h). Rows
// have a time of day, in 12 or 24 hours, or seconds since 1970, and no date. Rows of averages are passed over: what
// they begin with is no time, in any language.
func readPidstat(in *lines, o *Options, found *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		p := pidstat{in: in, o: o, found: found}
		for {
			line, err := in.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = p.line(line, yield)
			}
			if err != nil {
				if !p.done {
					yield(block{}, err)
				}
				return
			}
			if p.done {
				return
			}
		}
		if len(p.now.rows) > 0 {
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
	leader  int32
	done    bool // nobody reads any more
}

var errDone = errors.New("nobody reads any more")

func (p *pidstat) line(line string, yield func(block, error) bool) error {
	f := strings.Fields(line)
	if len(f) == 0 {
		return nil
	}
	if f[0] == "Linux" && p.found.Cores == 0 {
		p.found.Cores = coresIn(line)
		return nil
	}
	heading := f
	if f[0] == "#" {
		heading = f[1:]
	}
	if c, ok := pidstatHeader(heading); ok {
		p.columns, p.known = c, true
		return nil
	}
	at, took := timeOfDay(f)
	if took == 0 {
		var ok bool
		if at, ok = epoch(f[0]); !ok || strings.Contains(f[0], ":") {
			return nil // an average, or text that somebody put in between
		}
		took = 1
	} else {
		at = p.clock.at(at)
	}
	if !p.known {
		return p.in.fail("a row before any header; keep the lines that begin with the names of the columns")
	}
	if at != p.now.at || len(p.now.rows) == 0 {
		if len(p.now.rows) > 0 && !yield(p.now, nil) {
			p.done = true
			return errDone
		}
		p.now = newBlock(at)
	}
	// The header may have one word for the time or two, and a row as well.
	return p.row(f[took:])
}

func (p *pidstat) row(f []string) error {
	c := p.columns
	shift := c.uid // the first column after the time
	if shift < 0 {
		shift = max(min(c.pid, c.tgid), 0)
	}
	get := func(at int) string {
		if at < 0 {
			return ""
		}
		return field(f, at-shift)
	}
	if len(f) < c.width-shift {
		return p.in.fail("the row has %d fields, the header %d; is a line broken?", len(f)+1, c.width)
	}
	name := program(strings.Join(f[c.width-shift-1:], " "))
	pidText := get(c.pid)
	if c.tgid >= 0 {
		pidText = get(c.tgid)
	}
	pid, ok := pidOf(pidText)
	tid := int32(0)
	switch t, isThread := pidOf(get(c.tid)); {
	case ok:
		p.leader = pid
	case c.tid >= 0 && isThread && p.leader != 0:
		pid, tid = p.leader, t
		name = strings.TrimPrefix(name, "|__")
	default:
		return p.in.fail("%q is no process id; is the log of another program?", pidText)
	}
	if len(p.now.rows) >= maxRows {
		return nil
	}
	r := newRow(pid)
	r.tid, r.name, r.user = tid, name, get(c.uid)
	r.cores = number(get(c.cpu)) / 100
	if p.o.AllCores {
		r.cores *= float64(max(p.o.Cores, p.found.Cores, 1))
	}
	if w := number(get(c.wait)); !math.IsNaN(w) {
		r.wait = w / 100
	}
	r.resident = bytesOf(get(c.rss), 1024)
	if math.IsNaN(r.cores) {
		return p.in.fail("%q is no percentage", get(c.cpu))
	}
	p.now.rows = append(p.now.rows, r)
	return nil
}
