package heuristics

import (
	"math"
	"slices"
	"strings"
	"time"
)

// threadMemory is the time constant over which a thread's past use fades.
const threadMemory = 10 * time.Second

// busyThread is the demand, in cores, from which a thread counts as busy.
const busyThread = 0.1

// maxThreads bounds how many threads of one process are followed.
const maxThreads = 1024

// threads follows the threads of one process with fading sums, at a cost of O(threads) per tick.
type threads struct {
	byTID map[int32]*thread
	// inOrder holds the same as they came: sums over a map would differ in their last bit from run to run, and the detector
	// must give the same verdict for the same snapshots.
	inOrder []*thread
	// run and need are what all threads used and wanted in the last tick.
	run, need time.Duration
	tick      int
}

type thread struct {
	tid       int32
	name      string
	run, wait time.Duration // as last seen
	use, want float64       // fading seconds of CPU used, and used or waited for
	wall      float64       // fading seconds observed
	tick      int
}

// observe takes the threads as sampled at one tick, dt after the one before.
func (t *threads) observe(now []ThreadSample, dt time.Duration) {
	if t.byTID == nil {
		t.byTID = make(map[int32]*thread, len(now))
	}
	t.tick++
	t.run, t.need = 0, 0
	fade := math.Exp(-dt.Seconds() / threadMemory.Seconds())
	for i := range now {
		s := &now[i]
		th := t.byTID[s.TID]
		if th == nil || s.Run < th.run || s.Wait < th.wait { // new, or another life of the number
			if th == nil && len(t.byTID) >= maxThreads {
				continue
			}
			if th == nil {
				th = &thread{}
				t.byTID[s.TID] = th
				t.inOrder = append(t.inOrder, th)
			}
			*th = thread{tid: s.TID, name: s.Name, run: s.Run, wait: s.Wait, tick: t.tick}
			continue
		}
		run, need := s.Run-th.run, s.Run-th.run+s.Wait-th.wait
		th.use = th.use*fade + run.Seconds()
		th.want = th.want*fade + need.Seconds()
		th.wall = th.wall*fade + dt.Seconds()
		th.name, th.run, th.wait, th.tick = s.Name, s.Run, s.Wait, t.tick
		t.run += run
		t.need += need
	}
	t.inOrder = slices.DeleteFunc(t.inOrder, func(th *thread) bool {
		if th.tick != t.tick {
			delete(t.byTID, th.tid)
		}
		return th.tick != t.tick
	})
}

// known reports whether at least two samples of threads were compared.
func (t *threads) known() bool {
	for _, th := range t.inOrder {
		if th.wall > 0 {
			return true
		}
	}
	return false
}

// named reports whether any thread has a name.
func (t *threads) named() bool {
	return slices.ContainsFunc(t.inOrder, func(th *thread) bool { return th.name != "" })
}

// fill sets the thread features. In a browser only worker threads count as workers; in another program every
// thread does, for a program of two equal threads may run one of them on its first.
func (t *threads) fill(f *Features, main int32, inBrowser bool) {
	f.Workers, f.WorkerShare, f.WorkerUneven, f.MainShare, f.WorkerDemand = 0, math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if !t.known() {
		return
	}
	if inBrowser && !t.named() {
		return // a system that does not tell names cannot tell workers from the rest
	}
	var all, workers, mainUse, sum, squares float64
	for _, th := range t.inOrder {
		all += th.use
		if th.tid == main {
			mainUse = th.use
			if inBrowser {
				continue
			}
		}
		if th.wall <= 0 || (inBrowser && !isWorker(th.name)) {
			continue
		}
		workers += th.use
		if d := th.want / th.wall; d >= busyThread {
			f.Workers++
			sum += d
			squares += d * d
		}
	}
	if all <= 0 {
		return
	}
	f.WorkerShare, f.MainShare = workers/all, mainUse/all
	if n := float64(f.Workers); n >= 1 {
		mean := sum / n
		f.WorkerDemand = mean
		if n >= 2 {
			f.WorkerUneven = math.Sqrt(max(0, squares/n-mean*mean)) / mean
		}
	}
}

// isWorker reports whether a browser's thread runs a web worker: "DedicatedWorker thread" in Chromium, "DOM Worker" in
// Firefox, cut to 15 bytes by Linux.
func isWorker(name string) bool {
	return strings.HasPrefix(name, "DedicatedWorker") || strings.HasPrefix(name, "DOM Worker")
}
