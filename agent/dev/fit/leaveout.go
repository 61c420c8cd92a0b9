package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/minewatch/minewatch/heuristics"
)

// certain is the log-odds at which a load is called mining_like: the odds of 0.85.
const certain = 1.735

// tally counts the subjects of one kind of recording, and those whose log-odds reached certain.
type tally struct{ mining, found, benign, accused int }

// leaveOut fits the weights once without each kind of recording and prints how they do on that kind: what may be hoped for
// on a kind that nobody has recorded. It weighs log-odds alone, without the detector's other conditions.
func leaveOut(out io.Writer, rows []row, before *heuristics.Weights, o options) {
	kinds := map[string]bool{}
	for i := range rows {
		kinds[rows[i].kind] = true
	}
	fmt.Fprintf(out, "\n%-20s %14s %16s\n", "fitted without", "mining found", "benign accused")
	var all tally
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		var rest, left []row
		for i := range rows {
			if rows[i].kind == kind {
				left = append(left, rows[i])
			} else {
				rest = append(rest, rows[i])
			}
		}
		w := fit(rest, before, o)
		c := count(left, &w)
		fmt.Fprintf(out, "%-20s %6d of %4d %8d of %4d\n", kind, c.found, c.mining, c.accused, c.benign)
		all = tally{all.mining + c.mining, all.found + c.found, all.benign + c.benign, all.accused + c.accused}
	}
	fmt.Fprintf(out, "%-20s %6d of %4d %8d of %4d\n", "together", all.found, all.mining, all.accused, all.benign)
}

// count tells how many subjects of some rows reach certain with weights. Lookalikes are left out.
func count(rows []row, w *heuristics.Weights) tally {
	type subject struct {
		name   string
		mining bool
	}
	most := map[subject]float64{}
	for i := range rows {
		r := &rows[i]
		if r.label == "lookalike" {
			continue
		}
		s := subject{r.trace + " " + r.subject, r.mining}
		z := logOdds(r, w)
		if old, ok := most[s]; !ok || z > old {
			most[s] = z
		}
	}
	var c tally
	for s, z := range most {
		switch {
		case s.mining:
			c.mining++
			if z >= certain {
				c.found++
			}
		default:
			c.benign++
			if z >= certain {
				c.accused++
			}
		}
	}
	return c
}

// logOdds returns what a row comes to with weights.
func logOdds(r *row, w *heuristics.Weights) float64 {
	z := w.Bias
	for _, e := range r.verdict.Evidence {
		if e.Strength < 0 {
			z += e.Strength * w.Rules[e.Rule].Against
		} else {
			z += e.Strength * w.Rules[e.Rule].When
		}
	}
	return z
}
