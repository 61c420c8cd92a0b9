package terminal

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

// Explanation is all that the detector knew and thought of one subject at one moment. Its JSON form is the line of
// `replay --explain --json`.
type Explanation struct {
	Type string `json:"type"` // "explanation"
	// T is the moment in seconds since the recording began.
	T              float64      `json:"t_s"`
	Subject        api.Subject  `json:"subject"`
	Site           string       `json:"site"`
	Sites          []string     `json:"sites,omitempty"`
	SiteConfidence api.Level    `json:"site_confidence"`
	ProcessName    string       `json:"process_name"`
	PID            int32        `json:"pid"`
	State          api.State    `json:"state"`
	Severity       api.Severity `json:"severity"`
	Features       []Figure     `json:"features"`
	Rules          []Opinion    `json:"rules"`
	// Bias is what the log-odds begin with; with the rules' weights it adds up to LogOdds, from which the confidence
	// comes: 1 / (1 + e^-log_odds).
	Bias       float64 `json:"bias"`
	LogOdds    float64 `json:"log_odds"`
	Confidence float64 `json:"confidence"`
}

// Figure is one feature. Value is null when it is not known.
type Figure struct {
	Name    string   `json:"name"`
	Value   *float64 `json:"value"`
	Unit    string   `json:"unit"`
	Meaning string   `json:"meaning"`
}

// Opinion is what one rule said, or that it was silent. Weight is its strength, -1 to 1, times what the rule counts for.
type Opinion struct {
	Rule     string             `json:"rule"`
	Silent   bool               `json:"silent"`
	Strength float64            `json:"strength"`
	Weight   float64            `json:"weight"`
	Text     string             `json:"text,omitzero"`
	Facts    map[string]float64 `json:"facts,omitempty"`
	Needs    string             `json:"needs"`
}

// Explain writes an explanation for people, in lines of at most width columns.
func Explain(w io.Writer, e *Explanation, width int) error {
	width = min(max(width, leastWidth), mostWidth)
	lines := wrap("", e.headline(), width)
	part := func(title string, body []string) {
		lines = append(append(append(lines, ""), wrap("", title, width)...), body...)
	}
	part("What was known:", e.figures(width))
	part("What the rules said of it, and what each adds to the log-odds of mining:", e.opinions(width))
	part("Silent rules: what they need was missing, or said nothing either way:", e.silent(width))
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

func (e *Explanation) headline() string {
	a := api.Alert{
		Subject: e.Subject, Site: e.Site, Sites: e.Sites, SiteConfidence: e.SiteConfidence, ProcessName: e.ProcessName, PID: e.PID,
		Severity: e.Severity, Confidence: e.Confidence,
	}
	thought := "nothing is said of it, " + likeness(e.Confidence) + " like mining"
	switch e.State {
	case suspected:
		thought = looksHow(e.Severity, e.Confidence)
	case api.Cleared:
		thought = "no longer suspected, " + likeness(e.Confidence) + " like mining"
	case api.Watching: // as above
	}
	return exactly(&a) + " at " + strings.TrimSpace(offset(e.T)) + ": " + thought + "."
}

func (e *Explanation) figures(width int) []string {
	var lines []string
	for i := range e.Features {
		f := &e.Features[i]
		value := "not known"
		if f.Value != nil {
			value = amount(*f.Value, f.Unit)
		}
		lines = append(lines, wrap("  "+left(name(f.Name), 14)+" "+right(value, 14)+"  ", f.Meaning, width)...)
	}
	return lines
}

// amount writes a value with its unit.
func amount(v float64, unit string) string {
	switch unit {
	case "yes/no":
		if v > 0 {
			return "yes"
		}
		return "no"
	case "share":
		return strconv.FormatFloat(100*v, 'f', 1, 64) + " %"
	case "bytes":
		return dataOf(v)
	case "bytes/core-s":
		return dataOf(v) + "/s"
	case "s":
		return strconv.FormatFloat(v, 'f', 1, 64) + " s"
	case "threads":
		return count(int(sane(v, math.MaxInt32)), "thread")
	}
	return strings.TrimSpace(strconv.FormatFloat(v, 'f', 2, 64) + " " + unit)
}

func dataOf(b float64) string {
	switch {
	case b >= 1<<30:
		return strconv.FormatFloat(b/(1<<30), 'f', 1, 64) + " GiB"
	case b >= 1<<20:
		return strconv.FormatFloat(b/(1<<20), 'f', 1, 64) + " MiB"
	case b >= 1<<10:
		return strconv.FormatFloat(b/(1<<10), 'f', 1, 64) + " KiB"
	}
	return strconv.FormatFloat(b, 'f', 0, 64) + " bytes"
}

// ruleWidth is the width of the longest rule's id.
const ruleWidth = 22

func (e *Explanation) opinions(width int) []string {
	row := func(id string, weight float64) string {
		return "  " + left(id, ruleWidth) + fmt.Sprintf(" %+7.2f  ", weight)
	}
	lines := wrap(row("(before any rule)", e.Bias), "what the sum begins with", width)
	for i := range e.Rules {
		o := &e.Rules[i]
		if o.Silent {
			continue
		}
		text := fmt.Sprintf("%s (strength %+.2f)", words.CleanSentence(o.Text), o.Strength)
		lines = append(lines, wrap(row(o.Rule, o.Weight), text, width)...)
	}
	sum := fmt.Sprintf("a confidence of %s %%", strconv.FormatFloat(100*e.Confidence, 'f', 1, 64))
	return append(lines, wrap(row("sum", e.LogOdds), sum, width)...)
}

func (e *Explanation) silent(width int) []string {
	var lines []string
	for i := range e.Rules {
		if o := &e.Rules[i]; o.Silent {
			lines = append(lines, wrap("  "+left(o.Rule, ruleWidth)+"  ", "needs "+o.Needs, width)...)
		}
	}
	return lines
}
