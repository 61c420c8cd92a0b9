package importer

import (
	"math"
	"strings"
)

func looksLikeGetProcess(head []string) bool {
	for _, l := range head[:min(len(head), 6)] {
		if strings.HasPrefix(l, "#TYPE") && strings.Contains(l, "System.Diagnostics.Process") && !strings.Contains(l, "ProcessModule") {
			return true
		}
		if strings.ContainsAny(l, ",;\t") {
			if f, err := split(l, separator(l)); err == nil && isGetProcess(f) {
				return true
			}
		} else if isGetProcess(strings.Fields(l)) && strings.Contains(l, "CPU(s)") {
			return true
		}
	}
	return false
}

// isGetProcess tells the titles of Get-Process by properties that only it has next to Id and CPU.
func isGetProcess(titles []string) bool {
	if indexOf(titles, "Id") < 0 || indexOf(titles, "CPU", "CPU(s)", "TotalProcessorTime") < 0 {
		return false
	}
	return indexOf(titles, "WorkingSet64", "WS", "WS(K)", "WS(M)", "Handles", "ProcessName", "NPM(K)", "PM", "PagedMemorySize64", "SI", "PrivateMemorySize64", "__NounName") >= 0
}

// getProcess reads Get-Process: a CSV of chosen properties, or its table. CPU is in seconds since the start of a process.
type getProcess struct {
	*log
	timer  timer
	now    block
	seen   map[int32]bool
	titles string
	table  *underlined
	cols   columns
	comma  rune
	unit   float64 // of memory, in bytes
	when   string
	// last and fell check that CPU is a counter.
	last       map[int32]float64
	fell, rose int
}

var processWords = func() map[string]column { //nolint:gochecknoglobals // a table that nothing changes
	m := words(colPID, colName, colResident, colTime, colTotal, colHost)
	m["cpu"], m["time"], m["ws(k)"], m["ws(m)"] = colTotal, colTime, colResident, colResident
	delete(m, "processid")
	return m
}()

func newGetProcess(l *log) *getProcess {
	l.found.Unit = ""
	return &getProcess{log: l, timer: newTimer(), now: newBlock(0), seen: map[int32]bool{}, last: map[int32]float64{}}
}

func (g *getProcess) line(line string) error {
	text := strings.TrimSpace(line)
	switch {
	case text == "" || strings.HasPrefix(text, "#TYPE"):
		return nil
	case isUnderline(line):
		if isGetProcess(strings.Fields(g.titles)) {
			if err := g.finish(); err != nil {
				return err
			}
			t := underlinedBy(g.titles, line)
			g.table = &t
			g.columns(t.titles)
		}
		return nil
	case g.comma == 0 && strings.ContainsAny(text, ",;\t") && g.table == nil:
		if f, err := split(text, separator(text)); err == nil && (isGetProcess(f) || indexOf(f, "Id") >= 0 && indexOf(f, "CPU", "TotalProcessorTime") >= 0) {
			g.comma = separator(text)
			g.columns(f)
			return nil
		}
	}
	if g.comma != 0 {
		f, err := split(text, g.comma)
		if err != nil {
			return g.fail("not a row of a CSV (%v); is the line broken? Take it out", err)
		}
		if field(f, g.cols.at[colPID]) == "Id" {
			return nil // the titles again
		}
		return g.row(f)
	}
	if at, ok := g.sometime(text); ok {
		err := g.finish()
		g.timer.at = at
		return err
	}
	g.titles = line
	if g.table != nil && !isGetProcess(strings.Fields(line)) {
		return g.row(g.table.row(line))
	}
	return nil
}

func (g *getProcess) columns(titles []string) {
	g.cols = columnsOf(titles, processWords)
	if at := indexOf(titles, "ProcessName", "Name"); at >= 0 {
		g.cols.at[colName] = at
	}
	if at := indexOf(titles, "CPU", "CPU(s)"); at >= 0 {
		g.cols.at[colTotal] = at
	}
	g.unit = 1
	switch strings.ToLower(field(titles, g.cols.at[colResident])) {
	case "ws(k)":
		g.unit = 1 << 10
	case "ws(m)":
		g.unit = 1 << 20
	}
}

func (g *getProcess) row(f []string) error {
	pid, ok := pidOf(g.cols.get(f, colPID))
	if !ok {
		return g.fail("%.40q is no process id; is the line broken? Take it out", g.cols.get(f, colPID))
	}
	if g.cols.has(colHost) {
		if others, err := g.others(g.cols.get(f, colHost)); err != nil || others {
			return err
		}
	}
	if when := g.cols.get(f, colTime); g.cols.has(colTime) && when != g.when || g.seen[pid] {
		if err := g.finish(); err != nil {
			return err
		}
		g.when = when
		if g.cols.has(colTime) {
			at, ok := g.timestamp(when)
			if !ok {
				return g.fail("%.40q is no time; for dates with the day first add --date-order dmy, or take a broken line out", when)
			}
			g.timer.at = at
		}
	}
	g.seen[pid] = true
	cell := g.cols.get(f, colTotal)
	used := number(cell)
	if strings.Contains(cell, ":") {
		used = cpuTime(cell)
	}
	if math.IsNaN(used) {
		if isEmpty(cell) {
			return nil // without the right to read it
		}
		return g.fail("%.40q is no number of seconds; is the line broken? Take it out", cell)
	}
	if before, known := g.last[pid]; known && used < before {
		g.fell++
	}
	g.last[pid] = used
	if g.rose++; g.fell > 3 && g.fell > g.rose/10 {
		return g.fail("CPU goes down again and again, so it is no time since the start of a process; name the columns with --from csv")
	}
	if len(g.now.rows) >= maxRows || len(g.last) > g.o.MaxProcesses {
		return g.fail("more than %d processes; take a part of the log", min(maxRows, g.o.MaxProcesses))
	}
	r := newRow(pid)
	r.line, r.name, r.cpu, r.resident = g.in.n, program(g.cols.get(f, colName)), used, bytesOf(g.cols.get(f, colResident), g.unit)
	if pid != 0 { // Idle
		g.now.rows = append(g.now.rows, r)
	}
	return nil
}

func (g *getProcess) finish() error {
	if len(g.now.rows) == 0 {
		return nil
	}
	var err error
	if g.now.at, err = g.timer.next(g.log, "5s"); err != nil {
		return err
	}
	g.emit(g.now)
	g.now = newBlock(0)
	clear(g.seen)
	return nil
}

func (g *getProcess) end() error { return g.finish() }
