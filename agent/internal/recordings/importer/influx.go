package importer

import (
	"math"
	"strings"
)

func looksLikeInflux(head []string) bool {
	for i, l := range head[:max(0, len(head)-2)] {
		if strings.HasPrefix(strings.TrimSpace(l), "name: ") && anyLine(head[i+1:min(len(head), i+4)], func(t string) bool { return strings.HasPrefix(t, "time") }) {
			return true
		}
	}
	return false
}

// influx reads the tables that the influx shell prints: a measurement of Telegraf a table, with the names of its fields.
// A table a process comes with GROUP BY: its tags then stand above it.
type influx struct {
	*log
	titles string
	table  *underlined
	cols   columns
	tags   map[string]string
	all    timeline
}

var influxWords = func() map[string]column { //nolint:gochecknoglobals // a table that nothing changes
	m := words(colPID, colName, colPercent, colResident, colTime, colHost, colCores)
	for _, w := range []string{"mean", "last", "value", "max", "mean_percent_processor_time", "mean_cpu_usage"} {
		m[w] = colPercent
	}
	return m
}()

// mostTags bounds the tags of a table.
const mostTags = 32

func newInflux(l *log) *influx { return &influx{log: l, all: newTimeline(l)} }

func (x *influx) line(line string) error {
	text := strings.TrimSpace(line)
	switch {
	case text == "" || strings.HasPrefix(text, ">"):
		return nil
	case strings.HasPrefix(text, "name: "):
		x.tags, x.table = nil, nil
		return nil
	case strings.HasPrefix(text, "tags: "):
		x.tags = map[string]string{}
		for tag := range strings.SplitSeq(text[len("tags: "):], ",") {
			if key, value, ok := strings.Cut(tag, "="); ok && len(x.tags) < mostTags {
				x.tags[plainTitle(key)] = strings.TrimSpace(value)
			}
		}
		return nil
	case isUnderline(line):
		t := underlinedBy(x.titles, line)
		x.table, x.cols = &t, columnsOf(t.titles, influxWords)
		if !x.cols.has(colTime) || !x.cols.has(colPercent) {
			return x.fail("no columns of time and CPU use among %s; ask for such as Percent_Processor_Time or cpu_usage", shorten(t.titles))
		}
		return nil
	case x.table == nil:
		x.titles = line
		return nil
	}
	return x.row(x.table.row(line))
}

// tag returns what a column or a tag says.
func (x *influx) tag(f []string, what column) string {
	if v := x.cols.get(f, what); v != "" {
		return v
	}
	for key, value := range x.tags {
		if c, ok := influxWords[key]; ok && c == what {
			return value
		}
	}
	return ""
}

func (x *influx) row(f []string) error {
	at, ok := x.timestamp(x.cols.get(f, colTime))
	if !ok {
		return x.fail("%.40q is no time; is the line broken? Take it out", x.cols.get(f, colTime))
	}
	if host := x.tag(f, colHost); host != "" {
		if others, err := x.others(host); err != nil || others {
			return err
		}
	}
	cell := x.cols.get(f, colPercent)
	use := number(cell)
	if math.IsNaN(use) {
		if isEmpty(cell) {
			return nil
		}
		return x.fail("%.40q is no number; is the line broken? Take it out", cell)
	}
	name := x.tag(f, colName)
	if low := strings.ToLower(name); low == "_total" || low == "idle" {
		return nil
	}
	if name == "" {
		name = x.only()
	}
	pid, known := pidOf(x.tag(f, colPID))
	r := newRow(pid)
	r.line, r.name, r.cores = x.in.n, program(name), use/100
	if !known {
		r.pid = nameNumber(r.name)
	}
	r.resident = bytesOf(x.cols.get(f, colResident), 1)
	return x.all.add(at, r)
}

func (x *influx) end() error { //nolint:unparam // as a parser has it
	x.all.emit()
	return nil
}
