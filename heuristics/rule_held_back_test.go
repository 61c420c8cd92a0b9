package heuristics

import "testing"

func TestHeldBack(t *testing.T) {
	paced := func(most, spread, kernel, kinds float64) func(*Features) {
		return func(f *Features) {
			f.Workers, f.WorkerShare, f.MainShare, f.WorkerMost = 2, 1, 0.5, most
			f.Spread, f.SystemShare, f.ThreadKinds = spread, kernel, kinds
		}
	}
	testRule(t, heldBack{}, []ruleCase{
		{"throttled", tool(), paced(0.5, 0.08, 0.02, 1), 1, 1, "holds back: none of its threads works more than 50 %"},
		{"three quarters", tool(), paced(0.75, 0.08, 0.02, 1), 1, 1, "holds back"},
		{"nearly works through", tool(), paced(0.82, 0.08, 0.02, 1), 0.4, 0.5, "holds back"},
		{"works through", tool(), paced(0.88, 0.08, 0.02, 1), 0, 0, ""},
		{"less even", tool(), paced(0.5, 0.185, 0.02, 1), 0.45, 0.55, "holds back"},
		{"goes up and down", tool(), paced(0.5, 0.25, 0.02, 1), 0, 0, ""},
		{"with a busy collector of garbage", tool(), paced(0.5, 0.08, 0.28, 1), 1, 1, "holds back"},
		{"a service that waits", tool(), paced(0.5, 0.08, 0.42, 1), 0, 0, ""},
		{"threads of different work", tool(), paced(0.5, 0.08, 0.02, 3), 0, 0, ""},
		{"threads of two kinds", tool(), paced(0.5, 0.08, 0.02, 2), 1, 1, "holds back"},
		{"no busy thread", tool(), func(f *Features) { paced(0.5, 0.08, 0.02, 1)(f); f.Workers = 0 }, 0, 0, ""},
		{"a page", page(), paced(0.5, 0.08, 0.02, 1), 0, 0, ""},
	})
}
