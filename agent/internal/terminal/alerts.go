package terminal

import (
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

// Alerts writes past and present alerts, which come oldest first; the newest stands last, next to the prompt. Times
// are in now's time zone.
func Alerts(w io.Writer, alerts []api.Alert, now time.Time) error {
	var b strings.Builder
	if len(alerts) == 0 {
		b.WriteString("No alerts. That is normal: minewatch only speaks up when something keeps this computer busy for long.\n" +
			"To see what is busy now: minewatch watch\n")
		return write(w, &b)
	}
	var open, over []*api.Alert
	for i := range alerts {
		if alerts[i].State == api.Resolved {
			over = append(over, &alerts[i])
		} else {
			open = append(open, &alerts[i])
		}
	}
	section := func(title string, all []*api.Alert) {
		if len(all) == 0 {
			return
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		b.WriteString(title + "\n")
		for _, l := range alertRows(all, now) {
			b.WriteString(l + "\n")
		}
	}
	section("Over:", over)
	section("Now:", open)
	if len(open) == 0 {
		b.WriteString("\nNo alert now.\n")
	} else {
		b.WriteString("\nTo close a tab or allow a site: minewatch watch\n")
	}
	b.WriteString("To see all that is known of them: minewatch alerts --json\n")
	return write(w, &b)
}

// alertRows are two lines for each alert: what a tired person wants to know in columns, then how it ended and its id.
func alertRows(all []*api.Alert, now time.Time) []string {
	rows := make([][]string, len(all))
	for i, a := range all {
		rows[i] = []string{
			day(a.Started, now), clip(label(a), 36), right(cores(a.Cores), 5) + " cores", right(span(lasted(a)), 6),
			looks(a.Severity) + " " + likeness(a.Confidence),
		}
		if a.Severity != miningLike {
			rows[i][4] = looks(a.Severity)
		}
	}
	lines := align(rows)
	var out []string
	for i, a := range all {
		indent := "  " + strings.Repeat(" ", cells(widest(rows))) + "  "
		second := "alert " + name(a.ID)
		switch a.State {
		case api.Resolved:
			second = ended(a.Reason) + "; " + second
		case api.Pending:
			second = "being looked up; " + second
		case api.Firing:
			second += hushed(a)
		}
		out = append(out, "  "+lines[i], indent+second)
	}
	return out
}

// widest returns the longest first cell of rows.
func widest(rows [][]string) string {
	s := ""
	for _, r := range rows {
		if cells(r[0]) > cells(s) {
			s = r[0]
		}
	}
	return s
}

// lasted is how long an alert's load lasted, in seconds.
func lasted(a *api.Alert) float64 {
	if a.Busy > 0 {
		return a.Busy
	}
	if a.Ended.After(a.Started) {
		return a.Ended.Sub(a.Started).Seconds()
	}
	return 0
}

// day writes a time as shortly as it is clear beside now, in now's time zone.
func day(t, now time.Time) string {
	t = t.In(now.Location())
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return "today " + t.Format("15:04")
	case t.Format(time.DateOnly) == now.AddDate(0, 0, -1).Format(time.DateOnly):
		return "yesterday " + t.Format("15:04")
	default:
		return t.Format("2006-01-02 15:04")
	}
}

// AlertLine is one alert of a recording: one line with its time since the recording began, and below it, indented, the
// evidence. It ends without a line break.
func AlertLine(a api.Alert) string {
	line := offset(a.T) + "  " + left(stateWord(a.State), stateWidth) + "  " + exactly(&a) + "  "
	if a.State == api.Resolved {
		return line + ended(a.Reason) + ", after " + span(a.Busy)
	}
	line += cores(a.Cores) + " cores, " + percent(a.MachinePercent) + " of the machine  " + looksHow(a.Severity, a.Confidence)
	if a.State == api.Pending {
		return line
	}
	lines := []string{line}
	indent := strings.Repeat(" ", offsetWidth+2+stateWidth+2)
	for i := range a.Evidence {
		if sign, text := evidence(&a.Evidence[i]); text != "" {
			lines = append(lines, indent+sign+text)
		}
	}
	return strings.Join(lines, "\n")
}

// offsetWidth is the width of an offset of less than an hour or so; longer ones take more.
const offsetWidth = 9

// offset writes a time in a recording, in seconds.
func offset(t float64) string {
	s := "+" + strconv.FormatFloat(math.Round(10*sane(t, 1e9))/10, 'f', 1, 64) + " s"
	return left(s, max(offsetWidth, len(s)))
}

// TraceHeading is the line above the alerts of a recording: when and where it was made, and under which load.
func TraceHeading(started time.Time, all int, system, load string) string {
	s := "Recorded " + minute(started, "at an unknown time") + " on " + count(all, "core")
	if system != "" {
		s += " (" + name(system) + ")"
	}
	if load = words.CleanSentence(load); load != "" {
		s += ". Load: " + load
	}
	return s
}

// TraceClosing is the line below the alerts of a recording: how many fired in how long.
func TraceClosing(fired int, length time.Duration) string {
	if fired <= 0 {
		return "No alert in " + span(length.Seconds()) + " of recording."
	}
	return count(fired, "alert") + " in " + span(length.Seconds()) + " of recording."
}
