package importer

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
)

// dialect is how one tool prints page after page of processes: lines above, the titles of columns, and a row a process.
type dialect struct {
	// tool is its name for messages, record the command to record with instead.
	tool, record string
	// begins reports whether a line is the first of a page, and the time that stands in it, NaN if none.
	begins func(l *log, line string) (at float64, ok bool)
	// above reads the other lines above the titles.
	above func(s *screen, line string)
	// whole says that percentages are of all cores together.
	whole bool
	// since says that the percentages of the first page are of the time since the start of the process or computer.
	since bool
	// counter says that only the CPU time so far tells the use between two pages.
	counter bool
	// untitled says that a page may end without titles.
	untitled bool
	// idle reports whether a row stands for what is not used, and takes from it what it tells.
	idle func(s *screen, r *row) bool
	// usual is the interval of the tool unless told otherwise.
	usual string
}

// screen reads the pages of a dialect.
type screen struct {
	*log
	d     *dialect
	timer timer
	// now is the present page, if one is open; its columns are known once it is titled. later is the time that was
	// printed for the next.
	now          block
	open, titled bool
	later        float64
	n            int // pages begun
	cols         columns
	thread       int    // the column of the thread's name where each row is a thread, else -1
	lines        bool   // the log holds command lines
	loads        int    // single cores told of above the titles
	short        string // a row that may be wrapped
	// hint is the busiest row of the first page and its percentage, for a log that has no other.
	hint row
	said float64
}

func screenOf(d *dialect) func(*log) *screen {
	return func(l *log) *screen {
		return &screen{log: l, d: d, timer: newTimer(), later: math.NaN()}
	}
}

func (s *screen) line(line string) error {
	text := strings.TrimSpace(line)
	if text == "" {
		return nil
	}
	if at, ok := s.d.begins(s.log, text); ok {
		if err := s.finish(); err != nil {
			return err
		}
		if !math.IsNaN(at) {
			s.later = at
		}
		s.begin()
		return nil
	}
	if titles := titlesOf(text); s.columns(titles) {
		return s.header()
	}
	switch {
	case s.open && s.titled:
		return s.row(text)
	case s.open:
		s.above(text)
	default:
		if at, ok := s.sometime(text); ok {
			s.later = at
		}
	}
	return nil
}

// begin opens a page.
func (s *screen) begin() {
	s.now, s.open, s.titled, s.loads, s.short = newBlock(0), true, false, 0, ""
	s.now.whole = s.d.whole
	s.timer.at, s.later = s.later, math.NaN()
	s.n++
}

// header begins the rows, and a page where no line above said so.
func (s *screen) header() error {
	if s.open && s.titled {
		if err := s.finish(); err != nil {
			return err
		}
	}
	if !s.open {
		s.begin()
	}
	s.titled = true
	return nil
}

// columns reads the titles of columns, and reports whether they are such. Some languages translate all but %CPU: then
// the pid is the first, as top has it if nobody moved it.
func (s *screen) columns(titles []string) bool {
	if slices.ContainsFunc(titles, isNumber) {
		return false
	}
	cols := columnsOf(titles, screenWords)
	for i, t := range titles {
		if cols.at[colTotal] < 0 && len(t) > 1 && strings.HasSuffix(t, "+") {
			cols.at[colTotal] = i
		}
	}
	if cpu := indexOf(titles, "CPU"); s.d == &freebsdTop && cols.at[colPercent] < 0 && cpu >= 0 && cols.has(colPID) {
		cols.at[colPercent] = cpu // OpenBSD
	}
	ids := cols.has(colPID) || cols.has(colTID)
	switch {
	case cols.has(colPercent) && (ids || len(titles) > 6):
	case s.d.counter && cols.has(colPID) && (cols.has(colTotal) || indexOf(titles, "C", "STAT", "TTY") >= 0):
	default:
		return false
	}
	if !ids {
		cols.at[colPID] = 0
	}
	if cols.at[colName] < 0 {
		cols.at[colName] = len(titles) - 1
	}
	s.cols, s.thread = cols, indexOf(titles, "THREAD")
	return true
}

// titlesOf parts a line of titles: toybox frames the column it sorts by, "S[%CPU]".
func titlesOf(line string) []string {
	return strings.Fields(strings.NewReplacer("[", " ", "]", " ").Replace(line))
}

var screenWords = words(colPID, colTID, colName, colUser, colNice, colResident, colPercent, colTotal, colState, colThreads, colElapsed) //nolint:gochecknoglobals // a table that nothing changes

// above reads a line above the titles.
func (s *screen) above(text string) {
	if s.d.above != nil {
		s.d.above(s, text)
	}
	if math.IsNaN(s.timer.at) {
		if at, ok := s.sometime(text); ok {
			s.timer.at = at
		}
	}
}

// row reads a row of a process. One that is too short may be wrapped: it goes on in the next line, if that is no row.
func (s *screen) row(text string) error {
	r, ok := s.parse(strings.Fields(text))
	if s.short != "" {
		if !ok {
			r, ok = s.parse(strings.Fields(s.short + " " + text))
		} else {
			ok = false
		}
		if !ok {
			return s.broken(s.short)
		}
		s.short = ""
	}
	if ok {
		return s.add(&r)
	}
	if at, isTime := s.sometime(text); isTime {
		err := s.finish()
		s.later = at
		return err
	}
	first, _, _ := strings.Cut(text, " ")
	_, isPID := pidOf(trimPID(field(strings.Fields(text), max(s.cols.at[colPID], s.cols.at[colTID]))))
	switch {
	case isPID && len(strings.Fields(text)) < s.cols.width:
		s.short = text
	case isPID || isNumber(first):
		return s.broken(text)
	case !strings.Contains(text, ":"):
		s.note("line %d is no row of %s and was left out: %.40q", s.in.n, s.d.tool, text)
	}
	return nil
}

func (s *screen) broken(text string) error {
	return s.fail("not a row of %s: %.40q; is the line broken? Take it out, and record with %s", s.d.tool, text, s.d.record)
}

// add enters a row. Where rows are threads that name their process, they become its threads.
func (s *screen) add(r *row) error {
	if len(s.now.rows) >= maxRows {
		return s.fail("more than %d rows in one page; take a part of the log", maxRows)
	}
	if s.d.idle != nil && s.d.idle(s, r) {
		return nil
	}
	s.now.rows = append(s.now.rows, *r)
	return nil
}

func trimPID(s string) string { return strings.TrimRight(s, "*+-") }

// place parts a row into the cells of its columns: a name may be of several words, wherever it stands, the title of a
// column may be blank in a language, and the state of a process may be two words.
func (s *screen) place(f []string) []string {
	c := &s.cols
	if c.at[colState] >= 0 && len(f) > c.width {
		if mod := field(f, c.at[colState]+1); mod != "" && strings.Trim(mod, "<NLsl+") == "" {
			f = append(append([]string{}, f[:c.at[colState]+1]...), f[c.at[colState]+2:]...)
		}
	}
	if cpu := c.at[colPercent]; cpu >= 0 && c.at[colState] < 0 && len(f) > c.width && isState(field(f, cpu)) && isNumber(field(f, cpu+1)) {
		f = append(append([]string{}, f[:cpu]...), f[cpu+1:]...)
	}
	if len(f) > c.width {
		f = withoutLongStart(f)
	}
	name, extra := c.at[colName], len(f)-c.width
	if s.thread >= 0 {
		name = s.thread
	}
	if extra <= 0 {
		return f
	}
	out := append([]string{}, f[:name]...)
	out = append(out, strings.Join(f[name:name+extra+1], " "))
	return append(out, f[name+extra+1:]...)
}

// withoutLongStart joins the five words of ps -o lstart: "Wed Nov 25 10:00:00 2026".
func withoutLongStart(f []string) []string {
	for i := 0; i+4 < len(f); i++ {
		year, err := pidOf(f[i+4])
		if _, took := timeOfDay(f[i+3 : i+4]); took == 1 && err && year >= 1970 && year < 10_000 && monthOf(f[i+1]) != 0 {
			return append(append(append([]string{}, f[:i]...), strings.Join(f[i:i+5], " ")), f[i+5:]...)
		}
	}
	return f
}

func isState(s string) bool {
	return s != "" && len(s) <= 3 && unicode.IsUpper(rune(s[0])) && !isNumber(s)
}

// parse reads a row; ok is false if it is none.
func (s *screen) parse(f []string) (r row, ok bool) {
	c := &s.cols
	if len(f) < c.width {
		return r, false
	}
	f = s.place(f)
	id := colPID
	if !c.has(colPID) {
		id = colTID
	}
	pid, isPID := pidOf(trimPID(c.get(f, id)))
	if !isPID || len(f) < c.width {
		return r, false
	}
	r = newRow(pid)
	r.line, r.name, r.user = s.in.n, c.get(f, colName), c.get(f, colUser)
	r.resident = bytesOf(c.get(f, colResident), 1024)
	if n := number(c.get(f, colNice)); n >= -20 && n <= 19 {
		r.nice = int(n)
	}
	if n := number(c.get(f, colThreads)); n >= 1 && n <= maxCores {
		r.threads = int(n)
	}
	if s.thread >= 0 && !c.has(colPID) {
		r.user = field(f, s.thread)
	}
	if c.has(colTotal) {
		r.total = cpuTime(c.get(f, colTotal))
	}
	percent := number(c.get(f, colPercent))
	s.remember(&r, percent)
	if s.d.counter {
		r.cpu, r.total = r.total, math.NaN()
		return r, !math.IsNaN(r.cpu) || !c.has(colTotal)
	}
	r.cores = percent / 100
	return r, percent >= 0
}

// remember keeps the busiest row of the first page as a hint.
func (s *screen) remember(r *row, percent float64) {
	if s.n == 1 && (s.hint.line == 0 || percent > s.said || (math.IsNaN(percent) && r.total > s.hint.total)) {
		s.hint, s.said = *r, percent
	}
}

// finish completes the present page.
func (s *screen) finish() error {
	switch {
	case !s.open:
		return nil
	case !s.titled && s.d.untitled:
		s.open = false
		return nil
	case !s.titled:
		return s.fail("the page before this line has no row of column names with %%CPU; record with %s", s.d.record)
	case s.d.counter && !s.cols.has(colTotal):
		return s.fail("%%CPU of ps is a mean since the start of a process, and there is no TIME to compare; record with %s", s.d.record)
	case s.short != "":
		return s.broken(s.short)
	}
	if s.n == 1 && s.d.since {
		for i := range s.now.rows {
			s.now.rows[i].cores = 0 // nothing of it belongs to this moment
		}
	}
	if s.loads > 1 && s.found.Cores == 0 {
		s.found.Cores = s.loads
	}
	if s.thread >= 0 && !s.cols.has(colPID) {
		s.now.rows = s.ofThreads(s.now.rows)
	}
	names(s.now.rows, &s.lines)
	var err error
	if s.now.at, err = s.timer.next(s.log, s.d.usual); err != nil {
		return err
	}
	s.emit(s.now)
	s.open = false
	return nil
}

// ofThreads turns rows that are threads and name their process into processes with threads.
func (s *screen) ofThreads(rows []row) []row {
	s.note("processes of one name count as one: top -H does not say their ids")
	var out []row
	at := map[int32]int{}
	for i := range rows {
		pid := nameNumber(rows[i].name)
		k, known := at[pid]
		if !known {
			k = len(out)
			at[pid] = k
			p := rows[i]
			p.pid, p.tid, p.cores, p.total, p.user = pid, 0, 0, math.NaN(), ""
			out = append(out, p)
		}
		out[k].cores += rows[i].cores
	}
	for i := range rows {
		t := rows[i]
		t.pid, t.tid, t.name = nameNumber(rows[i].name), rows[i].pid, rows[i].user
		out = append(out, t)
	}
	return out
}

func (s *screen) end() error {
	if s.n == 0 {
		return nil
	}
	if s.n > 1 {
		if s.titled && len(s.now.rows) == 0 && s.short == "" || !s.titled {
			return nil // the log ends within a page
		}
		s.short = ""
		return s.finish()
	}
	h := []row{s.hint}
	names(h, &s.lines)
	mean := ""
	switch {
	case s.hint.line == 0:
	case s.said >= 0:
		mean = fmt.Sprintf(" (the busiest, %.40q, pid %d, at %.4g %%, a mean since its start and so no more than a hint)", h[0].name, s.hint.pid, s.said)
	case s.hint.total >= 0:
		mean = fmt.Sprintf(" (the busiest, %.40q, pid %d, used %v of CPU time since its start)", h[0].name, s.hint.pid, span(s.hint.total).Round(time.Second))
	}
	return s.fail("one look only%s, so nothing can be compared; record %s", mean, s.d.record)
}
