package heuristics

import "testing"

func TestOtherThreads(t *testing.T) {
	busy := func(worker, main float64) func(*Features) {
		return func(f *Features) { f.WorkerShare, f.MainShare = worker, main }
	}
	testRule(t, otherThreads{}, []ruleCase{
		{"video", page(), busy(0, 0.3), -1, -1, "70 % of its work"},
		{"hash workers", page(), busy(0.97, 0.01), 0, 0, ""},
		{"outside a browser", tool(), busy(0, 0.3), 0, 0, ""},
	})
}
