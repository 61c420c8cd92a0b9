package importer

import (
	"errors"
	"io"
	"iter"
	"math"
	"path"
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
	if base == "-" || base == "" {
		return "(standard input)"
	}
	return base
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
					return false, in.fail("the header names no Time and utime; use the text output of prmon")
				}
				return true, nil
			case len(f) != len(head):
				return false, in.fail("the row has %d fields, the header %d; is a line broken? Take it out", len(f), len(head))
			}
			get := func(name string) float64 { return number(field(f, indexOf(head, name))) }
			at, user, system := get("Time"), get("utime"), get("stime")
			if math.IsNaN(at) || math.IsNaN(user) || math.IsNaN(system) {
				return false, in.fail("Time, utime or stime is no number; is the line broken? Take it out")
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
				return false, in.fail("not \"seconds percent MB MB\" but %.40q; is the line broken? Take it out", line)
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
		r := sar{o: o, found: found}
		each(in, func(err error) { yield(block{}, err) }, func(line string) (bool, error) {
			b, ok := r.line(line)
			return !ok || yield(b, nil), nil
		})
	}
}

type sar struct {
	o     *Options
	found *Found
	clock dayClock
	head  []string
	first int // where the header's columns begin: before them stands a time
}

func (r *sar) line(line string) (block, bool) {
	f := strings.Fields(line)
	if len(f) > 0 && f[0] == "Linux" && r.found.Cores == 0 {
		r.found.Cores, r.clock.base = coresIn(line), midnight(line, r.o)
	}
	if at := indexOf(f, "CPU"); at >= 0 && indexOf(f, "%idle") >= 0 {
		r.head, r.first = f, at
		return block{}, false
	}
	at, took := timeOfDay(f)
	if took == 0 || r.head == nil || field(f, r.first) != "all" {
		return block{}, false
	}
	if took < r.first && at.half == "" { // an unknown word for the half of the day
		at.half = "?"
		at.seconds = clockTime{seconds: at.seconds, half: "am"}.in24()
	}
	idle := 0.0
	for _, name := range []string{"%idle", "%iowait", "%steal"} {
		if x := number(field(f, indexOf(r.head, name))); x > 0 {
			idle += x
		}
	}
	b := newBlock(r.clock.at(at))
	b.host = max(0, 100-idle) / 100 * float64(max(r.o.Cores, r.found.Cores, 1))
	return b, true
}
