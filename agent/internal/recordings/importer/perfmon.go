package importer

import (
	"math"
	"strconv"
	"strings"
	"time"
)

func looksLikePerfmon(head []string) bool {
	for _, l := range head[:min(len(head), 5)] {
		switch {
		case strings.Contains(l, "CookedValue"):
			return false // of Get-Counter
		case strings.Contains(l, "PDH-"), strings.Contains(l, `"\\`) && strings.Contains(l, `)\`):
			return true
		}
	}
	return false
}

// perfmon reads the tables of typeperf, relog and Perfmon, parted by commas, semicolons or tabs: 100 % is one core for a
// process.
type perfmon struct {
	counters
	comma rune
	paths []counterPath // of the columns after the time
	known bool
	rows  int
}

func newPerfmon(l *log) *perfmon { return &perfmon{counters: newCounters(l)} }

func (p *perfmon) line(line string) error {
	line = strings.TrimSpace(line)
	if line == "" || p.known && line[0] != '"' && (line[0] < '0' || line[0] > '9') {
		return nil // typeperf says goodbye in words
	}
	if !p.known {
		if !strings.Contains(line, `\`) {
			return nil
		}
		p.comma = separator(line)
	}
	f, err := split(line, p.comma)
	if err != nil {
		return p.fail("not a row of a CSV (%v); is the line broken? Take it out", err)
	}
	if !p.known {
		return p.header(f)
	}
	return p.row(f)
}

func (p *perfmon) end() error { return nil }

// header finds the columns.
func (p *perfmon) header(f []string) error {
	p.known = true
	p.zone(field(f, 0))
	use := false
	for _, name := range f[min(1, len(f)):] {
		path := p.path(name)
		if path.host != "" && path.kind != counterOther {
			others, err := p.others(path.host)
			if err != nil {
				return err
			}
			if others {
				path.kind = counterOther
			}
		}
		use = use || (path.kind != counterOther && path.kind != counterPID && path.kind != counterMemory && path.kind != counterTotal && path.kind != counterCore)
		p.paths = append(p.paths, path)
	}
	if !use {
		return p.fail(`no counter such as "\\HOST\Process(NAME)\%% Processor Time" in the header; record "\Process(*)\%% Processor Time"`)
	}
	return nil
}

// zone reads the minutes west of Greenwich from "(PDH-CSV 4.0) (W. Europe Standard Time)(-60)".
func (p *perfmon) zone(first string) {
	open := strings.LastIndexByte(first, '(')
	west, err := strconv.Atoi(strings.TrimSuffix(first[open+1:], ")"))
	if err == nil && p.o.Zone == nil && west >= -day/60 && west <= day/60 {
		p.o.Zone = time.FixedZone("", -60*west)
	}
}

// row reads the values of one moment.
func (p *perfmon) row(f []string) error {
	at, ok := p.timestamp(f[0])
	if !ok {
		return p.fail("%.40q is no time; for dates with the day first add --date-order dmy, or take a broken line out", f[0])
	}
	var values []counterValue
	for i, cell := range f[1:min(len(f), len(p.paths)+1)] {
		path := p.paths[i]
		if path.kind == counterOther {
			continue
		}
		x := number(cell)
		if math.IsNaN(x) && !isEmpty(cell) {
			return p.fail("%.40q is no number; is the line broken? Take it out", cell)
		}
		values = append(values, counterValue{path, x})
	}
	if p.rows < peeked {
		p.learn(values)
	}
	p.rows++
	p.emit(p.block(at, values))
	return nil
}
