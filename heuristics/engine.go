package heuristics

import (
	"cmp"
	"math"
	"slices"
)

// engine asks the rules. It alone decides which of them are asked, from their definitions.
type engine struct {
	rules []definedRule
	facts []factInfo
	bias  float64
}

type definedRule struct {
	rule
	Definition
	weight Weight
}

func newEngine(all []rule, w *Weights) engine {
	e := engine{facts: factTable(), bias: w.Bias}
	for _, r := range all {
		d := r.define()
		e.rules = append(e.rules, definedRule{r, d, w.Rules[d.ID]})
	}
	return e
}

// weigh asks every rule that applies and returns the log-odds of mining and the evidence, the weightiest first.
func (e *engine) weigh(f *Features, about *Subject) (logOdds float64, evidence []Evidence) {
	logOdds = e.bias
	scope, known := about.scope(), knownFacts(e.facts, f, about)
	for i := range e.rules {
		r := &e.rules[i]
		if r.Scope&scope == 0 || known&r.Needs != r.Needs || f.Busy < r.From {
			continue
		}
		said := r.assess(f, about)
		if said.strength == 0 || math.IsNaN(said.strength) {
			continue
		}
		add := r.weight.at(said.strength)
		logOdds += add
		evidence = append(evidence, Evidence{Rule: r.ID, Weight: add, Strength: said.strength, Facts: said.facts, Text: said.text})
	}
	slices.SortStableFunc(evidence, func(a, b Evidence) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
	return logOdds, evidence
}
