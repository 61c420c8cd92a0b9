package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/mattn/go-isatty"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/patrol"
)

// lineEvery is how often a log gets a line about how far it is.
const lineEvery = 30 * time.Second

// progress shows how far a run is: a bar on a terminal, lines in a log. It is a writer for other lines, which it puts above
// the bar.
type progress struct {
	mu    sync.Mutex
	to    io.Writer
	file  *os.File // the terminal, nil for a log
	drawn bool
	begun bool
	said  time.Time
}

func newProgress(to io.Writer) *progress {
	p := &progress{to: to}
	if w, ok := to.(*words.Writer); ok {
		if f, ok := w.Unwrap().(*os.File); ok && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb" {
			p.file = f
		}
	}
	return p
}

// Write passes on a line.
func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
	return p.to.Write(text)
}

// Sync is there for the log.
func (*progress) Sync() error { return nil }

func (p *progress) wipe() {
	if p.drawn {
		_, _ = io.WriteString(p.file, "\r\x1b[K") // a terminal that is gone shows nothing
		p.drawn = false
	}
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
}

func (p *progress) tell(at *patrol.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !p.begun {
		p.begun, p.said = true, now
		if at.Resumed {
			fmt.Fprintf(p.to, "It goes on after %d of %d pages, with the settings that it began with.\n", at.Done, at.Total)
		}
	}
	if at.Last != nil && at.Last.Found() {
		p.wipe()
		fmt.Fprintf(p.to, "%s %s: %s\n", now.Format(time.TimeOnly), words.CleanSentence(at.Last.URL), words.CleanSentence(at.Last.Sentence))
	}
	switch {
	case p.file != nil:
		width, _, err := term.GetSize(p.file.Fd())
		if err != nil || width < 20 {
			width = 80
		}
		p.wipe()
		_, _ = io.WriteString(p.file, bar(at, now, width)) // see wipe
		p.drawn = true
	case now.Sub(p.said) >= lineEvery:
		p.said = now
		fmt.Fprintf(p.to, "%s %s\n", now.Format(time.TimeOnly), figures(at, now))
	}
}

// figures says how far a run is.
func figures(at *patrol.Progress, now time.Time) string {
	s := fmt.Sprintf("%d of %d pages: %d mining_like, %d heavy, %d unknown; %d open",
		at.Done, at.Total, at.Counts[check.MiningLike], at.Counts[check.Heavy], at.Counts[check.Unknown], at.Open)
	if took, n := now.Sub(at.Since), at.Done-at.DoneBefore; took > 10*time.Second && n > 0 {
		each := took / time.Duration(n)
		s += fmt.Sprintf("; %.0f an hour, %v left", float64(time.Hour)/float64(each), (each * time.Duration(at.Total-at.Done)).Round(time.Minute))
	}
	return s
}

// bar is a line of at most width columns, less one: some terminals break a full line.
func bar(at *patrol.Progress, now time.Time, width int) string {
	text := figures(at, now)
	room := min(30, width-len(text)-4)
	if room < 5 {
		return text[:min(len(text), width-1)]
	}
	full := room * at.Done / max(1, at.Total)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", room-full) + "] " + text
}
