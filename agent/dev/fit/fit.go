package main

import (
	"math"

	"github.com/minewatch/minewatch/heuristics"
)

// options steer the fit.
type options struct {
	// lookalike is what a lookalike's row weighs beside a benign one's: they teach the rules of context, and must not
	// unlearn the shape that they share with mining.
	lookalike float64
	// ridge is how strongly the weights are held near the previous ones, which carry what the recordings cannot teach.
	ridge float64
	steps int
}

// most bounds a weight: no single rule may decide by itself.
const most = 6

// held are the rules whose weights are not fitted, and neither is the bias. Their sum keeps a promise that recordings
// cannot teach, since they always hold more: a long, steady load of which nothing else is known stays below 0.5.
func held(rule heuristics.RuleID) bool {
	return rule == "sustained_load" || rule == "duration" || rule == "flatness" || rule == "may_end"
}

// parameter is one weight: of a rule at positive or negative strength.
type parameter struct {
	rule    heuristics.RuleID
	against bool
}

// fit returns the weights that explain the rows best: logistic regression with weights of at least 0 and a pull towards
// the previous weights, by projected gradient descent. It is deterministic.
func fit(rows []row, before *heuristics.Weights, o options) heuristics.Weights {
	var names []parameter
	for _, r := range heuristics.Rules() {
		names = append(names, parameter{r.ID, false}, parameter{r.ID, true})
	}
	index := map[parameter]int{}
	prior := make([]float64, len(names)+1)
	for i, p := range names {
		index[p] = i
		prior[i] = before.Rules[p.rule].When
		if p.against {
			prior[i] = before.Rules[p.rule].Against
		}
	}
	prior[len(names)] = before.Bias
	x, y, weight := design(rows, index, o.lookalike)
	w := descend(x, y, weight, prior, names, before, o)
	out := heuristics.Weights{Bias: round(w[len(names)]), Rules: map[heuristics.RuleID]heuristics.Weight{}}
	for i, p := range names {
		v := out.Rules[p.rule]
		if p.against {
			v.Against = round(w[i])
		} else {
			v.When = round(w[i])
		}
		out.Rules[p.rule] = v
	}
	return out
}

// factor is one entry of the matrix: what a parameter is multiplied with.
type factor struct {
	parameter int
	by        float64
}

// design turns rows into a sparse matrix: for each row the parameters it uses and their factors.
func design(rows []row, index map[parameter]int, lookalike float64) (x [][]factor, y, weight []float64) {
	var sum [2]float64
	for i := range rows {
		r := &rows[i]
		at := []factor{{len(index), 1}}
		for _, e := range r.verdict.Evidence {
			at = append(at, factor{index[parameter{e.Rule, e.Strength < 0}], e.Strength})
		}
		x = append(x, at)
		v, wt := 0.0, r.weight
		if r.mining {
			v = 1
		}
		if r.label == "lookalike" {
			wt *= lookalike
		} else {
			sum[int(v)] += wt
		}
		y, weight = append(y, v), append(weight, wt)
	}
	for i := range weight { // both classes count the same
		weight[i] /= max(sum[int(y[i])], 1)
	}
	return x, y, weight
}

func descend(x [][]factor, y, weight, prior []float64, names []parameter, before *heuristics.Weights, o options) []float64 {
	w := append([]float64(nil), prior...)
	// A weight of 0 before means that this direction makes no sense for the rule.
	fixed := make([]bool, len(w))
	fixed[len(w)-1] = true // the bias, see held
	for i, p := range names {
		b := before.Rules[p.rule]
		fixed[i] = held(p.rule) || (p.against && b.Against == 0) || (!p.against && b.When == 0)
	}
	const rate = 0.5
	gradient := make([]float64, len(w))
	for range o.steps {
		for i := range gradient {
			gradient[i] = o.ridge * (w[i] - prior[i])
		}
		for i, at := range x {
			z := 0.0
			for _, f := range at {
				z += w[f.parameter] * f.by
			}
			miss := (1/(1+math.Exp(-z)) - y[i]) * weight[i]
			for _, f := range at {
				gradient[f.parameter] += miss * f.by
			}
		}
		for k := range w {
			if !fixed[k] {
				w[k] = min(most, max(0.05, w[k]-rate*gradient[k]))
			}
		}
	}
	return w
}

func round(x float64) float64 { return math.Round(x*100) / 100 }
