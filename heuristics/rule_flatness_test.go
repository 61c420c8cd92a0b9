package heuristics

import (
	"math"
	"testing"
	"time"
)

func TestFlatness(t *testing.T) {
	testRule(t, flatness{}, []ruleCase{
		{"flat", page(), func(f *Features) { f.Spread = 0.01 }, 1, 1, "steady"},
		{"video", page(), func(f *Features) { f.Spread = 0.12 }, 0, 0, ""},
		{"browsing", page(), func(f *Features) { f.Spread = 0.6 }, -1, -0.9, "up and down"},
		{"coarse", page(), func(f *Features) { f.Spread, f.Interval = 0.01, time.Minute }, 0, 0, ""},
		{"not known", page(), func(f *Features) { f.Spread = math.NaN() }, 0, 0, ""},
	})
}
