package heuristics

import "testing"

func TestInUse(t *testing.T) {
	tab := func(hidden, focused, full, away float64) func(*Features) {
		return func(f *Features) {
			f.Hidden, f.Audible, f.Focused, f.FullScreen, f.Away = hidden, 0, focused, full, away
		}
	}
	testRule(t, inUse{}, []ruleCase{
		{"in front, active", page(), tab(0, 1, 0, 0), -1, -1, "in front"},
		{"a film", page(), tab(0, 1, 1, 1), -1, -1, "fills the screen"},
		{"nobody there", page(), tab(1, 0, 0, 1), 1, 1, "Nobody"},
		{"in front, nobody there", page(), tab(0, 1, 0, 1), 0, 0, ""},
		{"hidden, active", page(), tab(1, 0, 0, 0), 0, 0, ""},
		{"not known", page(), nil, 0, 0, ""},
		{"outside a browser", tool(), tab(0, 1, 0, 0), 0, 0, ""},
	})
}
