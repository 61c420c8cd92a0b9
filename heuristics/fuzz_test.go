package heuristics

import (
	"math"
	"testing"
)

// FuzzReadWeights reads any file of weights: what is taken speaks of every rule, takes nothing twice and is finite.
func FuzzReadWeights(f *testing.F) {
	f.Add(fittedWeights)
	f.Add([]byte(`{"bias":1e308,"rules":{}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := ReadWeights(b)
		if err != nil {
			return
		}
		for _, r := range Rules() {
			x, ok := w.Rules[r.ID]
			if !ok || !(x.When >= 0 && x.Against >= 0) || math.IsInf(x.When, 0) || math.IsInf(x.Against, 0) {
				t.Errorf("%s: %+v", r.ID, x)
			}
		}
	})
}
