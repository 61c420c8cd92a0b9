package heuristics

import "testing"

func TestLittleIO(t *testing.T) {
	moves := func(bytes float64) func(*Features) { return func(f *Features) { f.Transfer = bytes } }
	testRule(t, littleIO{}, []ruleCase{
		{"hash loop", tool(), moves(120), 1, 1, "next to nothing"},
		{"encoder", tool(), moves(100 << 10), -0.6, -0.5, "100 kB"},
		{"compression", tool(), moves(3 << 20), -1, -1, "3.0 MB"},
		{"not known", tool(), nil, 0, 0, ""},
		{"in a browser", page(), moves(3 << 20), 0, 0, ""},
	})
}
