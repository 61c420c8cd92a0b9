package heuristics

import "testing"

func TestWorkerThreads(t *testing.T) {
	busy := func(n int, share, cores float64) func(*Features) {
		return func(f *Features) {
			f.Workers, f.WorkerShare, f.WorkerCores, f.WorkerUneven, f.WorkerDemand, f.MainShare = n, share, cores, 0.1, cores/float64(n), 1-share
		}
	}
	testRule(t, workerThreads{}, []ruleCase{
		{"two", page(), busy(2, 0.98, 1.4), 1, 1, "2 background workers are busy, each 70 % of the time"},
		{"one", page(), busy(1, 0.98, 0.9), 1, 1, "One background worker"},
		{"a little each", page(), busy(4, 0.98, 0.36), 1, 1, "each 9 % of the time"},
		{"hardly any", page(), busy(2, 0.98, 0.1), 0.3, 0.4, "background workers"},
		{"beside a page that works more", page(), busy(2, 0.3, 0.6), 0.75, 0.85, "background workers"},
		{"helpers of a page", page(), busy(1, 0.1, 0.2), 0.35, 0.45, "background worker"},
		{"idle ones", page(), busy(1, 0.9, 0.05), 0, 0, ""},
		{"outside a browser", tool(), busy(2, 0.98, 1.4), 0, 0, ""},
	})
}
