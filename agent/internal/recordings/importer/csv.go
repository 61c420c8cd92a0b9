package importer

import (
	"encoding/csv"
	"iter"
	"math"
	"slices"
	"strings"
)

// readCSV reads a table with a header whose columns are named by the options.
func readCSV(in *lines, o *Options, found *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		c := csvReader{in: in, o: o, pids: map[int32]bool{}}
		broken, done := false, false
		each(in, func(err error) { yield(block{}, err); broken = true }, func(line string) (bool, error) {
			switch {
			case strings.TrimSpace(line) == "":
				return true, nil
			case c.head == nil:
				err := c.header(line)
				if len(c.host)+len(c.idle) > 1 && found.Cores == 0 {
					found.Cores = len(c.host) + len(c.idle) // a column each
				}
				return true, err
			}
			ready, err := c.row(line)
			if ready != nil {
				done = !yield(*ready, nil)
			}
			if done {
				return false, nil
			}
			return true, err
		})
		if !broken && !done && c.now != nil {
			yield(*c.now, nil)
		}
	}
}

type csvReader struct {
	in    *lines
	o     *Options
	comma rune
	head  []string
	// at, process, pid and rss are columns, below 0 where there is none; cpu are those of use, host and idle those of
	// the whole machine.
	at, process, pid, rss int
	cpu, host, idle       []int
	now                   *block
	pids                  map[int32]bool // in it
}

// split parts one line of a CSV.
func split(line string, comma rune) ([]string, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.Comma = comma
	r.LazyQuotes = true
	r.FieldsPerRecord = -1
	return r.Read()
}

// header finds the columns.
func (c *csvReader) header(line string) error {
	c.comma = ','
	for _, mark := range []string{";", "\t"} {
		if strings.Count(line, mark) > strings.Count(line, string(c.comma)) {
			c.comma = rune(mark[0])
		}
	}
	f, err := split(line, c.comma)
	if err != nil {
		return c.in.fail("not the header of a CSV (%v); name the right format with --from", err)
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	c.head = f
	single := map[string]*int{"time": &c.at, "process": &c.process, "pid": &c.pid, "rss": &c.rss}
	for _, what := range sortedKeys(single) {
		to := single[what]
		*to = indexOf(f, c.o.Columns[what])
		if name := c.o.Columns[what]; name != "" && *to < 0 {
			return c.in.fail("there is no column %q for %s; there are %s", name, what, shorten(f))
		}
	}
	several := map[string]*[]int{"cpu": &c.cpu, "host": &c.host, "idle": &c.idle}
	for _, what := range sortedKeys(several) {
		for name := range strings.SplitSeq(c.o.Columns[what], "|") {
			found := matching(f, strings.TrimSpace(name))
			if name != "" && len(found) == 0 {
				return c.in.fail("there is no column %q for %s; there are %s", name, what, shorten(f))
			}
			*several[what] = append(*several[what], found...)
		}
	}
	switch {
	case len(c.cpu)+len(c.host)+len(c.idle) == 0:
		return c.in.fail("say which column holds the CPU use (--columns time=NAME,cpu=NAME); there are %s", shorten(f))
	case c.at < 0 && c.o.Interval == 0:
		return c.in.fail("say which column holds the time (--columns time=NAME), or the time between two rows (--interval)")
	}
	if len(c.cpu) == 1 && c.process < 0 && c.pid < 0 && c.o.Process == "" {
		c.host, c.cpu = append(c.host, c.cpu...), nil // a load that no process is named for
	}
	return nil
}

// matching returns the places of a name, or of all that begin like a name with a "*" at its end.
func matching(head []string, name string) []int {
	begin, open := strings.CutSuffix(name, "*")
	if !open || begin == "" {
		if at := indexOf(head, name); at >= 0 && name != "" {
			return []int{at}
		}
		return nil
	}
	var out []int
	for i, h := range head {
		if strings.HasPrefix(strings.ToLower(h), strings.ToLower(begin)) {
			out = append(out, i)
		}
	}
	return out
}

func shorten(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// row adds a row to the present block and returns the block before, if one is complete.
func (c *csvReader) row(line string) (*block, error) {
	f, err := split(line, c.comma)
	if err != nil {
		return nil, c.in.fail("not a row of a CSV (%v); is the line broken? Take it out", err)
	}
	at := 0.0
	if c.at >= 0 {
		var ok bool
		if at, ok = stamp(field(f, c.at), c.o.DateOrder, c.o.zone()); !ok {
			return nil, c.in.fail("%.40q is no time; is the line broken, or another column meant?", field(f, c.at))
		}
	} else if c.now != nil {
		at = c.now.at + c.o.Interval.Seconds()
	}
	pid, known := pidOf(field(f, c.pid))
	var done *block
	if again := known && c.pids[pid]; c.now == nil || c.now.at != at || c.at < 0 || again {
		clear(c.pids)
		done = c.now
		b := newBlock(at)
		c.now = &b
	}
	unit := 0.01
	if c.o.AllCores {
		unit *= float64(max(c.o.Cores, 1))
	}
	c.machine(f, unit)
	for i, col := range c.cpu {
		x := number(field(f, col))
		if math.IsNaN(x) || len(c.now.rows) >= maxRows {
			continue // an empty cell
		}
		r := newRow(int32(theOne + i)) //nolint:gosec // as many as columns
		r.name, r.cores = c.name(f, col), x*unit
		r.resident = bytesOf(field(f, c.rss), 1)
		if known {
			r.pid, c.pids[pid] = pid, true
		} else if c.process >= 0 {
			r.pid = nameNumber(r.name)
		}
		c.now.rows = append(c.now.rows, r)
	}
	return done, nil
}

// machine reads the columns of the whole machine.
func (c *csvReader) machine(f []string, unit float64) {
	sum, any := 0.0, false
	add := func(x float64) {
		if !math.IsNaN(x) {
			sum, any = sum+max(0, x), true
		}
	}
	for _, col := range c.host {
		add(number(field(f, col)))
	}
	for _, col := range c.idle {
		add(100 - number(field(f, col)))
	}
	if any {
		c.now.host = sum * unit
	}
}

// name returns the process of a cell.
func (c *csvReader) name(f []string, col int) string {
	switch {
	case c.process >= 0:
		return program(field(f, c.process))
	case c.o.Process != "":
		return program(c.o.Process)
	case len(c.cpu) > 1:
		return program(strings.ReplaceAll(c.head[col], " ", "_"))
	}
	return only(c.o, c.in)
}

// nameNumber stands for the pid where a log only names programs: the same for the same name.
func nameNumber(name string) int32 {
	h := uint32(2166136261) // FNV-1a
	for _, b := range []byte(name) {
		h = (h ^ uint32(b)) * 16777619
	}
	return int32(h>>1)&0x3fffffff | 0x40000000 //nolint:gosec // above every real pid
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[K ~int | ~string, V any](m map[K]V) []K {
	var out []K
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
