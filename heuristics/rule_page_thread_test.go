package heuristics

import (
	"math"
	"testing"
	"time"
)

func TestPageThread(t *testing.T) {
	busy := func(main, hidden, draws float64) func(*Features) {
		return func(f *Features) {
			f.MainShare, f.WorkerShare, f.Hidden, f.DrawShare, f.DrawCores = main, 1-main, hidden, draws, draws*main
		}
	}
	testRule(t, pageThread{}, []ruleCase{
		{"out of sight", page(), busy(0.99, 1, 0), hiddenPage, hiddenPage, "although nobody sees it"},
		{"out of sight, always the same", page(), func(f *Features) { busy(0.99, 1, 0)(f); f.MemoryMoves = 0.01 }, tirelessPage, tirelessPage, "although nobody sees it"},
		{"out of sight, not for long", page(), func(f *Features) { busy(0.99, 1, 0)(f); f.MemoryMoves, f.Busy = 0.01, 20*time.Second }, hiddenPage, hiddenPage, "nobody"},
		{"trains a model out of sight", page(), func(f *Features) { busy(0.99, 1, 0)(f); f.MemoryMoves = 0.05 }, hiddenPage, hiddenPage, "nobody"},
		{"works in bursts out of sight", page(), func(f *Features) { busy(0.99, 1, 0)(f); f.MemoryMoves, f.Spread = 0, 0.3 }, hiddenPage, hiddenPage, "nobody"},
		{"on screen, draws nothing", page(), busy(0.99, 0, 0.001), 1, 1, "draws next to nothing"},
		{"on screen, draws a little", page(), busy(0.99, 0, 0.007), 0.4, 0.6, "draws next to nothing"},
		{"on screen, draws", page(), busy(0.99, 0, 0.02), -1, -1, "draws on the screen the whole time"},
		{"shows a number now and then", page(), func(f *Features) { busy(0.2, 0, 0.02)(f); f.MainShare, f.WorkerShare = 0.9, 0 }, 0.95, 1, "next to nothing"},
		{"nobody knows where", page(), busy(0.99, math.NaN(), 0), hiddenPage, hiddenPage, "draws next to nothing"},
		{"workers do it", page(), busy(0.02, 1, 0), 0, 0, ""},
		{"outside a browser", tool(), busy(0.99, 1, 0), 0, 0, ""},
	})
}
