package importer

import (
	"math"
	"regexp"
	"strings"
)

// The logs of a whole computer: no verdict is possible on them, but its load can be seen.

// unusedTitles are the columns of the time in which a core did nothing for the computer: idle, waiting for a disk, or
// taken by another guest.
var unusedTitles = []string{"%idle", "%iowait", "%steal", "id", "wa", "st", "idl", "wai", "stl", "[CPU]Idle%", "[CPU]Wait%", "[CPU]Steal%"} //nolint:gochecknoglobals // a table that nothing changes

// shareOf returns the share of the computer that a row says is in use; ok is false where a column is no number.
func shareOf(titles, row []string) (share float64, ok bool) {
	unused, n := 0.0, 0
	for i, t := range titles {
		if indexOf(unusedTitles, t) < 0 {
			continue
		}
		x := number(field(row, i))
		if math.IsNaN(x) {
			return 0, false
		}
		unused += x
		n++
	}
	return max(0, 100-unused) / 100, n > 0
}

// emitShare hands on a sample of the whole computer.
func (l *log) emitShare(at, share float64) {
	l.found.Unit = "all cores"
	b := newBlock(at)
	b.host, b.whole = share, true
	l.emit(b)
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

// sar reads `sar -u` and mpstat. Rows of single cores are passed over.
type sar struct {
	*log
	head  []string
	first int // where the header's columns begin: before them stands a time
}

func newSar(l *log) *sar { return &sar{log: l} }

func (r *sar) line(line string) error {
	f := strings.Fields(line)
	if len(f) > 0 && f[0] == "Linux" {
		return r.sysstat(strings.TrimSpace(line))
	}
	if at := indexOf(f, "CPU"); at >= 0 && indexOf(f, "%idle") >= 0 {
		r.head, r.first = f, at
		return nil
	}
	at, took := timeOfDay(f)
	if took == 0 || r.head == nil || field(f, r.first) != "all" {
		return nil
	}
	if took < r.first && at.half == "" { // an unknown word for the half of the day
		at.half = "?"
		at.seconds = clockTime{seconds: at.seconds, half: "am"}.in24()
	}
	share, ok := shareOf(r.head, f)
	if !ok {
		return r.fail("%%idle is no number; is the line broken? Take it out")
	}
	r.emitShare(r.clock.at(at), share)
	return nil
}

func (r *sar) end() error { return nil }

func vmstatTitles(f []string) bool {
	return indexOf(f, "us") >= 0 && indexOf(f, "sy") >= 0 && indexOf(f, "id") >= 0 && indexOf(f, "r") >= 0
}

func looksLikeVmstat(head []string) bool {
	for _, l := range head {
		if vmstatTitles(strings.Fields(l)) {
			return true
		}
	}
	return false
}

// vmstat reads `vmstat [-t] [-w] 1`. Its first row is the mean since boot.
type vmstat struct {
	*log
	titles []string
	timer  timer
	begun  bool
}

func newVmstat(l *log) *vmstat { return &vmstat{log: l, timer: newTimer()} }

func (v *vmstat) line(line string) error {
	f := strings.Fields(line)
	switch {
	case vmstatTitles(f):
		v.titles = f
		return nil
	case len(f) == 0 || v.titles == nil || !isNumber(f[0]):
		if at, ok := v.sometime(line); ok && v.titles != nil {
			v.timer.at = at
		}
		return nil
	}
	share, ok := shareOf(v.titles, f)
	if !ok || len(f) < indexOf(v.titles, "id") {
		return v.fail("not a row of vmstat: %.40q; is the line broken? Take it out", line)
	}
	last := max(indexOf(v.titles, "id"), indexOf(v.titles, "wa"), indexOf(v.titles, "st"), indexOf(v.titles, "gu"))
	if last+1 < len(f) {
		if at, ok := v.sometime(strings.Join(f[last+1:], " ")); ok {
			v.timer.at = at
		}
	}
	at, err := v.timer.next(v.log, "1s")
	if err != nil {
		return err
	}
	if !v.begun { // of the time since boot
		v.begun = true
		return nil
	}
	v.emitShare(at, share)
	return nil
}

func (v *vmstat) end() error { return nil }

func looksLikeCollectl(head []string) bool {
	return anyLine(head, func(l string) bool { return strings.HasPrefix(l, "#") && strings.Contains(l, "[CPU]") })
}

// collectl reads `collectl -P -sc`: a table of the whole computer, with the number of cores above it.
type collectl struct {
	*log
	titles []string
}

var collectlCores = regexp.MustCompile(`NumCPUs: (\d+)`)

func newCollectl(l *log) *collectl { return &collectl{log: l} }

func (c *collectl) line(line string) error {
	parts := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t,;|", r) })
	}
	if m := collectlCores.FindStringSubmatch(line); m != nil && c.found.Cores == 0 {
		if n := number(m[1]); n >= 1 && n <= maxCores {
			c.found.Cores = int(n)
		}
	}
	if titles, ok := strings.CutPrefix(line, "#"); ok {
		if strings.Contains(titles, "[CPU]") {
			c.titles = parts(titles)
		}
		return nil
	}
	f := parts(line)
	if len(f) == 0 || c.titles == nil {
		return nil
	}
	at, ok := c.timestamp(field(f, indexOf(c.titles, "Date")) + " " + field(f, indexOf(c.titles, "Time")))
	if indexOf(c.titles, "UTC") >= 0 {
		at, ok = c.timestamp(f[indexOf(c.titles, "UTC")])
	}
	share, figures := shareOf(c.titles, f)
	if !ok || !figures || len(f) < len(c.titles) {
		return c.fail("not a row of collectl: %.40q; is the line broken? Take it out", line)
	}
	c.emitShare(at, share)
	return nil
}

func (c *collectl) end() error { return nil }
