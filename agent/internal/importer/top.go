package importer

import (
	"errors"
	"io"
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
		for {
			line, err := in.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = t.line(line, yield)
			}
			if err != nil {
				if !errors.Is(err, errDone) {
					yield(block{}, err)
				}
				return
			}
		}
		if t.n > 0 {
			t.finish(yield)
		}
	}
}

type top struct {
	in    *lines
	o     *Options
	found *Found
	clock dayClock
	now   block
	n     int // blocks begun
	// columns are the places of the present block's header, pid below 0 before it.
	width, pid, user, nice, res, cpu int
	inRows                           bool
}

func (t *top) line(line string, yield func(block, error) bool) error {
	if strings.HasPrefix(line, "top - ") {
		if t.n > 0 && !t.finish(yield) {
			return errDone
		}
		at, took := timeOfDay(strings.Fields(line[len("top - "):]))
		if took == 0 {
			return t.in.fail("no time after \"top - \"; was the log cut?")
		}
		t.now, t.inRows = newBlock(t.clock.at(at)), false
		t.n++
		return nil
	}
	f := strings.Fields(line)
	switch {
	case t.n == 0 || len(f) == 0:
		return nil
	case indexOf(f, "PID") >= 0 && indexOf(f, "%CPU") >= 0:
		t.width, t.pid, t.cpu = len(f), indexOf(f, "PID"), indexOf(f, "%CPU")
		t.user, t.nice, t.res = indexOf(f, "USER"), indexOf(f, "NI"), indexOf(f, "RES")
		t.inRows = true
		return nil
	case !t.inRows || len(t.now.rows) >= maxRows:
		return nil
	}
	pid, ok := pidOf(field(f, t.pid))
	if !ok || len(f) < t.width {
		return t.in.fail("not a row of top: %.40q; is a line broken? Record with -w 512", line)
	}
	r := newRow(pid)
	r.cores = number(f[t.cpu]) / 100
	if math.IsNaN(r.cores) {
		return t.in.fail("%q is no percentage", f[t.cpu])
	}
	if t.o.AllCores {
		r.cores *= float64(max(t.o.Cores, 1))
	}
	r.name, r.user = program(strings.Join(f[t.width-1:], " ")), field(f, t.user)
	r.resident = bytesOf(field(f, t.res), 1024)
	if n := number(field(f, t.nice)); n >= -20 && n <= 19 {
		r.nice = int(n)
	}
	t.now.rows = append(t.now.rows, r)
	return nil
}

// finish hands the present block on.
func (t *top) finish(yield func(block, error) bool) bool {
	if t.n == 1 {
		for i := range t.now.rows {
			t.now.rows[i].cores = 0 // since boot: nothing of it belongs to this moment
		}
	}
	return yield(t.now, nil)
}
