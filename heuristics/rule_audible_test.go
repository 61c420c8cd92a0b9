package heuristics

import "testing"

func TestAudible(t *testing.T) {
	testRule(t, audible{}, []ruleCase{
		{"music", page(), func(f *Features) { f.Audible = 1 }, -1, -1, "plays sound"},
		{"silence", page(), func(f *Features) { f.Audible = 0 }, 0, 0, ""},
		{"not known", page(), nil, 0, 0, ""},
	})
}
