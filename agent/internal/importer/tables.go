package importer

import (
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"math"
	"path"
	"slices"
	"strings"
)

// each calls do with every line of a log until the end; do reports whether to go on. An error is handed to fail.
func each(in *lines, fail func(error), do func(line string) (bool, error)) {
	for {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			return
		}
		more := false
		if err == nil {
			more, err = do(line)
		}
		if err != nil {
			fail(err)
			return
		}
		if !more {
			return
		}
	}
}

// theOne is the pid that stands for the process of a log about a single one.
const theOne = 1

// only returns the name of the process of a log about one: what the option says, or the name of the file.
func only(o *Options, in *lines) string {
	if o.Process != "" {
		return program(o.Process)
	}
	base, _, _ := strings.Cut(path.Base(strings.ReplaceAll(in.name, `\`, "/")), ".")
	return program(base)
}

func looksLikePrmon(head []string) bool {
	f := strings.Fields(field(head, 0))
	return indexOf(f, "wtime") >= 0 && indexOf(f, "utime") >= 0 && indexOf(f, "stime") >= 0
}

// readPrmon reads the table of prmon: one tree of processes, times in whole seconds so far, memory in kB.
func readPrmon(in *lines, o *Options, found *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		found.Unit = ""
		var head []string
		each(in, func(err error) { yield(block{}, err) }, func(line string) (bool, error) {
			f := strings.Fields(line)
			switch {
			case len(f) == 0:
				return true, nil
			case head == nil:
				head = f
				if indexOf(head, "Time") < 0 || indexOf(head, "utime") < 0 {
					return false, in.fail("the header names no Time and utime; is this the text output of prmon?")
				}
				return true, nil
			case len(f) != len(head):
				return false, in.fail("the row has %d fields, the header %d; is a line broken?", len(f), len(head))
			}
			get := func(name string) float64 { return number(field(f, indexOf(head, name))) }
			at, user, system := get("Time"), get("utime"), get("stime")
			if math.IsNaN(at) || math.IsNaN(user) || math.IsNaN(system) {
				return false, in.fail("Time, utime or stime is no number")
			}
			r := newRow(theOne)
			r.name, r.cpu = only(o, in), user+system
			r.resident = bytesOf(field(f, indexOf(head, "rss")), 1024)
			r.read, r.written = bytesOf(field(f, indexOf(head, "read_bytes")), 1), bytesOf(field(f, indexOf(head, "write_bytes")), 1)
			r.moved = bytesOf(field(f, indexOf(head, "rchar")), 1) + bytesOf(field(f, indexOf(head, "wchar")), 1)
			b := newBlock(at)
			b.rows = []row{r}
			return yield(b, nil), nil
		})
	}
}

func looksLikePsrecord(head []string) bool {
	return strings.HasPrefix(field(head, 0), "# Elapsed time") && strings.Contains(field(head, 0), "CPU (%)")
}

// readPsrecord reads the log of psrecord: elapsed seconds, CPU in percent of one core, memory in MB.
func readPsrecord(in *lines, o *Options, _ *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		each(in, func(err error) { yield(block{}, err) }, func(line string) (bool, error) {
			f := strings.Fields(line)
			if len(f) == 0 || f[0] == "#" {
				return true, nil
			}
			at, cpu := number(f[0]), number(field(f, 1))
			if math.IsNaN(at) || math.IsNaN(cpu) {
				return false, in.fail("not \"seconds percent MB MB\": %.40q", line)
			}
			r := newRow(theOne)
			r.name, r.cores, r.resident = only(o, in), cpu/100, bytesOf(field(f, 2), 1<<20)
			b := newBlock(at)
			b.rows = []row{r}
			return yield(b, nil), nil
		})
	}
}

func looksLikeSar(head []string) bool {
	for _, l := range head {
		f := strings.Fields(l)
		if indexOf(f, "%idle") >= 0 && indexOf(f, "CPU") >= 0 {
			return true
		}
	}
	return false
}

// readSar reads `sar -u`: the whole machine in percent of all cores. Rows of single cores are passed over.
func readSar(in *lines, o *Options, found *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		found.Unit = "all cores"
		var head []string
		var clock dayClock
		each(in, func(err error) { yield(block{}, err) }, func(line string) (bool, error) {
			f := strings.Fields(line)
			if len(f) > 0 && f[0] == "Linux" && found.Cores == 0 {
				found.Cores = coresIn(line)
			}
			if at := indexOf(f, "CPU"); at >= 0 && indexOf(f, "%idle") >= 0 {
				head = f[at:]
				return true, nil
			}
			ofDay, took := timeOfDay(f)
			if took == 0 || head == nil || field(f, took) != "all" {
				return true, nil
			}
			var busy float64
			for _, name := range []string{"%user", "%usr", "%nice", "%system", "%sys"} {
				if x := number(field(f, took+indexOf(head, name))); indexOf(head, name) >= 0 && x > 0 {
					busy += x
				}
			}
			b := newBlock(clock.at(ofDay))
			b.host = busy / 100 * float64(max(o.Cores, found.Cores, 1))
			return yield(b, nil), nil
		})
	}
}

// readCSV reads a table with a header whose columns are named by the options.
func readCSV(in *lines, o *Options, _ *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		c := csvReader{in: in, o: o}
		each(in, func(err error) { yield(block{}, err) }, func(line string) (bool, error) {
			if strings.TrimSpace(line) == "" {
				return true, nil
			}
			f, err := split(line, c.comma)
			if err != nil {
				return false, in.fail("not a row of a CSV: %v", err)
			}
			if c.head == nil {
				return true, c.header(line)
			}
			ready, err := c.row(f)
			if err != nil || ready == nil {
				return true, err
			}
			return yield(*ready, nil), nil
		})
		if c.now != nil {
			yield(*c.now, nil)
		}
	}
}

type csvReader struct {
	in    *lines
	o     *Options
	comma rune
	head  []string
	// at, process, pid and rss are columns, below 0 where there is none; cpu are those of use.
	at, process, pid, rss int
	cpu                   []int
	now                   *block
}

// split parts one line of a CSV.
func split(line string, comma rune) ([]string, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.Comma = comma
	if comma == 0 {
		r.Comma = ','
	}
	r.LazyQuotes = true
	r.FieldsPerRecord = -1
	return r.Read()
}

// header finds the columns.
func (c *csvReader) header(line string) error {
	c.comma = ','
	if strings.Count(line, ";") > strings.Count(line, ",") {
		c.comma = ';'
	}
	if strings.Count(line, "\t") > strings.Count(line, string(c.comma)) {
		c.comma = '\t'
	}
	f, err := split(line, c.comma)
	if err != nil {
		return c.in.fail("not the header of a CSV: %v", err)
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	c.head = f
	find := func(what string) (int, error) {
		name := c.o.Columns[what]
		if name == "" {
			return -1, nil
		}
		at := indexOf(f, name)
		if at < 0 {
			return -1, c.in.fail("there is no column %q for %s; there are %s", name, what, shorten(f))
		}
		return at, nil
	}
	var errs [4]error
	c.at, errs[0] = find("time")
	c.process, errs[1] = find("process")
	c.pid, errs[2] = find("pid")
	c.rss, errs[3] = find("rss")
	for name := range strings.SplitSeq(c.o.Columns["cpu"], "|") {
		at := indexOf(f, strings.TrimSpace(name))
		if at < 0 {
			return c.in.fail("say which column holds the CPU use: --columns time=NAME,cpu=NAME; there are %s", shorten(f))
		}
		c.cpu = append(c.cpu, at)
	}
	if c.at < 0 && c.o.Interval == 0 {
		return c.in.fail("say which column holds the time (--columns time=NAME), or the time between two rows (--interval)")
	}
	for _, err := range errs {
		if err != nil {
			return err // the first is enough
		}
	}
	return nil
}

func shorten(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// row adds a row to the present block and returns the block before, if one is complete.
func (c *csvReader) row(f []string) (*block, error) {
	at := 0.0
	if c.at >= 0 {
		var ok bool
		if at, ok = stamp(field(f, c.at), c.o.DateOrder); !ok {
			return nil, c.in.fail("%.40q is no time", field(f, c.at))
		}
	} else if c.now != nil {
		at = c.now.at + c.o.Interval.Seconds()
	}
	var done *block
	if c.now == nil || c.now.at != at {
		done = c.now
		b := newBlock(at)
		c.now = &b
	}
	unit := 0.01
	if c.o.AllCores {
		unit *= float64(max(c.o.Cores, 1))
	}
	for i, col := range c.cpu {
		x := number(field(f, col))
		if math.IsNaN(x) {
			continue // an empty cell
		}
		if c.process < 0 && c.pid < 0 && len(c.cpu) == 1 && c.o.Process == "" {
			c.now.host = x * unit
			continue
		}
		r := newRow(int32(theOne + i)) //nolint:gosec // as many as columns
		if pid, ok := pidOf(field(f, c.pid)); ok {
			r.pid = pid
		}
		r.name, r.cores = c.name(f, col), x*unit
		r.resident = bytesOf(field(f, c.rss), 1)
		if c.pid < 0 && c.process >= 0 {
			r.pid = nameNumber(r.name)
		}
		if len(c.now.rows) < maxRows {
			c.now.rows = append(c.now.rows, r)
		}
	}
	return done, nil
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
func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
