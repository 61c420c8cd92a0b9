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
		{"take turns", page(), func(f *Features) { busy(0.1, 1.4)(f); f.WorkerUneven = 0.7 }, 0, 0, ""},
		{"unequal and steady", page(), func(f *Features) { busy(0.02, 1.4)(f); f.WorkerUneven = 0.7 }, 1, 1, "hardly changes"},
		{"unequal, nearly steady", page(), func(f *Features) { busy(0.1, 1.4)(f); f.WorkerUneven = 0.4 }, 0.5, 0.6, "hardly changes"},
		{"full duty", page(), func(f *Features) { busy(0.03, 1.4)(f); f.WorkerDemand = 0.99 }, 1, 1, "hardly changes"},
		{"full duty now and then", page(), func(f *Features) { busy(0.08, 1.4)(f); f.WorkerDemand = 0.95 }, -1, -1, "not all the time"},
		{"full duty in bursts", page(), func(f *Features) { busy(0.25, 1.4)(f); f.WorkerDemand = 0.95 }, -1, -1, "not all the time"},
		{"throttled, and a little uneven", page(), func(f *Features) { busy(0.08, 1.4)(f); f.WorkerDemand = 0.85 }, 0.7, 0.75, "hardly changes"},
		{"outside a browser", tool(), busy(0.01, 1.4), 0, 0, ""},
	})
}
