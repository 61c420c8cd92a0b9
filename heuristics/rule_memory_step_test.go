package heuristics

import "testing"

func TestMemoryStep(t *testing.T) {
	step := func(bytes, moves float64) func(*Features) {
		return func(f *Features) { f.Memory, f.MemoryStep, f.MemoryMoves = 1<<30, bytes, moves }
	}
	testRule(t, memoryStep{}, []ruleCase{
		{"light RandomX", tool(), step(256<<20, 0.001), 1, 1, "256.0 MB"},
		{"a page loads", page(), step(40<<20, 0.001), 0, 0, ""},
		{"it goes on growing", tool(), step(256<<20, 0.3), 0, 0, ""},
		{"not known", tool(), nil, 0, 0, ""},
	})
}
