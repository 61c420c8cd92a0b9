package heuristics

import "testing"

func TestSustainedLoad(t *testing.T) {
	testRule(t, sustainedLoad{}, []ruleCase{
		{"a core", tool(), nil, 1, 1, "1.0 cores (50 % of this computer) for 60 seconds"},
		{"a fifth of a core", page(), func(f *Features) { f.Cores, f.Demand = 0.2, 0.2 }, 0.5, 0.6, ""},
		{"starved", page(), func(f *Features) { f.Cores, f.Demand = 0.1, 1 }, 1, 1, "asks for 1.0"},
		{"next to nothing", page(), func(f *Features) { f.Cores, f.Demand = 0.05, 0.05 }, 0, 0, ""},
	})
}
