package heuristics

import "testing"

func TestLittleIO(t *testing.T) {
	moves := func(bytes float64) func(*Features) { return func(f *Features) { f.Transfer = bytes } }
	own := tool()
	own.Info.Exe = "/home/a/work"
	many := own
	many.Kind = SubjectGroup
	beside := func(system float64) func(*Features) {
		return func(f *Features) { f.Transfer, f.SystemShare = 50<<20, system }
	}
	testRule(t, littleIO{}, []ruleCase{
		{"hash loop", tool(), moves(120), 1, 1, "next to nothing"},
		{"encoder", tool(), moves(100 << 10), -0.6, -0.5, "100 kB"},
		{"compression", tool(), moves(3 << 20), -1, -1, "3.0 MB"},
		{"reads beside its work", own, beside(0.02), -0.25, -0.15, "costs it next to nothing"},
		{"reading is its work", own, beside(0.2), -1, -1, "hardly any data"},
		{"processes that start anew", many, beside(0.02), -1, -1, "hardly any data"},
		{"nobody knows", own, moves(3 << 20), -1, -1, "hardly any data"},
		{"an installed program that reads", tool(), beside(0.02), -1, -1, "hardly any data"},
		{"not known", tool(), nil, 0, 0, ""},
		{"in a browser", page(), moves(3 << 20), 0, 0, ""},
	})
}
