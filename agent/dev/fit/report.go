package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/minewatch/minewatch/heuristics"
)

// report prints what changed and how well it fits.
func report(out io.Writer, rows []row, before, after *heuristics.Weights) {
	fmt.Fprintf(out, "%-24s %15s %15s\n", "rule", "before", "fitted")
	fmt.Fprintf(out, "%-24s %15.2f %15.2f\n", "(bias)", before.Bias, after.Bias)
	for _, r := range heuristics.Rules() {
		b, a := before.Rules[r.ID], after.Rules[r.ID]
		fmt.Fprintf(out, "%-24s %7.2f %7.2f %7.2f %7.2f\n", r.ID, b.When, -b.Against, a.When, -a.Against)
	}
	var sum, loss float64
	for i := range rows {
		r := &rows[i]
		if r.label == "lookalike" {
			continue
		}
		z := logOdds(r, after)
		if !r.mining {
			z = -z
		}
		sum += r.weight
		loss += r.weight * math.Log1p(math.Exp(-z))
	}
	fmt.Fprintf(out, "mean loss %.4f over %.0f subjects\n", loss/sum, sum)
}

// dumpRows writes rows for people and other tools.
func dumpRows(file string, rows []row) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	out := json.NewEncoder(f)
	for i := range rows {
		r := &rows[i]
		line := map[string]any{
			"trace": r.trace, "label": r.label, "subject": r.subject, "t": r.at.Seconds(), "mining": r.mining,
			"confidence": r.verdict.Confidence, "log_odds": r.verdict.LogOdds, "state": r.verdict.State, "severity": r.verdict.Severity,
			"kind": r.verdict.Subject.Kind, "name": r.verdict.Subject.Info.Name, "exe": r.verdict.Subject.Info.Exe,
		}
		for _, x := range r.verdict.Features.List() {
			if !math.IsNaN(x.Value) && !math.IsInf(x.Value, 0) {
				line[x.Name] = x.Value
			}
		}
		rules := map[heuristics.RuleID]float64{}
		for _, e := range r.verdict.Evidence {
			rules[e.Rule] = e.Strength
		}
		line["rules"] = rules
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	return f.Close()
}
