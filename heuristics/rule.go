package heuristics

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// RuleID names a rule in evidence, weights and documents.
type RuleID string

// Definition describes a rule. The engine asks a rule only where all of it holds, so a rule checks none of it itself.
type Definition struct {
	ID RuleID
	// Scope is what the rule applies to.
	Scope Scope
	// Needs is the set of facts that it cannot do without.
	Needs Fact
	// Aspect is what its finding is about. Findings about one aspect are one sign, however many rules see it.
	Aspect Aspect
	// From is how long the load must have lasted, on the detector's clock.
	From time.Duration
	// Reference is where the idea or the number comes from.
	Reference string
}

// Aspect is a side of a subject that can be seen apart from the others.
type Aspect uint8

// The aspects. Load is that there is much work for long; it is no sign of what the work is for.
const (
	AspectLoad Aspect = iota
	AspectThreads
	AspectSteadiness // of workers, whatever the rest does, and of what holds back
	AspectScreen     // what is shown, heard and used
	AspectPurity     // that it computes and does nothing else: all work in memory looks so, mining or not
	AspectMemory
	AspectPlace
	AspectName
	AspectPriority
	AspectLives
)

// NeedsText says in words what the rule applies to and which facts it needs, such as "a browser's page
// with CPU time per thread".
func (d *Definition) NeedsText() string {
	if d.Needs == 0 {
		return d.Scope.String()
	}
	return d.Scope.String() + " with " + d.Needs.String()
}

// rule looks at the features of a subject and says how strongly they speak for mining.
type rule interface {
	define() Definition
	assess(f *Features, about *Subject) finding
}

// finding is what one rule has to say. The zero value says nothing.
type finding struct {
	// strength goes from -1 (speaks against mining) to 1 (speaks for it); 0 says nothing.
	strength float64
	// facts are the figures behind it, each with its unit in the key.
	facts map[string]float64
	// text is one plain English sentence for people.
	text string
}

// rules lists every rule, in the order in which they are asked: the one place where a new rule is registered.
func rules() []rule {
	return []rule{
		sustainedLoad{},
		duration{},
		mayEnd{},
		flatness{},
		workerThreads{},
		steadyWorkers{},
		equalThreads{},
		pageRests{},
		pageThread{},
		otherThreads{},
		outOfSight{},
		audible{},
		inUse{},
		browserHelper{},
		littleIO{},
		systemTime{},
		heldBack{},
		installed{},
		steadyMemory{},
		memoryStep{},
		lowPriority{},
		oddPlace{},
		disguise{},
		kernelName{},
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
func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 0, 64) + " %" }

// sigmoid turns log-odds into a probability.
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
