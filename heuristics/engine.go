package heuristics

import (
	"cmp"
	"math"
	"math/bits"
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

// signFrom is the strength from which a finding is a sign by itself.
const signFrom = 0.6

// usualEvidence is how many rules have something to say of most subjects.
const usualEvidence = 8

// opinion is what all rules come to.
type opinion struct {
	logOdds  float64
	evidence []Evidence // the weightiest first
	// settled is logOdds as if the load could no longer end by itself any moment.
	settled float64
	// signs is how many aspects other than the load speak for mining, less, outside pages, those findings that speak
	// clearly against it: what an administrator installed, or has threads of many names, needs a sign more.
	signs int
}

// weigh asks every rule that applies.
func (e *engine) weigh(f *Features, about *Subject) opinion {
	known := knownFacts(e.facts, f, about)
	out, signs := opinion{logOdds: e.bias, settled: e.bias}, uint32(0)
	out.evidence = make([]Evidence, 0, usualEvidence)
	scope, against := about.scope(), 0
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
		out.logOdds += add
		if r.ID != endsByItself {
			out.settled += add
		}
		if said.strength >= signFrom && r.Aspect != AspectLoad && add > 0 {
			signs |= 1 << r.Aspect
		}
		if said.strength <= -signFrom && r.Aspect != AspectLoad && scope != ScopePage {
			against++
		}
		out.evidence = append(out.evidence, Evidence{Rule: r.ID, Weight: add, Strength: said.strength, Facts: said.facts, Text: said.text})
	}
	out.signs = bits.OnesCount32(signs) - against
	slices.SortStableFunc(out.evidence, func(a, b Evidence) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
	return out
}
