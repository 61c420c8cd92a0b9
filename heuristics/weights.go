package heuristics

// weights turns the strengths of rules into log-odds. They are data, so that a reviewer can read and change them.
type weights struct {
	bias float64
	// rule holds what strength 1 and strength -1 add.
	rule map[string]weight
}

type weight struct{ when, against float64 }

func (w *weights) of(id string, strength float64) float64 {
	if strength < 0 {
		return strength * w.rule[id].against
	}
	return strength * w.rule[id].when
}

// firstWeights are set by hand from the figures in docs/decisions.md; fitting them to labelled traces comes next.
func firstWeights() weights {
	return weights{
		bias: -4,
		rule: map[string]weight{
			"sustained_load":      {when: 1.5},
			"flatness":            {when: 1.5, against: 1.5},
			"worker_threads_busy": {when: 3.5, against: 2.5},
			"duration":            {when: 1.5},
			"hidden_tab":          {when: 1, against: 1.5},
		},
	}
}
