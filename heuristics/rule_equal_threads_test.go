package heuristics

import "testing"

func TestEqualThreads(t *testing.T) {
	busy := func(n int, share, uneven float64) func(*Features) {
		return func(f *Features) {
			f.Workers, f.WorkerShare, f.WorkerUneven, f.WorkerDemand, f.MainShare = n, share, uneven, 1, 1-share
		}
	}
	testRule(t, equalThreads{}, []ruleCase{
		{"four equal", tool(), busy(4, 0.99, 0.03), 1, 1, "4 threads are equally busy"},
		{"an encoder", tool(), busy(5, 0.9, 0.7), -0.8, -0.7, "different amounts"},
		{"single", tool(), busy(0, 0, 0), 0, 0, ""},
		{"in a browser", page(), busy(4, 0.99, 0.03), 0, 0, ""},
	})
}
