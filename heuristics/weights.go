package heuristics

import (
	_ "embed" // the weights
	"encoding/json"
	"fmt"
)

//go:embed weights.json
var fittedWeights []byte

// Weights turn the strengths of rules into the log-odds of mining. They are data (weights.json), so that a reviewer can
// read and change them; `make fit` fits them to the tuning recordings.
type Weights struct {
	Note string `json:"note"`
	// Bias is the log-odds of mining when no rule has anything to say.
	Bias float64 `json:"bias"`
	// Rules holds the weights by the rules' ids.
	Rules map[RuleID]Weight `json:"rules"`
}

// Weight is what a rule adds at strength 1 and takes at strength -1, both at least 0, in natural log-odds.
type Weight struct {
	When    float64 `json:"when"`
	Against float64 `json:"against"`
}

func (w Weight) at(strength float64) float64 {
	if strength < 0 {
		return strength * w.Against
	}
	return strength * w.When
}

// ReadWeights reads weights and checks that there is one for every rule and none for another.
func ReadWeights(b []byte) (Weights, error) {
	var w Weights
	if err := json.Unmarshal(b, &w); err != nil {
		return w, fmt.Errorf("the weights are damaged: %w", err)
	}
	all := Rules()
	for _, r := range all {
		x, ok := w.Rules[r.ID]
		if !ok || x.When < 0 || x.Against < 0 {
			return w, fmt.Errorf("the weights say nothing of the rule %s, or less than nothing", r.ID)
		}
	}
	if len(w.Rules) != len(all) {
		return w, fmt.Errorf("there are weights for %d rules, but %d rules", len(w.Rules), len(all))
	}
	return w, nil
}

// DefaultWeights returns the weights that the program carries.
func DefaultWeights() Weights {
	w, err := ReadWeights(fittedWeights)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return w
}
