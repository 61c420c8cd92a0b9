package importer

import (
	"iter"
	"math"
	"strings"
)

func looksLikeTop(head []string) bool {
	for _, l := range head {
		if strings.HasPrefix(l, "top - ") {
			return true
		}
	}
	return false
}

// readTop reads `top -b [-d 1] [-c] [-i] [-H]`. The first block tells of the time since boot and only opens the accounts.
// With -i idle processes are left out; here everything that is left out did nothing.
func readTop(in *lines, o *Options, found *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		t := top{in: in, o: o, found: found}
		broken, done := false, false
		each(in, func(err error) { yield(block{}, err); broken = true }, func(line string) (bool, error) {
			if !strings.HasPrefix(line, "top - ") {
				return true, t.line(line)
			}
			if t.n > 0 {
				if err := t.finish(); err != nil {
					return false, err
				}
				if done = !yield(t.now, nil); done {
					return false, nil
				}
			}
			return true, t.begin(line)
		})
		if broken || done || t.n == 0 {
			return
		}
		if err := t.finish(); err != nil {
			yield(block{}, err)
			return
		}
		yield(t.now, nil)
	}
}

type top struct {
	in    *lines
	o     *Options
	found *Found
	clock dayClock
	now   block
	n     int // blocks begun
	// columns are the places of the header's columns, -1 where there is none.
	width, pid, user, nice, res, cpu int
	inRows                           bool
	lines                            bool // the log holds command lines
	loads                            int  // lines of single cores in the present block
}

// begin starts a block by its first line.
func (t *top) begin(line string) error {
	at, took := timeOfDay(strings.Fields(line[len("top - "):]))
	if took == 0 {
		return t.in.fail("no time after \"top - \"; is the line cut? Take the block out")
	}
	t.now, t.inRows, t.loads = newBlock(t.clock.at(at)), false, 0
	t.n++
	return nil
}

// finish completes the present block.
func (t *top) finish() error {
	if !t.inRows {
		return t.in.fail("the block before this line has no row of column names with %%CPU; record with LC_ALL=C top -b -w 512")
	}
	for i := range t.now.rows {
		if t.n == 1 {
			t.now.rows[i].cores = 0 // since boot: nothing of it belongs to this moment
		}
	}
	if t.loads > 1 && t.found.Cores == 0 {
		t.found.Cores = t.loads
	}
	names(t.now.rows, &t.lines)
	return nil
}

func (t *top) line(line string) error {
	f := strings.Fields(line)
	switch {
	case t.n == 0 || len(f) == 0:
		return nil
	case !t.inRows && strings.HasPrefix(line, "%Cpu") && !strings.HasPrefix(line, "%Cpu("):
		t.loads += strings.Count(line, "%Cpu") // one or two cores a line
		return nil
	case !t.inRows && strings.HasPrefix(line, "Threads:"):
		t.found.Loose = true
		return nil
	case t.header(f) || !t.inRows || len(t.now.rows) >= maxRows:
		return nil
	}
	pid, ok := pidOf(field(f, t.pid))
	if !ok || len(f) < t.width {
		return t.in.fail("not a row of top: %.40q; is the line broken? Take it out, and record with -w 512", line)
	}
	r := newRow(pid)
	r.cores = number(f[t.cpu]) / 100
	if math.IsNaN(r.cores) {
		return t.in.fail("%.40q is no percentage; is the line broken? Take it out", f[t.cpu])
	}
	if t.o.AllCores {
		r.cores *= float64(max(t.o.Cores, t.found.Cores, 1))
	}
	r.name, r.user = strings.Join(f[t.width-1:], " "), field(f, t.user)
	r.resident = bytesOf(field(f, t.res), 1024)
	if n := number(field(f, t.nice)); n >= -20 && n <= 19 {
		r.nice = int(n)
	}
	t.now.rows = append(t.now.rows, r)
	return nil
}

// header reads the row of column names. Some languages translate all but %CPU: then the pid is the first, as top has it
// if nobody moved it.
func (t *top) header(f []string) bool {
	cpu := indexOf(f, "%CPU")
	if cpu < 0 || isNumber(f[0]) {
		return false
	}
	t.width, t.cpu, t.pid = len(f), cpu, max(0, indexOf(f, "PID"))
	t.user, t.nice, t.res = indexOf(f, "USER", "BENUTZER", "UTIL.", "USUARIO", "UTENTE"), indexOf(f, "NI"), indexOf(f, "RES")
	t.inRows = true
	return true
}
