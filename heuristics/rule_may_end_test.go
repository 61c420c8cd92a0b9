package heuristics

import (
	"testing"
	"time"
)

func TestMayEnd(t *testing.T) {
	after := func(s int, hidden float64) func(*Features) {
		return func(f *Features) { f.Busy, f.Hidden = time.Duration(s)*time.Second, hidden }
	}
	testRule(t, mayEnd{}, []ruleCase{
		{"a gate in front", page(), after(12, 0), -1, -1, "any moment"},
		{"hidden", page(), after(12, 1), -0.5, -0.3, "any moment"},
		{"hidden for longer", page(), after(14, 1), 0, 0, ""},
		{"in front for longer", page(), after(22, 0), 0, 0, ""},
		{"a program", tool(), after(15, 0), 0, 0, ""},
	})
}
