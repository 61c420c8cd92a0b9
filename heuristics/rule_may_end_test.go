package heuristics

import (
	"testing"
	"time"
)

func TestMayEnd(t *testing.T) {
	after := func(s int, hidden float64) func(*Features) {
		return func(f *Features) { f.Busy, f.Hidden = time.Duration(s)*time.Second, hidden }
	}
	waited := func(s int, duty float64, pauses int) func(*Features) {
		return func(f *Features) {
			after(s, 0)(f)
			f.Focused, f.Away, f.Workers, f.WorkerShare, f.WorkerDemand, f.Pauses = 1, 0, 4, 0.99, duty, pauses
		}
	}
	own := func(duty float64) func(*Features) {
		return func(f *Features) {
			waited(33, 0, 0)(f)
			f.Workers, f.WorkerShare, f.MainShare, f.MainDemand, f.Demand = 0, 0, 0.55, duty, 1.3
		}
	}
	testRule(t, mayEnd{}, []ruleCase{
		{"a page in front", page(), after(12, 0), -0.65, -0.6, "any moment"},
		{"a gate that somebody waits for", page(), waited(33, 1, 0), -1, -1, "make people wait"},
		{"a long one", page(), waited(48, 1, 0), -0.25, -0.15, "make people wait"},
		{"longer than any gate", page(), waited(50, 1, 0), 0, 0, ""},
		{"gates do not throttle themselves", page(), waited(20, 0.7, 0), 0, 0, ""},
		{"gates do not pause", page(), waited(20, 1, 1), 0, 0, ""},
		{"nobody waits who is not there", page(), func(f *Features) { waited(13, 1, 0)(f); f.Away = 1 }, 0, 0, ""},
		{"a page's own thread that never rests", page(), own(0.9), -1, -1, "make people wait"},
		{"one that throttles itself where much else waits", page(), own(0.85), 0, 0, ""},
		{"hidden", page(), after(12, 1), -0.25, -0.15, "any moment"},
		{"hidden for longer", page(), after(14, 1), 0, 0, ""},
		{"in front for longer", page(), after(22, 0), 0, 0, ""},
		{"a program", tool(), after(15, 0), 0, 0, ""},
	})
}
