package heuristics

import "testing"

func TestSystemTime(t *testing.T) {
	share := func(s float64) func(*Features) { return func(f *Features) { f.SystemShare = s } }
	group := tool()
	group.Kind = SubjectGroup
	testRule(t, systemTime{}, []ruleCase{
		{"a hash loop", tool(), share(0.02), 1, 1, "2 % in the kernel"},
		{"one that makes garbage", tool(), share(0.25), 0, 0, ""},
		{"a loop that polls", tool(), share(0.6), -1, -1, "60 %"},
		{"half way", tool(), share(0.35), -0.6, -0.4, "35 %"},
		{"short commands", group, share(0.6), -1, -1, "60 %"},
		{"a page", page(), share(0.02), 0, 0, ""},
		{"not known", tool(), nil, 0, 0, ""},
	})
}
