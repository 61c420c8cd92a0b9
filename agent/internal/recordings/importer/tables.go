package importer

import (
	"math"
	"path"
	"strings"
)

// theOne is the pid that stands for the process of a log about a single one.
const theOne = 1

// only returns the name of the process of a log about one: what the option says, or the name of the file.
func (l *log) only() string {
	if l.o.Process != "" {
		return program(l.o.Process)
	}
	base, _, _ := strings.Cut(path.Base(strings.ReplaceAll(l.in.name, `\`, "/")), ".")
	if base == "-" || base == "" {
		return "(standard input)"
	}
	return base
}

func looksLikePrmon(head []string) bool {
	f := strings.Fields(field(head, 0))
	return indexOf(f, "wtime") >= 0 && indexOf(f, "utime") >= 0 && indexOf(f, "stime") >= 0
}

// prmon reads the table of prmon: one tree of processes, times in whole seconds so far, memory in kB.
type prmon struct {
	*log
	head []string
}

func newPrmon(l *log) *prmon {
	l.found.Unit = ""
	return &prmon{log: l}
}

func (p *prmon) line(line string) error {
	f := strings.Fields(line)
	switch {
	case len(f) == 0:
		return nil
	case p.head == nil:
		if p.head = f; indexOf(f, "Time") < 0 || indexOf(f, "utime") < 0 {
			return p.fail("the header names no Time and utime; use the text output of prmon")
		}
		return nil
	case len(f) != len(p.head):
		return p.fail("the row has %d fields, the header %d; is a line broken? Take it out", len(f), len(p.head))
	}
	get := func(name string) string { return field(f, indexOf(p.head, name)) }
	at, user, system := number(get("Time")), number(get("utime")), number(get("stime"))
	if math.IsNaN(at) || math.IsNaN(user) || math.IsNaN(system) {
		return p.fail("Time, utime or stime is no number; is the line broken? Take it out")
	}
	r := newRow(theOne)
	r.line, r.name, r.cpu = p.in.n, p.only(), user+system
	r.resident = bytesOf(get("rss"), 1024)
	r.read, r.written = bytesOf(get("read_bytes"), 1), bytesOf(get("write_bytes"), 1)
	r.moved = bytesOf(get("rchar"), 1) + bytesOf(get("wchar"), 1)
	b := newBlock(at)
	b.rows = []row{r}
	p.emit(b)
	return nil
}

func (p *prmon) end() error { return nil }

func looksLikePsrecord(head []string) bool {
	return strings.HasPrefix(field(head, 0), "# Elapsed time") && strings.Contains(field(head, 0), "CPU (%)")
}

// psrecord reads the log of psrecord: elapsed seconds, CPU in percent of one core, memory in MB.
type psrecord struct{ *log }

func newPsrecord(l *log) psrecord { return psrecord{l} }

func (p psrecord) line(line string) error {
	f := strings.Fields(line)
	if len(f) == 0 || f[0] == "#" {
		return nil
	}
	at, cpu := number(f[0]), number(field(f, 1))
	if math.IsNaN(at) || math.IsNaN(cpu) {
		return p.fail("not \"seconds percent MB MB\" but %.40q; is the line broken? Take it out", line)
	}
	r := newRow(theOne)
	r.line, r.name, r.cores, r.resident = p.in.n, p.only(), cpu/100, bytesOf(field(f, 2), 1<<20)
	b := newBlock(at)
	b.rows = []row{r}
	p.emit(b)
	return nil
}

func (p psrecord) end() error { return nil }
