package heuristics

import "testing"

func TestPageRests(t *testing.T) {
	busy := func(workers int, share, main float64) func(*Features) {
		return func(f *Features) { f.Workers, f.WorkerShare, f.MainShare, f.WorkerCores = workers, share, main, 1 }
	}
	pace := func(uneven, spread, demand float64) func(*Features) {
		return func(f *Features) {
			busy(2, 0.7, 0.25)(f)
			f.WorkerUneven, f.WorkerSpread, f.WorkerDemand = uneven, spread, demand
		}
	}
	testRule(t, pageRests{}, []ruleCase{
		{"hash workers", page(), busy(2, 0.98, 0.004), 1, 1, "rests"},
		{"takes a little part", page(), busy(2, 0.95, 0.03), 0.1, 0.5, "rests"},
		{"takes part", page(), busy(2, 0.7, 0.25), -1, -1, "takes part"},
		{"rests beside workers that hardly work", page(), func(f *Features) { busy(2, 0.98, 0.004)(f); f.WorkerCores = 0.09 }, 0.2, 0.3, "rests"},
		{"a little worker of many tabs", page(), func(f *Features) { busy(2, 0.98, 0.004)(f); f.WorkerCores, f.TabCores = 0.09, 0.3 }, 1, 1, "rests"},
		{"is busy beside workers that keep the same pace", page(), pace(0.01, 0.04, 0.85), 0, 0, ""},
		{"beside workers that nearly do", page(), pace(0.02, 0.04, 0.7), -0.55, -0.45, "takes part"},
		{"beside unequal workers", page(), pace(0.03, 0.02, 0.7), -1, -1, "takes part"},
		{"beside workers in bursts", page(), pace(0.005, 0.08, 0.7), -1, -1, "takes part"},
		{"beside workers at full duty", page(), pace(0.005, 0.02, 0.9), -1, -1, "takes part"},
		{"no workers", page(), busy(0, 0, 0.9), 0, 0, ""},
		{"outside a browser", tool(), busy(2, 0.98, 0.004), 0, 0, ""},
	})
}
