package importer

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
)

// log is what every parser works on: the lines, what the user said, what was found, and the blocks that are ready.
type log struct {
	in    *lines
	o     *Options
	found *Found
	clock dayClock
	// order is that of dates, once one of them proves it.
	order string
	ready []block
	host  string
	notes map[string]bool
}

// parser reads one kind of log line by line and hands its blocks to emit.
type parser interface {
	line(text string) error
	// end is called after the last line.
	end() error
}

// lined makes the reader of a format of a parser.
func lined[P parser](begin func(*log) P) func(*log) iter.Seq2[block, error] {
	return func(l *log) iter.Seq2[block, error] {
		return func(yield func(block, error) bool) {
			p := begin(l)
			for {
				text, err := l.in.next()
				done := errors.Is(err, io.EOF)
				switch {
				case done:
					err = p.end()
				case err == nil && l.in.host != "":
					var others bool
					if others, err = l.others(l.in.host); err == nil && !others {
						err = p.line(text)
					}
				case err == nil:
					err = p.line(text)
				}
				for _, b := range l.ready {
					if !yield(b, nil) {
						return
					}
				}
				l.ready = l.ready[:0]
				if err != nil {
					yield(block{}, err)
					return
				}
				if done {
					return
				}
			}
		}
	}
}

// emit hands on a complete block.
func (l *log) emit(b block) { l.ready = append(l.ready, b) }

// fail returns an error about the line read last.
func (l *log) fail(format string, args ...any) error { return l.in.fail(format, args...) }

// note says something about the log to the user, once.
func (l *log) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if l.notes == nil {
		l.notes = map[string]bool{}
	}
	if !l.notes[text] && len(l.found.Notes) < maxNotes {
		l.notes[text] = true
		l.found.Notes = append(l.found.Notes, text)
	}
}

const maxNotes = 8

// others reports whether a line tells of a computer other than that which is imported. A log of several is refused until
// one is named, because their processes have the same ids.
func (l *log) others(host string) (bool, error) {
	short := func(s string) string {
		s, _, _ = strings.Cut(strings.ToLower(s), ":")
		return s
	}
	switch {
	case l.o.Host != "":
		return !strings.EqualFold(host, l.o.Host) && short(host) != short(l.o.Host), nil
	case l.host == "":
		l.host = host
	case !strings.EqualFold(l.host, host):
		return false, l.fail("the log tells of several computers (%.40q, %.40q); name the one to import with --host", l.host, host)
	}
	return false, nil
}

// timestamp reads a date with a time. A date that can be in one order only proves the order of those after it.
func (l *log) timestamp(s string) (float64, bool) {
	order := l.o.DateOrder
	if order == "" {
		order = l.order
	}
	at, proved, ok := timestampOrder(s, order, l.o.zone())
	if ok && proved != "" {
		l.order = proved
	}
	return at, ok
}

// sometime reads a line that holds a time among other words, as `date` prints it in a loop.
func (l *log) sometime(line string) (float64, bool) {
	line = strings.Trim(strings.TrimSpace(line), "=-#*[]> ")
	const most = 100
	if line == "" || len(line) > most {
		return 0, false
	}
	if at, ok := l.timestamp(line); ok && at > 0 {
		return at, strings.Contains(line, ":") || at > 1e8
	}
	words := strings.Fields(line)
	for i := range words {
		t, took := timeOfDay(words[i:])
		if took == 0 || !strings.Contains(words[i], ":") {
			continue
		}
		if base, ok := dateAmong(words, l.o.zone()); ok {
			return base + t.seconds, true
		}
		return l.clock.at(t), true
	}
	return 0, false
}

// timer gives the times of pages: those that the log prints, or one interval after the other.
type timer struct {
	n  int
	at float64 // of the present page, NaN where none was printed
}

func newTimer() timer { return timer{at: math.NaN()} }

// next returns the time of the page that ends. usual is the interval of the tool unless told otherwise.
func (t *timer) next(l *log, usual string) (float64, error) {
	at := t.at
	t.at, t.n = math.NaN(), t.n+1
	switch {
	case !math.IsNaN(at):
		return at, nil
	case l.o.Interval == 0:
		return 0, l.fail("the log prints no time; say how far apart its samples are: --interval %s", usual)
	}
	return float64(t.n-1) * l.o.Interval.Seconds(), nil
}
