package importer

import (
	"math"
	"regexp"
	"strings"
)

// procpsTop is top of Linux: `top -b [-d 1] [-c] [-i] [-H]`. The first page tells of the time since boot and only opens
// the accounts. With -i idle processes are left out; here everything that is left out did nothing.
var procpsTop = dialect{ //nolint:gochecknoglobals // a table that nothing changes
	tool: "top", record: "LC_ALL=C top -b -d 1 -w 512", begins: beginsTop, above: aboveTop, since: true, usual: "3s",
}

const topFirst = "top - "

func looksLikeTop(head []string) bool {
	for _, l := range head {
		if strings.HasPrefix(strings.TrimSpace(l), topFirst) {
			return true
		}
	}
	return false
}

// looksLikeTopRows recognises pages without the lines above the titles, as people paste them.
func looksLikeTopRows(head []string) bool {
	for _, l := range head {
		f := strings.Fields(l)
		if indexOf(f, "%CPU") >= 0 && (indexOf(f, "TIME+", "PR", "VIRT", "SHR") >= 0) && !isNumber(f[0]) {
			return true
		}
	}
	return false
}

func beginsTop(l *log, line string) (float64, bool) {
	if !strings.HasPrefix(line, topFirst) {
		return 0, false
	}
	t, took := timeOfDay(strings.Fields(line[len(topFirst):]))
	if took == 0 {
		l.note("line %d has no time after %q", l.in.n, topFirst)
		return math.NaN(), true
	}
	return l.clock.at(t), true
}

// threadWords are parts of what top calls threads in the languages of procps.
var threadWords = []string{ //nolint:gochecknoglobals // a table that nothing changes
	"thread", "hilo", "wątk", "tråd", "потоки", "потік", "fire exec", "tuyến trình", "线程", "執行緒", "スレッド", "스레드", "ნაკად", "fils",
	"vlákn", "filament", "szál", "säikeet",
}

var (
	figures  = regexp.MustCompile(`\d+(?:[.,]\d+)?`)
	coreLine = regexp.MustCompile(`(?i)%?c(?:p|п)(?:u|роц)[^\s\d:]{0,4}\s?\d+\s*:`)
	allLine  = regexp.MustCompile(`(?i)^%?c(?:p|п)(?:u|роц)[^\d:]{0,5}:`)
)

// aboveTop reads how many cores there are, what share of them is busy, and whether rows are threads.
func aboveTop(s *screen, line string) {
	label, figuresText, ok := strings.Cut(line, ":")
	if !ok {
		return
	}
	label = strings.ToLower(label)
	for _, w := range threadWords {
		if strings.Contains(label, w) {
			s.found.Loose = true
		}
	}
	if n := len(coreLine.FindAllString(line, -1)); n > 0 {
		s.loads += n // one or two cores a line
		return
	}
	const idle, waiting, stolen = 3, 4, 7 // us sy ni id wa hi si st, in every language
	n := figures.FindAllString(figuresText, -1)
	if !allLine.MatchString(line) || len(n) <= waiting || strings.Contains(figuresText, "[") {
		return
	}
	busy := 100 - number(n[idle]) - number(n[waiting])
	if len(n) > stolen {
		busy -= number(n[stolen])
	}
	s.now.busy = min(max(busy, 0), 100) / 100
}
