package heuristics

import (
	"testing"
	"time"
)

func TestAHeavyLoadSaysWhyItIsNotMining(t *testing.T) {
	for name, c := range map[string]struct {
		evidence []Evidence
		want     string
	}{
		"something against": {[]Evidence{{Weight: 2, Text: "A."}, {Weight: -1.5, Text: "B."}, {Weight: -1, Text: "C."}}, "Not called mining, mainly because: B."},
		"may end":           {[]Evidence{{Rule: endsByItself, Weight: -4, Text: "D."}, {Weight: -1, Text: "C."}}, "It is not called mining yet, because it may still end by itself."},
		"nothing against":   {[]Evidence{{Weight: 2, Text: "A."}}, "Not called mining, because little more than its load speaks for that, and much honest work is as heavy."},
	} {
		if got := (&opinion{evidence: c.evidence}).unlike(); got.Text != c.want || got.Weight != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	m := newMachine(4)
	m.add(&madeUp{info: ProcessInfo{Name: "x", Exe: "/usr/bin/x"}, names: []string{"x"}, use: func(_ int, dt time.Duration) []time.Duration { return []time.Duration{dt * 99 / 100} }})
	_, v := m.first(NewDetector(Config{}), 140)
	if v.Severity != Heavy || len(v.Evidence) == 0 || v.Evidence[0].Rule != unlikeMining {
		t.Errorf("%q: %+v", v.Severity, v.Evidence)
	}
}
