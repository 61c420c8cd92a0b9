package importer

import (
	"math"
	"strings"
)

func looksLikeGetCounter(head []string) bool {
	for i, l := range head {
		t := strings.TrimSpace(l)
		low := strings.ToLower(t)
		switch {
		case strings.HasPrefix(low, "timestamp") && strings.Contains(low, "countersamples"):
			return true
		case strings.Contains(low, "path") && strings.Contains(low, "cookedvalue"):
			return true
		case strings.HasPrefix(low, `path`) && i+1 < len(head) && strings.Contains(low, `: \\`):
			return true
		case (strings.HasPrefix(t, `\\`) || strings.Contains(t, ` \\`)) && strings.HasSuffix(t, " :"):
			return true
		}
	}
	return false
}

// getCounter reads what PowerShell prints of Get-Counter: its own list of samples, a table or list of chosen properties,
// or a CSV of them.
type getCounter struct {
	counters
	timer  timer
	values []counterValue
	seen   map[string]bool // the paths of the present moment
	pages  int
	// form is how the log is written, once a title says so.
	titles string
	table  *underlined
	cols   columns
	comma  rune
	// path is one that waits for its value: the list prints it in the next line.
	path   string
	inPath bool
	when   string // the time of a row in a table
}

func newGetCounter(l *log) *getCounter {
	return &getCounter{counters: newCounters(l), timer: newTimer(), seen: map[string]bool{}}
}

// longestPath is that of Windows's counters, PDH_MAX_COUNTER_PATH.
const longestPath = 2048

var counterWords = words(colPath, colValue, colTime) //nolint:gochecknoglobals // a table that nothing changes

func (g *getCounter) line(line string) error {
	text := strings.TrimSpace(line)
	switch {
	case text == "" || strings.HasPrefix(text, "#TYPE"):
		return nil
	case g.titled(line, text):
		return nil
	case g.comma != 0:
		f, err := split(text, g.comma)
		if err != nil {
			return g.fail("not a row of a CSV (%v); is the line broken? Take it out", err)
		}
		return g.tableRow(f)
	case g.table != nil:
		return g.tableRow(g.table.row(line))
	case strings.HasPrefix(strings.ToLower(text), "timestamp ") && strings.Contains(text, ":") && !strings.Contains(text, `\\`):
		_, value, _ := strings.Cut(text, ":")
		return g.moment(strings.TrimSpace(value))
	}
	return g.listed(text)
}

// titled reads the titles of a table or of a CSV.
func (g *getCounter) titled(line, text string) bool {
	low := strings.ToLower(text)
	switch {
	case isUnderline(line):
		if strings.Contains(strings.ToLower(g.titles), "cookedvalue") {
			t := underlinedBy(g.titles, line)
			g.table, g.cols = &t, columnsOf(t.titles, counterWords)
		}
		return true
	case strings.Contains(low, "cookedvalue") && strings.ContainsAny(text, ",;\t") && !strings.Contains(low, `\\`):
		g.comma = separator(text)
		if f, err := split(text, g.comma); err == nil {
			g.cols = columnsOf(f, counterWords)
		}
		return true
	case strings.Contains(low, "cookedvalue") && !strings.Contains(text, ":"), strings.HasPrefix(low, "timestamp") && strings.Contains(low, "countersamples"):
		g.titles = line
		return true
	}
	return false
}

// tableRow reads a row of a table.
func (g *getCounter) tableRow(f []string) error {
	if g.cols.has(colTime) {
		if when := g.cols.get(f, colTime); when != g.when {
			g.when = when
			if err := g.moment(when); err != nil {
				return err
			}
		}
	}
	path, value := g.cols.get(f, colPath), g.cols.get(f, colValue)
	if !g.cols.has(colPath) {
		return g.fail("the table has no Path, so that nobody knows what its numbers are; record with Select-Object Timestamp, Path, CookedValue")
	}
	return g.add(path, value)
}

// listed reads a line of Get-Counter's own list: "TIME  \\HOST\…\… :" and the value in the next line. Format-List
// writes "Path : \\…" and "CookedValue : 1".
func (g *getCounter) listed(text string) error {
	name, value, ok := strings.Cut(text, " :")
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "path":
		if ok {
			g.path, g.inPath = strings.TrimSpace(value), false
			return nil
		}
	case "cookedvalue":
		if ok {
			path := g.path
			g.path = ""
			return g.add(path, value)
		}
	}
	if at := strings.Index(text, `\\`); at >= 0 {
		if when := strings.TrimSpace(text[:at]); when != "" {
			if err := g.moment(when); err != nil {
				return err
			}
		}
		g.path, g.inPath = text[at:], true
	} else if g.inPath {
		if g.path += " " + text; len(g.path) > longestPath {
			return g.fail("a path of a counter without an end; is the log broken?")
		}
	} else if g.path != "" {
		path := g.path
		g.path = ""
		return g.add(path, text)
	}
	if g.inPath && strings.HasSuffix(g.path, ":") {
		g.path, g.inPath = strings.TrimSpace(strings.TrimSuffix(g.path, ":")), false
	}
	return nil
}

// moment begins the samples of another time.
func (g *getCounter) moment(when string) error {
	at, ok := g.timestamp(when)
	if !ok {
		return g.fail("%.40q is no time; for dates with the day first add --date-order dmy, or take a broken line out", when)
	}
	if at != g.timer.at {
		if err := g.finish(); err != nil {
			return err
		}
	}
	g.timer.at = at
	return nil
}

// add enters the value of a counter. One that comes again is of the next moment.
func (g *getCounter) add(path, text string) error {
	if strings.HasSuffix(path, "...") || strings.HasSuffix(path, "…") {
		return g.fail("the table is cut (%.40q); record with | Format-Table -AutoSize | Out-String -Width 4096, or Export-Csv", path)
	}
	p := g.counters.path(path)
	if p.host != "" {
		if others, err := g.others(p.host); err != nil || others {
			return err
		}
	}
	x := number(text)
	if math.IsNaN(x) && !isEmpty(text) {
		return g.fail("%.40q is no number; is the line broken? Take it out", text)
	}
	if g.seen[path] {
		if err := g.finish(); err != nil {
			return err
		}
	}
	if len(g.values) >= maxRows {
		return g.fail("more than %d counters at one time; take a part of the log", maxRows)
	}
	g.seen[path] = true
	g.values = append(g.values, counterValue{p, x})
	return nil
}

func (g *getCounter) finish() error {
	if len(g.values) == 0 {
		return nil
	}
	at, err := g.timer.next(g.log, "1s")
	if err != nil {
		return err
	}
	if g.pages < peeked {
		g.learn(g.values)
	}
	g.pages++
	b := g.block(at, g.values)
	if len(b.rows) == 0 && math.IsNaN(b.host) {
		return g.fail(`no counter such as "\\HOST\Process(NAME)\%% Processor Time" at this time; record "\Process(*)\%% Processor Time"`)
	}
	g.emit(b)
	g.values = nil
	clear(g.seen)
	return nil
}

func (g *getCounter) end() error { return g.finish() }
