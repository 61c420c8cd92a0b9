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
	scrolled := func(draws, quiet float64) func(*Features) {
		return func(f *Features) {
			busy(0.97, 0, 0.02)(f)
			f.DrawCores, f.DrawQuiet, f.MemoryMoves, f.Spread = draws, quiet, 0.01, 0.08
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
		{"moves when somebody scrolls it", page(), scrolled(0.008, 0.35), 1, 1, "next to nothing"},
		{"rests less in between", page(), scrolled(0.008, 0.46), -1, 0.3, ""},
		{"draws all the time", page(), scrolled(0.008, 0.5), -1, -1, "draws on the screen"},
		{"draws more than for a reader", page(), scrolled(0.03, 0.1), -1, -1, "draws on the screen"},
		{"draws as much as for quick readers", page(), scrolled(0.015, 0.1), 1, 1, "next to nothing"},
		{"moves when somebody scrolls it, but not for long", page(), func(f *Features) { scrolled(0.008, 0.1)(f); f.Busy = 20 * time.Second }, -1, -1, "draws on the screen"},
		{"moves when somebody scrolls it, in changing memory", page(), func(f *Features) { scrolled(0.008, 0.1)(f); f.MemoryMoves = 0.05 }, -1, -1, "draws on the screen"},
		{"moves, nobody knows how evenly", page(), scrolled(0.008, math.NaN()), -1, -1, "draws on the screen"},
		{"nobody knows where", page(), busy(0.99, math.NaN(), 0), hiddenPage, hiddenPage, "draws next to nothing"},
		{"workers do it", page(), busy(0.02, 1, 0), 0, 0, ""},
		{"outside a browser", tool(), busy(0.99, 1, 0), 0, 0, ""},
	})
}
