package heuristics

import "testing"

func TestPageTalks(t *testing.T) {
	busy := func(worker, main float64) func(*Features) {
		return func(f *Features) { f.Workers, f.WorkerShare, f.MainShare = 2, worker, main }
	}
	testRule(t, pageTalks{}, []ruleCase{
		{"a chess page", page(), busy(0.85, 0.15), -1, -1, "takes part"},
		{"a miner's page", page(), busy(0.98, 0.01), 0, 0, ""},
		{"no workers to speak of", page(), busy(0.3, 0.7), 0, 0, ""},
		{"outside a browser", tool(), busy(0.85, 0.15), 0, 0, ""},
	})
}
