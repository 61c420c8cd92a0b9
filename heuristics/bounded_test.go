package heuristics

import (
	"testing"
	"time"
)

// A recording may claim that any number of processes is busy; what is followed is bounded all the same.
func TestFollowedProcessesAreBounded(t *testing.T) {
	d := NewDetector(Config{})
	const n = maxTracked + 500
	for tick := range 3 {
		s := Snapshot{At: time.Duration(tick) * time.Second, Cores: n}
		for i := range n {
			s.Processes = append(s.Processes, ProcessSample{
				ID: ProcessID{PID: int32(i + 1), StartTime: 1}, User: time.Duration(tick) * time.Second / 2, Info: &ProcessInfo{Name: "x"},
			})
		}
		d.Observe(s)
	}
	if len(d.tracked) != maxTracked {
		t.Errorf("%d of %d processes are followed, want %d", len(d.tracked), n, maxTracked)
	}
}
