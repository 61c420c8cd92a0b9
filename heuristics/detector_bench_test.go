package heuristics_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// computer makes the snapshots of a computer on which few of many processes are hot, in place, so that what the detector
// allocates is all that is counted.
type computer struct {
	snapshot heuristics.Snapshot
	n        int
}

const (
	hotProcesses = 6 // each with hotThreads threads, at a third of a core
	hotThreads   = 16
)

func newComputer(processes int) *computer {
	c := &computer{snapshot: heuristics.Snapshot{Cores: 8}}
	for i := range processes {
		id := heuristics.ProcessID{PID: int32(100 + 32*i), StartTime: int64(i + 1)}
		p := heuristics.ProcessSample{ID: id, User: time.Minute, Info: &heuristics.ProcessInfo{
			Parent: heuristics.ProcessID{PID: 50, StartTime: 1}, Name: "program", Exe: fmt.Sprintf("/usr/bin/program-%d", i%60), User: "1000",
		}}
		for n := range hotThreads {
			if i >= hotProcesses {
				break
			}
			p.Threads = append(p.Threads, heuristics.ThreadSample{TID: id.PID + int32(n), Name: "worker"})
		}
		c.snapshot.Processes = append(c.snapshot.Processes, p)
	}
	return c
}

// next moves the computer on by a second: the hot processes compute, 1 in 50 of the others wakes up for a moment. Only
// the first snapshot lists all.
func (c *computer) next() heuristics.Snapshot {
	c.n++
	s := c.snapshot
	s.At = time.Duration(c.n) * time.Second
	if c.n == 1 {
		return s
	}
	awake := hotProcesses + (len(s.Processes)-hotProcesses)/50
	s.Processes = s.Processes[:awake]
	for i := range s.Processes {
		p := &s.Processes[i]
		p.Info = nil
		use := 12 * time.Millisecond
		if i < hotProcesses {
			use = 330*time.Millisecond + time.Duration(c.n*7919%40)*time.Millisecond
		}
		p.User += use
		for n := range p.Threads {
			p.Threads[n].Run += use / hotThreads
		}
	}
	s.Busy = time.Duration(c.n) * 2 * time.Second
	return s
}

// BenchmarkObserve is one tick of the detector. Its cost must follow the processes that changed, not all that there are.
func BenchmarkObserve(b *testing.B) {
	for _, processes := range []int{300, 2000} {
		b.Run(strconv.Itoa(processes), func(b *testing.B) {
			c, detector := newComputer(processes), heuristics.NewDetector(heuristics.Config{})
			for range 90 { // the windows fill
				detector.Observe(c.next())
			}
			b.ReportAllocs()
			for b.Loop() {
				if len(detector.Observe(c.next())) < hotProcesses {
					b.Fatal("the hot processes are not judged")
				}
			}
		})
	}
}
