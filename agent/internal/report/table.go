package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/mattn/go-runewidth"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/evaluate"
)

const (
	tableWidth = 80
	nameWidth  = 32
	// maxRows bounds the rows of one kind of trouble.
	maxRows = 40
)

// Table writes an evaluation for people at a terminal, at most 80 columns wide: trouble first, then a summary of each
// split. Colours only repeat what words say and are left out where out is no terminal or NO_COLOR is set.
func Table(out io.Writer, traces []evaluate.Trace, summaries []evaluate.Summary) error {
	r := lipgloss.NewRenderer(out)
	bold, bad := r.NewStyle().Bold(true), r.NewStyle().Bold(true).Foreground(lipgloss.Color("1"))
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
		style := bold
		if k.bad {
			style = bad
		}
		fmt.Fprintf(&b, "%s\n", style.Render(fmt.Sprintf("%s: %d", k.title, len(rows))))
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
		b.WriteString(bold.Render(heading(s)) + "\n")
		for _, f := range figures(s) {
			b.WriteString("  " + column(f.name, 27) + "  " + column(f.value, 12) + "  " + f.more + "\n")
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
	title string
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
		{"Missed mining", true, func(t *evaluate.Trace) []string {
			if !fine(t, evaluate.Mining) || t.Outcome != "none" || t.Detail == evaluate.NotEnough {
				return nil
			}
			return []string{missed(t)}
		}},
		{"Wrong site", true, func(t *evaluate.Trace) []string {
			return alerts(t, func(a *evaluate.Alert) bool { return a.SiteWrong })
		}},
		{"False alarms on benign recordings", true, func(t *evaluate.Trace) []string {
			return alerts(t, func(*evaluate.Alert) bool { return t.Label == evaluate.Benign })
		}},
		{"False alarms on mining recordings (another subject, or before the load)", true, func(t *evaluate.Trace) []string {
			return alerts(t, func(a *evaluate.Alert) bool { return t.Label == evaluate.Mining && !a.Right && !a.SiteWrong })
		}},
		{"Mining called heavy only", false, func(t *evaluate.Trace) []string {
			if !fine(t, evaluate.Mining) || t.Outcome != "heavy" {
				return nil
			}
			return []string{missed(t)}
		}},
		{"Lookalikes called mining_like", false, func(t *evaluate.Trace) []string {
			return alerts(t, func(a *evaluate.Alert) bool { return t.Label == evaluate.Lookalike && a.Severity == "mining_like" })
		}},
		{"Not enough detail for a verdict", false, func(t *evaluate.Trace) []string {
			if t.Problem != nil || t.Detail != evaluate.NotEnough {
				return nil
			}
			return []string{t.Label + "; no processes, or samples over 5 s apart"}
		}},
		{"Not evaluated (see the errors)", true, func(t *evaluate.Trace) []string {
			if t.Problem == nil {
				return nil
			}
			return []string{""}
		}},
	}
}

// missed says why a load may not have been seen as mining.
func missed(t *evaluate.Trace) string {
	load := "load unknown"
	switch {
	case t.Cores != nil && t.MeasuredCores != nil:
		load = fmt.Sprintf("%.2f cores meant, %.2f used", *t.Cores, *t.MeasuredCores)
	case t.MeasuredCores != nil:
		load = fmt.Sprintf("%.2f cores used", *t.MeasuredCores)
	case t.Cores != nil:
		load = fmt.Sprintf("%.2f cores meant", *t.Cores)
	}
	return load + fmt.Sprintf(", at most %.0f %% sure", 100*t.Peak)
}

// said tells an alert in a few words.
func said(a *evaluate.Alert) string {
	return fmt.Sprintf("%s at %.0f s: %s", a.Severity, a.T, about(a))
}

// about names the subject of an alert with as much certainty as there is.
func about(a *evaluate.Alert) string {
	switch {
	case a.Site != "":
		return clean(a.Site) + " (" + clean(a.SiteConfidence) + ")"
	case len(a.Sites) > 0:
		return "one of " + clean(strings.Join(a.Sites[:min(3, len(a.Sites))], ", "))
	case a.Subject == "browser_tab":
		return "unknown tab of " + clean(a.ProcessName)
	case a.Subject == "group":
		return "group " + clean(a.ProcessName)
	}
	return clean(a.ProcessName)
}

func heading(s *evaluate.Summary) string {
	name := map[string]string{evaluate.Tune: "Tuning split", evaluate.Test: "Test split"}[s.Split]
	return fmt.Sprintf("%s: %d recordings (%d mining, %d benign, %d lookalike)", name, s.Traces, s.Mining, s.Benign, s.Lookalike)
}

// figure is one line of a summary.
type figure struct {
	key, name, value, more string
}

// figures are the numbers that a reader needs, the most important first.
func figures(s *evaluate.Summary) []figure {
	return []figure{
		{"recall", "Mining found (recall)", ratio(s.Recall), fmt.Sprintf("from 0.3 cores %s, at 0.15-0.3 %s", ratio(s.Recall30), ratio(s.Recall20))},
		{"recall_mining_like", "… called mining_like", ratio(s.RecallMiningLike), "from 0.3 cores " + ratio(s.RecallMiningLike30)},
		{"precision", "Alerts right (precision)", ratio(s.Precision), fmt.Sprintf("%d right, %d false", s.RightAlerts, s.FalseAlerts)},
		{"benign", "Benign called mining_like", fmt.Sprintf("%d of %d", s.BenignMiningLike, s.Benign), fmt.Sprintf("heavy %d", s.BenignHeavy)},
		{"lookalike", "Lookalikes mining_like", fmt.Sprintf("%d of %d", s.LookalikeMiningLike, s.Lookalike), fmt.Sprintf("heavy %d", s.LookalikeHeavy)},
		{"site_wrong", "Wrong sites named", fmt.Sprintf("%d", s.SiteWrong), fmt.Sprintf("right %d", s.SiteCorrect)},
		{"time", "Time to detect, p50 / p90", spans(s.TimeToDetect), "slowest " + span(s.TimeToDetect.Max)},
		{"time_full", "… at full duty", spans(s.FullDuty), "slowest " + span(s.FullDuty.Max)},
		{"time_throttled", "… at 20-50 % duty", spans(s.Throttled), "slowest " + span(s.Throttled.Max)},
		{"false_alarms", "False alarms a machine-day", number(s.FalseAlarms), fmt.Sprintf("95 %%: at most %s, from %.2f h benign use", number(s.FalseAlarmsUpper95), s.BenignHours)},
	}
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

func span(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f s", *x)
}

func spans(t evaluate.Times) string {
	if t.P50 == nil {
		return "-"
	}
	return span(t.P50) + " / " + span(t.P90)
}

// clean makes a name from outside fit for a line.
func clean(s string) string { return words.Clean(s) }

// column fits a name into n columns of a terminal.
func column(s string, n int) string {
	return runewidth.FillRight(clip(clean(s), n), n)
}

func clip(s string, n int) string {
	narrow := runewidth.Condition{StrictEmojiNeutral: true}
	return narrow.Truncate(s, n, "…")
}
