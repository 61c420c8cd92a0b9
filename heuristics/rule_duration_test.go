package heuristics

import (
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	testRule(t, duration{}, []ruleCase{
		{"a minute", tool(), nil, 0.5, 0.8, "60 seconds"},
		{"an hour", tool(), func(f *Features) { f.Busy = time.Hour }, 1, 1, "60 minutes"},
		{"a page load", tool(), func(f *Features) { f.Busy = 9 * time.Second }, 0, 0, ""},
	})
}
