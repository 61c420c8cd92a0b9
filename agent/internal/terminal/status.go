package terminal

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

// Status writes how the agent is, and what to do about what is missing.
func Status(w io.Writer, s api.Status) error {
	var b strings.Builder
	how := "is watching this computer."
	if !s.Watching {
		how = "runs but has not measured lately. Next: minewatch doctor"
	}
	b.WriteString("minewatch " + name(s.Version) + " " + how + "\n\n")
	fact := func(title string, lines ...string) {
		for i, l := range lines {
			if i > 0 {
				title = ""
			}
			b.WriteString("  " + left(title, 11) + l + "\n")
		}
	}
	fact("Alerts", firingNow(s.Firing))
	fact("Computer", count(s.Cores, "core")+", "+count(s.Processes, "process")+", measured every "+
		every(s.IntervalMS)+" ("+name(s.Sampler)+")")
	fact("Browsers", browsers(s.Browsers)...)
	fact("Tray", trays(s.Trays)...)
	fact("Agent", "process "+strconv.Itoa(s.PID)+", since "+s.Started.Local().Format("2006-01-02 15:04")+"; used "+
		span(s.CPU)+" of CPU time"+hourly(s.CPUPerHour)+", "+bytesOf(s.RSS)+" of memory")
	fact("Local API", words.CleanSentence(s.Socket))
	fact("Stored in", words.CleanSentence(s.State))
	if len(s.Warnings) > 0 {
		b.WriteString("\nNeeds attention:\n")
		for _, t := range s.Warnings {
			b.WriteString(strings.Join(wrap("  ! ", words.CleanSentence(t), 80), "\n") + "\n")
		}
	}
	return write(w, &b)
}

func firingNow(n int) string {
	if n <= 0 {
		return "none now"
	}
	return strconv.Itoa(n) + " firing now. Next: minewatch watch"
}

func every(ms int64) string {
	return strconv.FormatFloat(sane(float64(ms), 1e9)/1000, 'f', -1, 64) + " s"
}

func browsers(all []api.BrowserStatus) []string {
	if len(all) == 0 {
		return []string{"none connected, so sites have no names. Next: minewatch browser install"}
	}
	var out []string
	for _, b := range all {
		of := programName(cmp.Or(b.Title, b.Name)) + " (process " + strconv.Itoa(int(b.PID)) + ")"
		switch {
		case b.Update != "":
			of += ": " + words.CleanSentence(b.Update)
		default:
			of += ", extension " + name(b.Extension)
		}
		out = append(out, of)
	}
	return out
}

func trays(all []api.TrayStatus) []string {
	if len(all) == 0 {
		return []string{"none, so no alert shows on the desktop. Next: minewatch-tray"}
	}
	var out []string
	for _, t := range all {
		s := "icon, menu and notifications"
		if t.Mode != api.TrayMenu {
			s = "notifications only"
		}
		s += " (process " + strconv.Itoa(int(t.PID)) + ")"
		if d := words.CleanSentence(t.Detail); d != "" {
			s += ": " + d
		}
		out = append(out, s)
	}
	return out
}

func bytesOf(n uint64) string {
	switch {
	case n < 1<<20:
		return strconv.FormatUint(n>>10, 10) + " KiB"
	case n < 10<<30:
		return strconv.FormatUint(n>>20, 10) + " MiB"
	default:
		return strconv.FormatUint(n>>30, 10) + " GiB"
	}
}

// Allowances writes what the user allowed, and how to take it back.
func Allowances(w io.Writer, all []api.Allowance) error {
	var b strings.Builder
	if len(all) == 0 {
		b.WriteString("Nothing is allowed: minewatch tells you about every site and program.\n" +
			"To allow one: minewatch allow SITE\n")
		return write(w, &b)
	}
	rows := [][]string{{"SITE OR PROGRAM", "SINCE", "UNTIL"}}
	users := map[string]bool{}
	for i := range all {
		users[all[i].User] = true
	}
	if len(users) > 1 {
		rows[0] = append(rows[0], "USER")
	}
	for i := range all {
		a := &all[i]
		r := []string{name(allowedName(a)), minute(a.Since, "always"), minute(a.Until, "for good")}
		if len(users) > 1 {
			r = append(r, name(a.User))
		}
		rows = append(rows, r)
	}
	b.WriteString("These raise no alerts, because you agreed to their load:\n\n")
	for _, l := range align(rows) {
		b.WriteString("  " + l + "\n")
	}
	what := "SITE"
	if n := allowedName(&all[0]); typeable(n) {
		what = n
	}
	b.WriteString("\nTo take one back: minewatch disallow " + what + "\n")
	return write(w, &b)
}

// Allowed writes that something was allowed, until when, and how to take it back.
func Allowed(w io.Writer, a api.Allowance) error {
	what := allowedName(&a)
	s := words.Fill(english().Say.Allowed, "what", name(what))
	if !a.Until.IsZero() {
		s = name(what) + " is allowed until " + minute(a.Until, "") + "."
	}
	_, err := fmt.Fprintf(w, "%s It raises no alerts.\n%s\n", s, undo(what))
	return err
}

// undo says how to take an allowance back.
func undo(what string) string {
	if typeable(what) {
		return words.Fill(english().Say.AllowedUndo, "what", what)
	}
	return english().Say.AllowedList
}

// Disallowed writes that an allowance was taken back.
func Disallowed(w io.Writer, a api.Allowance) error {
	_, err := fmt.Fprintf(w, "%s is no longer allowed: minewatch tells you again when it keeps this computer busy.\n",
		name(allowedName(&a)))
	return err
}

// Snoozes writes what is quiet, until when, and how to end that.
func Snoozes(w io.Writer, all []api.Allowance) error {
	var b strings.Builder
	if len(all) == 0 {
		b.WriteString("Nothing is snoozed.\nTo be reminded of a site later: minewatch snooze SITE\n")
		return write(w, &b)
	}
	rows := [][]string{{"SITE OR PROGRAM", "QUIET UNTIL"}}
	for i := range all {
		rows = append(rows, []string{name(allowedName(&all[i])), minute(all[i].Until, "")})
	}
	for _, l := range align(rows) {
		b.WriteString("  " + l + "\n")
	}
	b.WriteString("\n" + unsnooze(allowedName(&all[0])) + "\n")
	return write(w, &b)
}

// Snoozed writes that something is quiet, until when, and how to end that.
func Snoozed(w io.Writer, a api.Allowance) error {
	what := allowedName(&a)
	_, err := fmt.Fprintf(w, "No reminder about %s until %s. Watching goes on.\n%s\n", name(what), minute(a.Until, ""), unsnooze(what))
	return err
}

// unsnooze says how to end a snooze.
func unsnooze(what string) string {
	if typeable(what) {
		return "To undo: minewatch unsnooze " + what
	}
	return "`minewatch snooze` lists what is snoozed."
}

// Unsnoozed writes that a snooze has ended.
func Unsnoozed(w io.Writer, a api.Allowance) error {
	_, err := fmt.Fprintf(w, "minewatch reminds you of %s again.\n", name(allowedName(&a)))
	return err
}

func allowedName(a *api.Allowance) string {
	if a.Site != "" {
		return a.Site
	}
	return a.Program
}

func minute(t time.Time, none string) string {
	if t.IsZero() {
		return none
	}
	return t.Local().Format("2006-01-02 15:04")
}

// align pads the cells of a table, whose rows are equally long, to columns two spaces apart.
func align(rows [][]string) []string {
	var widths []int
	for _, r := range rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], cells(c))
		}
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		var b strings.Builder
		for j, c := range r {
			b.WriteString(left(c, widths[j]) + "  ")
		}
		out[i] = strings.TrimRight(b.String(), " ")
	}
	return out
}

func write(w io.Writer, b *strings.Builder) error {
	_, err := io.WriteString(w, b.String())
	return err
}

// hourly says what the agent costs in an hour, nothing while that is not known yet.
func hourly(seconds float64) string {
	if seconds <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%.1f s in an hour)", seconds)
}
