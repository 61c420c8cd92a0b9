package heuristics

import "testing"

func TestSteadyWorkers(t *testing.T) {
	busy := func(spread, cores float64) func(*Features) {
		return func(f *Features) {
			f.Workers, f.WorkerShare, f.MainShare, f.WorkerSpread, f.WorkerCores = 2, 0.9, 0.1, spread, cores
		}
	}
	testRule(t, steadyWorkers{}, []ruleCase{
		{"hash loops", page(), busy(0.01, 1.4), 1, 1, "hardly changes"},
		{"on a busy computer", page(), busy(0.09, 1.4), 0.5, 0.75, "hardly changes"},
		{"a page that is used", page(), busy(0.5, 0.6), -0.7, -0.6, "in bursts"},
		{"neither", page(), busy(0.25, 0.6), 0, 0, ""},
		{"too little to tell", page(), busy(0.01, 0.03), 0, 0, ""},
		{"outside a browser", tool(), busy(0.01, 1.4), 0, 0, ""},
	})
}
