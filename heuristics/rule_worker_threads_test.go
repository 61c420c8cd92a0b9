package heuristics

import "testing"

func TestWorkerThreads(t *testing.T) {
	busy := func(n int, share, uneven float64) func(*Features) {
		return func(f *Features) {
			f.Workers, f.WorkerShare, f.WorkerUneven, f.WorkerDemand, f.MainShare = n, share, uneven, 0.7, 1-share
		}
	}
	testRule(t, workerThreads{}, []ruleCase{
		{"two equal", page(), busy(2, 0.98, 0.02), 1, 1, "2 background workers are equally busy, each 70 % of the time"},
		{"one", page(), busy(1, 0.98, 0), 1, 1, "One background worker"},
		{"unequal", page(), busy(4, 0.98, 0.5), 0, 0, ""},
		{"half of the work", page(), busy(2, 0.5, 0), 0, 0, ""},
		{"idle ones", page(), busy(0, 0.9, 0), 0, 0, ""},
		{"outside a browser", tool(), busy(2, 0.98, 0), 0, 0, ""},
	})
}
