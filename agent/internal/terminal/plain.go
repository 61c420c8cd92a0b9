package terminal

import (
	"io"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// busiestEvery is how often the plain form tells who is busiest, in seconds of the agent's clock.
const busiestEvery = 10.0

// plainLines is the form for pipes and logs: one line for each change of an alert, and now and then the busiest.
type plainLines struct {
	out io.Writer
	// told holds what was last said of each open alert.
	told  map[string]string
	next  float64 // when the busiest are told again
	last  float64
	begun bool
}

func (p *plainLines) event(e api.Event) error {
	if e.Alert != nil {
		return p.alert(e.Alert)
	}
	if e.Live == nil {
		return nil
	}
	due := !p.begun || e.Live.T < p.last || e.Live.T >= p.next
	if p.last = e.Live.T; !due {
		return nil
	}
	p.begun, p.next = true, e.Live.T+busiestEvery
	return p.line(e.Live.Time, busiest(e.Live))
}

// alert tells an alert unless only its figures changed.
func (p *plainLines) alert(a *api.Alert) error {
	news := strings.Join([]string{
		string(a.State), string(a.Severity), a.Site, string(a.SiteConfidence), a.EmbeddedIn, a.SnoozedUntil.Format(time.RFC3339),
	}, "\x00")
	if p.told[a.ID] == news {
		return nil
	}
	if a.State == api.Resolved {
		delete(p.told, a.ID)
	} else if len(p.told) < maxOpen {
		p.told[a.ID] = news
	}
	return p.line(a.Updated, left(stateWord(a.State), stateWidth)+"  "+told(a))
}

// told is the one line that says how an alert stands.
func told(a *api.Alert) string {
	switch a.State {
	case api.Resolved:
		return exactly(a) + ": " + ended(a.Reason) + ", after " + span(a.Busy) + "."
	case api.Pending:
		return exactly(a) + ": busy for " + span(a.Busy) + "; asking whose load it is."
	case api.Firing:
	}
	return english().Body(a) + hushed(a)
}

// busiest is one line with the three busiest rows.
func busiest(l *api.Live) string {
	s := "CPU " + percent(l.Machine) + " of " + count(l.Cores, "core") + ": "
	rows := buildRows(l, nil, func(*api.LiveRow) bool { return false })
	if len(rows) == 0 {
		return s + "nothing stands out"
	}
	var top []string
	for i := range rows[:min(3, len(rows))] {
		r := &rows[i]
		one := label(&r.about) + " " + cores(r.about.Cores) + " cores"
		if r.state == suspected {
			one += " (" + looksHow(r.about.Severity, r.about.Confidence) + ")"
		}
		top = append(top, one)
	}
	return s + strings.Join(top, "; ")
}

func (p *plainLines) line(t time.Time, s string) error {
	_, err := io.WriteString(p.out, t.Local().Format("15:04:05")+"  "+s+"\n")
	return err
}

// stateWidth is the width of the longest stateWord.
const stateWidth = 8

// stateWord is an alert's state as the command line writes it; the one to act on stands out.
func stateWord(s api.AlertState) string {
	switch s {
	case api.Firing:
		return "FIRING"
	case api.Pending, api.Resolved:
	}
	return name(string(s))
}
