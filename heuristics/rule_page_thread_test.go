package heuristics

import "testing"

func TestPageThread(t *testing.T) {
	busy := func(main, hidden float64) func(*Features) {
		return func(f *Features) { f.MainShare, f.WorkerShare, f.Hidden = main, 1-main, hidden }
	}
	testRule(t, pageThread{}, []ruleCase{
		{"out of sight", page(), busy(0.99, 1), 1, 1, "although nobody sees it"},
		{"on screen", page(), busy(0.99, 0), -1, -1, "on screen"},
		{"workers do it", page(), busy(0.02, 1), 0, 0, ""},
		{"outside a browser", tool(), busy(0.99, 1), 0, 0, ""},
	})
}
