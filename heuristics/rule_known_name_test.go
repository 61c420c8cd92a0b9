package heuristics

import "testing"

func TestKnownName(t *testing.T) {
	named := tool()
	named.Info.Name = "XMRig.exe"
	at := func(origin string) func(*Features) { return func(f *Features) { f.Origins = []string{origin} } }
	testRule(t, newKnownName(), []ruleCase{
		{"program", named, nil, 1, 1, "public mining program"},
		{"another", tool(), nil, 0, 0, ""},
		{"host below a listed one", page(), at("https://ws1.coinhive.com"), 1, 1, "public list"},
		{"a name that only ends so", page(), at("https://notcoinhive.com"), 0, 0, ""},
		{"not known", page(), nil, 0, 0, ""},
	})
}

// A list must never decide: with a name alone, and everything else unknown, nothing is suspected.
func TestAKnownNameAloneIsNotSuspected(t *testing.T) {
	w := DefaultWeights()
	if got := w.Bias + w.Rules["known_name"].When; sigmoid(got) > 0.2 {
		t.Errorf("a name alone gives confidence %.2f", sigmoid(got))
	}
}
