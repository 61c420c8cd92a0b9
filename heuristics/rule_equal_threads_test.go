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
		{"an encoder", tool(), busy(5, 0.9, 0.9), -0.8, -0.6, "different amounts"},
		{"goroutines move between threads", tool(), busy(5, 0.9, 0.6), 0, 0, ""},
		{"named threads", tool(), func(f *Features) { busy(4, 0.99, 0.03)(f); f.ThreadKinds = 3 }, -1, -1, "3 different names"},
		{"single", tool(), busy(0, 0, 0), 0, 0, ""},
		{"workers of a page", page(), busy(4, 0.99, 0.03), 1, 1, "4 background workers are equally busy"},
		{"workers that take turns", page(), func(f *Features) { busy(3, 0.95, 0.65)(f); f.WorkerSpread = 0.1 }, -1, -1, "different amounts"},
		{"unequal workers that keep to it", page(), func(f *Features) { busy(3, 0.95, 0.65)(f); f.WorkerSpread = 0.03 }, 0, 0, ""},
		{"beside a busy page", page(), busy(4, 0.3, 0.03), 0.4, 0.6, "equally busy"},
	})
}
