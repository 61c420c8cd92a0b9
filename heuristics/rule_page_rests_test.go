package heuristics

import "testing"

func TestPageRests(t *testing.T) {
	busy := func(workers int, share, main float64) func(*Features) {
		return func(f *Features) { f.Workers, f.WorkerShare, f.MainShare = workers, share, main }
	}
	testRule(t, pageRests{}, []ruleCase{
		{"hash workers", page(), busy(2, 0.98, 0.004), 1, 1, "rests"},
		{"takes a little part", page(), busy(2, 0.95, 0.03), 0.1, 0.5, "rests"},
		{"takes part", page(), busy(2, 0.7, 0.25), -1, -1, "takes part"},
		{"no workers", page(), busy(0, 0, 0.9), 0, 0, ""},
		{"outside a browser", tool(), busy(2, 0.98, 0.004), 0, 0, ""},
	})
}
