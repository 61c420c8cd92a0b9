package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/mattn/go-runewidth"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/recordings/evaluate"
)

const (
	tableWidth = 80
	nameWidth  = 32
	// maxRows bounds the rows of one kind of trouble.
	maxRows = 40
)

// Table writes an evaluation for people at a terminal, at most 80 columns wide: trouble first, then a summary of each
// split.
func Table(out io.Writer, traces []evaluate.Trace, summaries []evaluate.Summary) error {
	var b strings.Builder
	for _, k := range troubles() {
		var rows []string
		for i := range traces {
			for _, what := range k.rows(&traces[i]) {
				rows = append(rows, "  "+column(traces[i].Name, nameWidth)+"  "+what)
			}
		}
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s: %d\n", k.title, len(rows))
		for _, row := range rows[:min(len(rows), maxRows)] {
			b.WriteString(strings.TrimRight(clip(row, tableWidth), " ") + "\n")
		}
		if more := len(rows) - maxRows; more > 0 {
			fmt.Fprintf(&b, "  … and %d more; --json lists all\n", more)
		}
		b.WriteString("\n")
	}
	for i := range summaries {
		s := &summaries[i]
		b.WriteString(heading(s) + "\n")
		for _, f := range figures(s) {
			b.WriteString(strings.TrimRight("  "+runewidth.FillRight(f.name, 27)+"  "+column(f.value, 12)+"  "+f.more, " ") + "\n")
		}
		if i < len(summaries)-1 {
			b.WriteString("\n")
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// trouble is one kind of it: rows returns what to say of a recording that has it.
type trouble struct {
	title string // of all recordings that have it
	one   string // of one
	bad   bool
	rows  func(*evaluate.Trace) []string
}

// troubles are in the order in which they matter.
func troubles() []trouble {
	fine := func(t *evaluate.Trace, label string) bool { return t.Problem == nil && t.Label == label }
	alerts := func(t *evaluate.Trace, which func(*evaluate.Alert) bool) []string {
		var out []string
		for i := range t.Alerts {
			if a := &t.Alerts[i]; which(a) {
				out = append(out, said(a))
			}
		}
		return out
	}
	return []trouble{
		{"Missed mining", "missed", true, func(t *evaluate.Trace) []string {
			if !fine(t, evaluate.Mining) || t.Outcome != evaluate.NoAlert || t.Detail == evaluate.NotEnough {
				return nil
			}
			return []string{missed(t)}
		}},
		{"Wrong site", "wrong site", true, func(t *evaluate.Trace) []string {
			return alerts(t, func(a *evaluate.Alert) bool { return a.SiteWrong })
		}},
		{"False alarms on benign recordings", "false alarm", true, func(t *evaluate.Trace) []string {
			return alerts(t, func(*evaluate.Alert) bool { return t.Label == evaluate.Benign })
		}},
		{"False alarms on mining recordings (another subject, or before the load)", "false alarm beside the load", true, func(t *evaluate.Trace) []string {
			return alerts(t, func(a *evaluate.Alert) bool { return t.Label == evaluate.Mining && !a.Right && !a.SiteWrong })
		}},
		{"Mining called heavy only", "heavy only", false, func(t *evaluate.Trace) []string {
			if !fine(t, evaluate.Mining) || t.Outcome != api.Heavy {
				return nil
			}
			return []string{missed(t)}
		}},
		{"Lookalikes called mining_like", "lookalike called mining-like", false, func(t *evaluate.Trace) []string {
			return alerts(t, func(a *evaluate.Alert) bool { return t.Label == evaluate.Lookalike && a.Severity == api.MiningLike })
		}},
		{"Not enough detail for a verdict", "not enough detail", false, func(t *evaluate.Trace) []string {
			if t.Problem != nil || t.Detail != evaluate.NotEnough {
				return nil
			}
			return []string{t.Label + "; no processes, or samples too rare"}
		}},
		{"Not evaluated (see the errors)", "not evaluated", true, func(t *evaluate.Trace) []string {
			if t.Problem == nil {
				return nil
			}
			return []string{""}
		}},
	}
}

// missed says why a load may not have been seen as mining.
func missed(t *evaluate.Trace) string {
	return loadOf(t) + fmt.Sprintf("; peak %.0f %%", 100*t.Peak)
}

// loadOf tells how large the true load was.
func loadOf(t *evaluate.Trace) string {
	load := "load unknown"
	switch {
	case t.Cores != nil && t.MeasuredCores != nil:
		load = fmt.Sprintf("%.2f cores meant, %.2f used", *t.Cores, *t.MeasuredCores)
	case t.MeasuredCores != nil:
		load = fmt.Sprintf("%.2f cores used", *t.MeasuredCores)
	case t.Cores != nil:
		load = fmt.Sprintf("%.2f cores meant", *t.Cores)
	}
	return load
}

// said tells an alert in a few words.
func said(a *evaluate.Alert) string {
	return fmt.Sprintf("%s at %.0f s: %s", a.Severity, a.T, about(a))
}

// about names the subject of an alert with as much certainty as there is.
func about(a *evaluate.Alert) string {
	switch {
	case a.Site != "":
		return words.Clean(a.Site) + " (" + words.Clean(string(a.SiteConfidence)) + ")"
	case len(a.Sites) > 0:
		return "one of " + words.Clean(strings.Join(a.Sites[:min(3, len(a.Sites))], ", "))
	case a.Subject == api.SubjectTab:
		return "unknown tab of " + words.Clean(a.ProcessName)
	case a.Subject == api.SubjectGroup:
		return "group " + words.Clean(a.ProcessName)
	}
	return words.Clean(a.ProcessName)
}

func heading(s *evaluate.Summary) string {
	name := map[string]string{evaluate.Tune: "Tuning split", evaluate.Test: "Test split"}[s.Split]
	return fmt.Sprintf("%s: %s (%d mining, %d benign, %d lookalike)", name, recordings(s.Traces), s.Mining, s.Benign, s.Lookalike)
}

func recordings(n int) string {
	if n == 1 {
		return "1 recording"
	}
	return strconv.Itoa(n) + " recordings"
}

// figure is one line of a summary.
type figure struct {
	name, value, more string
	// wrong reports that it counts mistakes of which there must be none, and there are.
	wrong bool
}

// figures are the numbers that a reader needs, the most important first.
func figures(s *evaluate.Summary) []figure {
	slowest := func(t evaluate.Times) string { return known("slowest "+inSeconds(t.Max), t.Max != nil) }
	right := known(fmt.Sprintf("%d right, %d false", s.RightAlerts, s.FalseAlerts), s.Precision != nil)
	loads := []string{known("from 0.3 cores "+ratio(s.Recall30), s.Recall30 != nil), known("at 0.15-0.3 cores "+ratio(s.Recall20), s.Recall20 != nil)}
	alike := known("from 0.3 cores "+ratio(s.RecallMiningLike30), s.RecallMiningLike30 != nil)
	alarms := known(fmt.Sprintf("95 %%: at most %s, from %.2f h", number(s.FalseAlarmsUpper95), s.BenignHours), s.FalseAlarms != nil)
	return []figure{
		{"Mining found (recall)", ratio(s.Recall), strings.Trim(strings.Join(loads, ", "), ", "), false},
		{"Mining called mining_like", ratio(s.RecallMiningLike), alike, false},
		{"Alerts right (precision)", ratio(s.Precision), right, false},
		{"Benign called mining_like", fmt.Sprintf("%d of %d", s.BenignMiningLike, s.Benign), fmt.Sprintf("heavy %d", s.BenignHeavy), s.BenignMiningLike > 0},
		{"Lookalikes mining_like", fmt.Sprintf("%d of %d", s.LookalikeMiningLike, s.Lookalike), fmt.Sprintf("heavy %d", s.LookalikeHeavy), false},
		{"Wrong sites named", strconv.Itoa(s.SiteWrong), fmt.Sprintf("right %d", s.SiteCorrect), s.SiteWrong > 0},
		{"Time to detect, p50 / p90", spans(s.TimeToDetect), slowest(s.TimeToDetect), false},
		{"  at full duty", spans(s.FullDuty), slowest(s.FullDuty), false},
		{"  at 20-50 % duty", spans(s.Throttled), slowest(s.Throttled), false},
		{"False alarms a machine-day", number(s.FalseAlarms), alarms, false},
	}
}

// known returns the text, or nothing where nothing is known.
func known(text string, is bool) string {
	if is {
		return text
	}
	return ""
}

// ratio writes a share, "-" where there is none. It is cut, never rounded up: 0.9799 is not 0.98.
func ratio(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", math.Floor(*x*1000+1e-9)/1000)
}

func number(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%.3g", *x)
}

func inSeconds(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f s", *x)
}

func spans(t evaluate.Times) string {
	if t.P50 == nil {
		return "-"
	}
	return inSeconds(t.P50) + " / " + inSeconds(t.P90)
}

// column fits a name into n columns of a terminal.
func column(s string, n int) string {
	return runewidth.FillRight(clip(words.Clean(s), n), n)
}

func clip(s string, n int) string {
	narrow := runewidth.Condition{StrictEmojiNeutral: true}
	return narrow.Truncate(s, n, "…")
}
