package heuristics

import "testing"

func TestOutOfSight(t *testing.T) {
	tab := func(hidden, audible float64) func(*Features) {
		return func(f *Features) { f.Hidden, f.Audible = hidden, audible }
	}
	testRule(t, outOfSight{}, []ruleCase{
		{"hidden", page(), tab(1, 0), 1, 1, "not on screen"},
		{"shown", page(), tab(0, 0), -1, -1, "on screen"},
		{"hidden with music", page(), tab(1, 1), 0, 0, ""},
		{"not known", page(), nil, 0, 0, ""},
	})
}
