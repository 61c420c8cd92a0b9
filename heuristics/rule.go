package heuristics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Definition describes a rule.
type Definition struct {
	// ID names the rule in evidence, weights and documents.
	ID string
	// Needs says in words which facts the rule cannot do without; it is silent where they are missing.
	Needs string
	// Reference is where the idea or the number comes from.
	Reference string
}

// rule looks at the features of a subject and says how strongly they speak for mining.
type rule interface {
	define() Definition
	// assess returns a strength from -1 (speaks against) to 1 (speaks for), the figures behind it and one sentence
	// for people. It returns ok false when it has nothing to say.
	assess(f *Features, about *Subject) (strength float64, facts map[string]float64, text string, ok bool)
}

// rules lists every rule; each is one file and one test.
func rules() []rule {
	return []rule{
		sustainedLoad{},
		duration{},
		mayEnd{},
		flatness{},
		workerThreads{},
		equalThreads{},
		pageThread{},
		otherThreads{},
		pageTalks{},
		outOfSight{},
		audible{},
		inUse{},
		browserHelper{},
		littleIO{},
		steadyMemory{},
		memoryStep{},
		lowPriority{},
		oddPlace{},
		disguise{},
		regularRestarts{},
		newKnownName(),
	}
}

// Rules returns the definitions of all rules, in the order in which they are asked.
func Rules() []Definition {
	all := rules()
	out := make([]Definition, len(all))
	for i, r := range all {
		out[i] = r.define()
	}
	return out
}

// weigh lets every rule speak and returns the evidence, the weightiest first, and the log-odds of mining.
func weigh(all []rule, w *Weights, f *Features, about *Subject) (logOdds float64, evidence []Evidence) {
	logOdds = w.Bias
	for _, r := range all {
		strength, facts, text, ok := r.assess(f, about)
		if !ok {
			continue
		}
		id := r.define().ID
		add := w.of(id, strength)
		logOdds += add
		evidence = append(evidence, Evidence{Rule: id, Weight: add, Strength: strength, Facts: facts, Text: text})
	}
	slices.SortStableFunc(evidence, func(a, b Evidence) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
	return logOdds, evidence
}

// sigmoid turns log-odds into a probability.
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// ramp goes from 0 at x = from to 1 at x = to, in a straight line.
func ramp(x, from, to float64) float64 {
	return min(1, max(0, (x-from)/(to-from)))
}

// spell writes a duration as people say it.
func spell(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	switch {
	case s == 1:
		return "1 second"
	case s < 120:
		return fmt.Sprintf("%d seconds", s)
	case s < 2*60*60:
		return fmt.Sprintf("%d minutes", s/60)
	default:
		return fmt.Sprintf("%d hours", s/3600)
	}
}

// percent writes a share as a whole percentage.
func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }
