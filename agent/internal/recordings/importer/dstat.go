package importer

import (
	"math"
	"regexp"
	"strings"
)

func looksLikeDstat(head []string) bool {
	return strings.Contains(strings.ToLower(field(head, 0)), "stat csv output") || strings.Contains(field(head, 0), "Dool ") || anyLine(head, func(l string) bool {
		return strings.Contains(l, `"total cpu usage"`) || strings.Contains(l, `"total usage"`)
	})
}

// dstat reads the CSV of dstat, dool and pcp dstat: lines of titles, a line of groups, one of columns. With --top-cpu it
// names the busiest process of each moment, in percent of all cores; nothing is known of the others.
type dstat struct {
	*log
	year           string
	groups, titles []string
	cpu            []int // the columns of the whole computer
	at, busiest    int
	timer          timer
	before         string // the busiest of the sample before
}

func newDstat(l *log) *dstat { return &dstat{log: l, timer: newTimer()} }

var yearIn = regexp.MustCompile(`\b(?:19|20)\d\d\b`)

func (d *dstat) line(line string) error {
	if strings.TrimSpace(line) == "" {
		return nil
	}
	f, err := split(line, ',')
	if err != nil {
		return d.fail("not a row of a CSV (%v); is the line broken? Take it out", err)
	}
	switch {
	case field(f, 0) == "Host:" || indexOf(f, "Host:") >= 0:
		_, err := d.others(field(f, 1))
		return err
	case indexOf(f, "Date:") >= 0:
		d.year = yearIn.FindString(field(f, indexOf(f, "Date:")+1))
		return nil
	case strings.HasSuffix(field(f, 0), ":"):
		return nil
	case indexOf(f, "usr") >= 0 && indexOf(f, "idl") >= 0, indexOf(f, "cpu process") >= 0:
		return d.header(f)
	case d.titles == nil || !isNumber(field(f, 1)) && !isNumber(field(f, 0)):
		d.groups = f
		return nil
	}
	return d.row(f)
}

// header finds the columns. A group's title stands over the first of its columns.
func (d *dstat) header(f []string) error {
	d.titles, d.cpu, d.busiest = f, nil, -1
	d.at = indexOf(f, "epoch", "time")
	group := ""
	for i, t := range f {
		if g := field(d.groups, i); g != "" {
			group = g
		}
		switch {
		case strings.Contains(group, "total") && strings.Contains(group, "usage") && indexOf([]string{"idl", "wai", "stl"}, t) >= 0:
			d.cpu = append(d.cpu, i)
		case t == "cpu process" || (group == "most expensive" && strings.Contains(t, "cpu")):
			d.busiest = i
		}
	}
	if len(d.cpu) == 0 && d.busiest < 0 {
		return d.fail("no CPU use in it; record with dstat -tc --top-cpu --output FILE")
	}
	return nil
}

func (d *dstat) row(f []string) error {
	if err := d.time(f); err != nil {
		return err
	}
	at, err := d.timer.next(d.log, "1s")
	if err != nil {
		return err
	}
	b := newBlock(at)
	b.whole = true
	unused := 0.0
	for _, i := range d.cpu {
		x := number(field(f, i))
		if math.IsNaN(x) {
			return d.fail("%.40q is no percentage; is the line broken? Take it out", field(f, i))
		}
		unused += x
	}
	if len(d.cpu) > 0 {
		b.host = max(0, 100-unused) / 100
	}
	if d.busiest < 0 {
		d.found.Unit = "all cores"
		d.emit(b)
		return nil
	}
	b.host = math.NaN()
	cell := strings.Fields(field(f, d.busiest))
	if len(cell) > 1 {
		name := program(strings.Join(cell[:len(cell)-1], " "))
		use := number(cell[len(cell)-1])
		if math.IsNaN(use) {
			return d.fail("%.40q is no percentage; is the line broken? Take it out", cell[len(cell)-1])
		}
		r := newRow(nameNumber(name))
		r.line, r.name, r.cores = d.in.n, name, use/100
		b.rows = []row{r}
		if d.before != "" && d.before != name {
			d.note("only the busiest process of each moment is in it (dstat --top-cpu): nothing is known of the others")
		}
		d.before = name
	}
	d.emit(b)
	return nil
}

// time reads the time of a row: "03-12 14:10:38", which leaves the year out and begins with the day.
func (d *dstat) time(f []string) error {
	if d.at < 0 {
		return nil
	}
	cell := field(f, d.at)
	if date, clock, ok := strings.Cut(cell, " "); ok && strings.Count(date, "-") == 1 {
		day, month, _ := strings.Cut(date, "-")
		if number(month) > 12 { // month first, in pcp's
			day, month = month, day
		}
		if d.year == "" {
			d.year = "1970"
		}
		cell = d.year + "-" + month + "-" + day + " " + clock
	}
	at, ok := d.timestamp(cell)
	if !ok {
		return d.fail("%.40q is no time; is the line broken? Take it out", cell)
	}
	d.timer.at = at
	return nil
}

func (d *dstat) end() error { return nil }
