package heuristics

import "testing"

func TestSteadyMemory(t *testing.T) {
	moves := func(share float64) func(*Features) {
		return func(f *Features) { f.Memory, f.MemoryMoves = 1<<28, share }
	}
	testRule(t, steadyMemory{}, []ruleCase{
		{"hash loop", page(), moves(0.001), 1, 1, "same memory"},
		{"a page's garbage is collected", page(), moves(0.2), 0, 0, ""},
		{"a page that is used", page(), moves(0.4), -0.7, -0.5, "up and down by 40 %"},
		{"build", tool(), moves(0.5), -1, -1, "up and down by 50 %"},
		{"not known", tool(), nil, 0, 0, ""},
	})
}
