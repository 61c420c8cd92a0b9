package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/recordings/evaluate"
)

// maxOpen is how many recordings without trouble are shown without a click.
const maxOpen = 6

// maxBars is how many rules are drawn of a recording.
const maxBars = 6

// evaluation is what the page of an evaluation shows.
type evaluation struct {
	Lead   string
	Made   string
	Splits []split
	Groups []group
}

// split is one split's summary.
type split struct {
	Heading   string
	ID        string
	Cards     []card
	Confusion []confusion
	Classes   []class
	Detect    *plot
}

// card is one figure; Wrong marks that it counts mistakes and is not 0.
type card struct {
	Name, Value, More string
	Wrong             bool
}

// confusion is one row of the confusion table.
type confusion struct {
	Label string
	Cells []cell
}

type cell struct {
	N     int
	Wrong bool
}

// class is one row of the table by duty.
type class struct {
	Name                       string
	Mining, Detected, Likeness int
}

// group is the recordings of one kind, trouble first.
type group struct {
	Title  string
	ID     string
	Open   bool
	Traces []traceView
}

// traceView is one recording.
type traceView struct {
	Name, Label, Split, Kind string
	Said                     string
	Trouble                  string // what is wrong, in a few words
	Error                    string
	Facts                    string
	Note                     string
	Plot                     *plot
	Alerts                   []string
	RulesOf                  string
	Rules                    []bar
	More                     int // rules that are not drawn
}

// bar is the weight of one rule, from -1 to 1 of the heaviest.
type bar struct {
	Rule     string
	X, Width float64 // of 100
	For      bool
	Text     string
}

// Evaluation returns the page of an evaluation.
// made says in a sentence by which version and with which settings.
func Evaluation(traces []evaluate.Trace, summaries []evaluate.Summary, made string) Page {
	e := evaluation{Made: words.Clean(made), Lead: recordings(len(traces)) + ", judged as if they happened now; what was said was compared with their labels. " +
		"“Mining-like” and “heavy” describe the shape of a load; nothing here proves that a program mines."}
	for i := range summaries {
		e.Splits = append(e.Splits, splitOf(&summaries[i], traces))
	}
	slices.Reverse(e.Splits) // the test split is what counts
	e.Groups = groups(traces)
	return Page{Title: "How right minewatch was", body: "evaluation.html", data: e}
}

func splitOf(s *evaluate.Summary, traces []evaluate.Trace) split {
	out := split{Heading: heading(s), ID: "split-" + s.Split}
	for _, f := range figures(s) {
		name, indented := strings.CutPrefix(f.name, "  ")
		if indented {
			name = "Time to detect " + name
		}
		out.Cards = append(out.Cards, card{Name: name, Value: f.value, More: f.more, Wrong: f.wrong})
	}
	counts := map[string]map[api.Severity]int{}
	var times []float64
	judged := 0
	for i := range traces {
		t := &traces[i]
		if t.Problem != nil || t.Split != s.Split || t.Detail == evaluate.NotEnough {
			continue
		}
		if counts[t.Label] == nil {
			counts[t.Label] = map[api.Severity]int{}
		}
		counts[t.Label][t.Outcome]++
		if t.Label == evaluate.Mining {
			judged++
			if t.TimeToDetect != nil {
				times = append(times, *t.TimeToDetect)
			}
		}
	}
	slices.Sort(times)
	out.Detect = detectPlot(times, judged)
	for _, label := range []string{evaluate.Mining, evaluate.Benign, evaluate.Lookalike} {
		row := confusion{Label: label}
		for _, outcome := range []api.Severity{evaluate.NoAlert, api.Heavy, api.MiningLike} {
			wrong := label == evaluate.Mining && outcome == evaluate.NoAlert || label == evaluate.Benign && outcome != evaluate.NoAlert
			n := counts[label][outcome]
			row.Cells = append(row.Cells, cell{N: n, Wrong: wrong && n > 0})
		}
		out.Confusion = append(out.Confusion, row)
	}
	for _, c := range s.Classes {
		if c.Mining > 0 {
			out.Classes = append(out.Classes, class{dutyName(c), c.Mining, c.Detected, c.MiningLike})
		}
	}
	return out
}

func dutyName(c evaluate.Class) string {
	if c.To > 1 {
		return fmt.Sprintf("%.0f %% and more", 100*c.From)
	}
	return fmt.Sprintf("%.0f to %.0f %%", 100*c.From, 100*c.To)
}

// groups sorts the recordings: what went wrong, then the rest by label.
func groups(traces []evaluate.Trace) []group {
	wrong := group{Title: "Where it was wrong", ID: "wrong", Open: true}
	rest := map[string]*group{}
	order := []group{{Title: "Mining that was found"}, {Title: "Benign and left alone"}, {Title: "Lookalikes"}}
	for i, label := range []string{evaluate.Mining, evaluate.Benign, evaluate.Lookalike} {
		order[i].ID = label
		rest[label] = &order[i]
	}
	for _, k := range ranked(traces) {
		v := viewOf(k.trace)
		v.Trouble = k.trouble
		if g := rest[k.trace.Label]; k.rank == len(troubles()) && g != nil {
			g.Traces = append(g.Traces, v)
		} else {
			wrong.Traces = append(wrong.Traces, v)
		}
	}
	var out []group
	for _, g := range append([]group{wrong}, order...) {
		if len(g.Traces) > 0 {
			g.Open = g.Open || len(g.Traces) <= maxOpen
			out = append(out, g)
		}
	}
	return out
}

// rankedTrace is a recording with the worst of its troubles, and all in words.
type rankedTrace struct {
	trace   *evaluate.Trace
	rank    int
	trouble string
}

// ranked returns the recordings with the worst trouble first.
func ranked(traces []evaluate.Trace) []rankedTrace {
	out := make([]rankedTrace, len(traces))
	for i := range traces {
		k := rankedTrace{trace: &traces[i], rank: len(troubles())}
		for rank, kind := range troubles() {
			if len(kind.rows(k.trace)) == 0 {
				continue
			}
			if k.rank = min(k.rank, rank); k.trouble != "" {
				k.trouble += ", "
			}
			k.trouble += kind.one
		}
		out[i] = k
	}
	slices.SortStableFunc(out, func(a, b rankedTrace) int { return cmp.Compare(a.rank, b.rank) })
	return out
}

func viewOf(t *evaluate.Trace) traceView {
	v := traceView{
		Name: words.Clean(t.Name), Label: cmp.Or(t.Label, "no label"), Split: t.Split, Kind: words.Clean(t.Kind), Error: clip(words.Clean(t.Error), 400),
		Note: clip(words.Clean(t.Truth.Note), 300),
	}
	if t.Problem != nil {
		return v
	}
	v.Said = map[api.Severity]string{evaluate.NoAlert: "nothing", api.Heavy: "heavy", api.MiningLike: "mining-like"}[t.Outcome]
	v.Plot = tracePlot(t)
	unit, name := unitOf(t.Length)
	v.Facts = fmt.Sprintf("%.3g %s on %d cores", t.Length/unit, name, t.MachineCores)
	switch {
	case t.Label == evaluate.Mining:
		v.Facts += "; " + loadOf(t)
	case t.Plot.Subject != "":
		v.Facts += "; busiest: " + words.Clean(t.Plot.Subject)
	}
	v.RulesOf = fmt.Sprintf("Weights at the peak of suspicion (%.0f %%)", 100*t.Peak)
	for i := range t.Alerts[:min(len(t.Alerts), maxTold)] {
		a := &t.Alerts[i]
		line := said(a)
		if a.TimeToDetect != nil {
			line += fmt.Sprintf(", %.0f s after the load began", *a.TimeToDetect)
		}
		if i == 0 {
			v.RulesOf = fmt.Sprintf("Weights at the alert (%.0f %% like mining)", 100*a.Confidence)
		}
		switch {
		case a.SiteWrong:
			line += " — wrong site"
		case t.Label == evaluate.Mining && !a.Right:
			line += " — not the true subject"
		}
		v.Alerts = append(v.Alerts, line)
	}
	v.Rules, v.More = bars(t.Rules)
	return v
}

// bars returns the heaviest rules to draw and how many are left.
func bars(rules map[string]float64) (out []bar, more int) {
	most := 0.0
	var names []string
	for name, w := range rules {
		most = max(most, math.Abs(w))
		if w != 0 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(math.Abs(rules[b]), math.Abs(rules[a])), cmp.Compare(a, b))
	})
	more = max(0, len(names)-maxBars)
	for _, name := range names[:len(names)-more] {
		w := rules[name]
		b := bar{Rule: words.Clean(name), Width: tenth(50 * math.Abs(w) / most), X: 50, For: w > 0, Text: fmt.Sprintf("%+.2f", w)}
		if w < 0 {
			b.X = tenth(50 - b.Width)
		}
		out = append(out, b)
	}
	return out, more
}
