package importer

import (
	"math"
	"slices"
	"strings"
)

// csvReader reads a table with a header. Its columns are named by the options, or told by their titles.
type csvReader struct {
	*log
	comma rune
	head  []string
	// at, process, pid, rss and computer are columns, below 0 where there is none; cpu are those of use, seconds those of
	// CPU time so far, host and idle those of the whole machine.
	at, process, pid, rss, computer int
	cpu, seconds, host, idle        []int
	// use are those of processes and machines those of the whole one, needed how many cells a row must have.
	use, machines []int
	needed        int
	now           *block
	pids          map[int32]bool // in it
	// unit is that of the numbers, unknown until a title, a cell or the size of a number says so; held are the blocks that
	// wait for it, largest is the largest number in them.
	unit    csvUnit
	held    []block
	heldFor int
	largest float64
}

type csvUnit float64

// The units are how much of a core their one is.
const (
	unitUnknown csvUnit = 0
	unitPercent csvUnit = 0.01
	unitCores   csvUnit = 1
	unitMilli   csvUnit = 0.001
)

// ambiguous is the number up to which a figure may be cores as well as percent: few computers have more, and few logs
// that somebody wants to have judged have less than half a core in percent.
const ambiguous = 48

func newCSV(l *log) *csvReader {
	c := &csvReader{log: l, pids: map[int32]bool{}}
	c.unit = map[string]csvUnit{"percent": unitPercent, "cores": unitCores, "millicores": unitMilli}[l.o.Unit]
	if l.o.AllCores {
		c.unit = unitPercent
	}
	return c
}

var csvWords = func() map[string]column { //nolint:gochecknoglobals // a table that nothing changes
	m := words(colPID, colName, colPercent, colResident, colTime, colHost, colCores)
	m["cpu"] = colPercent
	return m
}()

func (c *csvReader) line(line string) error {
	switch {
	case strings.TrimSpace(line) == "", c.head == nil && strings.HasPrefix(line, "sep="), strings.HasPrefix(line, "#TYPE"):
		return nil
	case c.head == nil:
		err := c.header(line)
		if len(c.host)+len(c.idle) > 1 && c.found.Cores == 0 {
			c.found.Cores = len(c.host) + len(c.idle) // a column each
		}
		return err
	}
	return c.row(line)
}

func (c *csvReader) end() error {
	if c.now != nil {
		if err := c.hand(c.now); err != nil {
			return err
		}
	}
	if c.unit == unitUnknown && len(c.held) > 0 {
		return c.fail("no number is above %.4g, so they may be percent as well as cores; say which with --unit one-core (percent), all-cores, cores or millicores", c.largest)
	}
	return nil
}

// row adds a row to the present block; the block before is complete when another begins.
func (c *csvReader) row(line string) error {
	f, err := split(line, c.comma)
	if err != nil {
		return c.fail("not a row of a CSV (%v); is the line broken? Take it out", err)
	}
	if len(f) < c.needed {
		return c.fail("the row has %d fields, the header %d; is the line broken? Take it out", len(f), len(c.head))
	}
	if slices.Equal(f, c.head) {
		return nil // files that were joined
	}
	if c.computer >= 0 {
		if others, err := c.others(field(f, c.computer)); err != nil || others {
			return err
		}
	}
	at := 0.0
	if c.at >= 0 {
		var ok bool
		if at, ok = c.timestamp(field(f, c.at)); !ok {
			return c.fail("%.40q is no time; is the line broken, or another column meant?", field(f, c.at))
		}
	} else if c.now != nil {
		at = c.now.at + c.o.Interval.Seconds()
	}
	pid, known := pidOf(field(f, c.pid))
	if again := known && c.pids[pid]; c.now == nil || c.now.at != at || c.at < 0 || again {
		clear(c.pids)
		if c.now != nil {
			if err := c.hand(c.now); err != nil {
				return err
			}
		}
		b := newBlock(at)
		c.now = &b
	}
	if err := c.machine(f); err != nil {
		return err
	}
	return c.processes(f, pid, known)
}

// processes reads the columns of use, of a process each.
func (c *csvReader) processes(f []string, pid int32, known bool) error {
	for i, col := range c.use {
		if col >= len(f) {
			break
		}
		total := i >= len(c.cpu)
		x, ok, err := c.figure(f[col], !total)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if len(c.now.rows) >= maxRows {
			return c.fail("more than %d rows at one time; take a part of the log", maxRows)
		}
		r := newRow(int32(theOne + i)) //nolint:gosec // as many as columns
		r.line, r.name, r.cores = c.in.n, c.name(f, col), x
		if total {
			r.cores, r.cpu = math.NaN(), x
		}
		r.resident = bytesOf(field(f, c.rss), 1)
		if known {
			r.pid, c.pids[pid] = pid, true
		} else if c.process >= 0 {
			r.pid = nameNumber(r.name)
		}
		c.now.rows = append(c.now.rows, r)
	}
	return nil
}

// figure reads a cell, which may name its unit; ok is false for one without a value.
func (c *csvReader) figure(cell string, use bool) (x float64, ok bool, err error) {
	cell = strings.TrimSpace(cell)
	of := unitUnknown
	switch low := strings.ToLower(cell); {
	case isEmpty(cell):
		return 0, false, nil
	case !use:
	case strings.HasSuffix(low, "%"):
		of = unitPercent
	case strings.HasSuffix(low, "cores"):
		cell, of = cell[:len(cell)-len("cores")], unitCores
	case strings.HasSuffix(low, "m"):
		cell, of = cell[:len(cell)-1], unitMilli
	}
	x = number(cell)
	if !(x >= 0) {
		return 0, false, c.fail("%.40q is no number; is the line broken, or another column meant? Take it out", cell)
	}
	if use {
		if of != unitUnknown && c.unit == unitUnknown {
			c.unit = of
		}
		if of != unitUnknown && of != c.unit {
			x *= float64(of / c.unit)
		}
		c.largest = max(c.largest, x)
	}
	return x, true, nil
}

// hand hands a block on, once the unit of its numbers is known.
func (c *csvReader) hand(b *block) error {
	if c.unit == unitUnknown && len(c.cpu)+len(c.host)+len(c.idle) == 0 {
		c.unit = unitPercent
	}
	if c.unit == unitUnknown && c.largest > ambiguous {
		c.unit = unitPercent
	}
	c.held = append(c.held, *b)
	if c.heldFor += len(b.rows) + 1; c.unit == unitUnknown {
		if c.heldFor > maxRows {
			return c.fail("no number of the first %d is above %.4g, so they may be percent as well as cores; say which with --unit", c.heldFor, c.largest)
		}
		return nil
	}
	for _, h := range c.held {
		for i := range h.rows {
			h.rows[i].cores *= float64(c.unit)
		}
		h.host *= float64(c.unit)
		h.whole = c.o.AllCores && !math.IsNaN(h.host)
		c.emit(h)
	}
	c.held, c.heldFor = nil, 0
	if c.unit == unitCores || c.unit == unitMilli {
		c.found.Unit = "cores"
	}
	return nil
}

// machine reads the columns of the whole machine.
func (c *csvReader) machine(f []string) error {
	sum, any := 0.0, false
	for i, col := range c.machines {
		if col >= len(f) {
			break
		}
		x, ok, err := c.figure(f[col], true)
		if err != nil {
			return err
		}
		if ok && i >= len(c.host) {
			x = max(0, 100-x)
		}
		if ok {
			sum, any = sum+x, true
		}
	}
	if any {
		c.now.host = sum
	}
	return nil
}

// name returns the process of a cell.
func (c *csvReader) name(f []string, col int) string {
	switch {
	case c.process >= 0:
		return program(field(f, c.process))
	case c.o.Process != "":
		return program(c.o.Process)
	case len(c.cpu)+len(c.seconds) > 1:
		return program(strings.ReplaceAll(c.head[col], " ", "_"))
	}
	return c.only()
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
