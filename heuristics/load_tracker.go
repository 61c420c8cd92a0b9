package heuristics

import (
	"math"
	"time"
)

const (
	// trackFrom is the load, in cores, from which a subject is followed; below half of it for pauseAfter the load counts
	// as ended.
	trackFrom  = 0.08
	pauseAfter = 5 * time.Second
	// quickMemory is the time constant of the short-term load.
	quickMemory = 2 * time.Second
	// settle is how long after its onset a load is left out of the window: pages and programs start up.
	settle = 3 * time.Second
)

// loadTracker follows one subject that uses the processor, from the onset of the load to its end.
type loadTracker struct {
	quick    float64 // short-term load in cores
	busy     time.Duration
	quiet    time.Duration // how long it has been below the floor
	load     window
	demand   window
	threads  threads
	readings readings
	// last is the use of the last tick, in cores.
	last float64
	suspicion
	answer Renderer // what its browser last said of it
	seen   int      // the tick at which it was last listed
}

func newLoadTracker(span time.Duration) *loadTracker {
	return &loadTracker{load: newWindow(span), demand: newWindow(span)}
}

// advance takes what the subject used during dt and reports whether it is still worth following. sample is that of a
// process that was listed, else nil; process says whether the subject is one.
func (w *loadTracker) advance(cpu, dt time.Duration, sample *ProcessSample, process bool) bool {
	rate := float64(cpu) / float64(dt)
	w.last = rate
	fade := math.Exp(-dt.Seconds() / quickMemory.Seconds())
	w.quick = w.quick*fade + rate*(1-fade)
	if rate >= trackFrom/2 {
		w.quiet = 0
	} else if w.quiet += dt; w.quiet >= pauseAfter {
		w.pause()
		return w.state == Suspected
	}
	if w.quick >= trackFrom/2 {
		w.busy += dt
	}
	if w.busy >= settle {
		w.load.add(cpu, dt)
	}
	if sample != nil {
		w.readings.observe(sample, dt)
	}
	if sample != nil && len(sample.Threads) > 0 {
		w.threads.observe(sample.Threads, dt)
		if w.threads.known() && w.busy >= settle {
			w.demand.add(w.threads.need, dt)
		}
	} else if process && cpu == 0 && len(w.demand.samples) > 0 {
		w.demand.add(0, dt) // not listed: nothing ran
	}
	return true
}

// pause ends the present load: what comes after it is a new one.
func (w *loadTracker) pause() {
	w.busy = 0
	w.load.reset()
	w.demand.reset()
	w.threads = threads{}
	w.readings.pause()
}

// features returns the figures of the window.
func (w *loadTracker) features(cores int, main int32, inBrowser bool) Features {
	f := unknown()
	f.Cores, f.Demand, f.Spread = w.load.mean(), w.demand.mean(), w.load.spread()
	f.Busy, f.Window, f.Interval = w.busy, w.load.wall, w.load.interval()
	if math.IsNaN(f.Cores) {
		f.Cores = w.quick
	}
	// On a busy machine a steady worker gets an unsteady share; what it asks for stays steady.
	if s := w.demand.spread(); !math.IsNaN(s) && (math.IsNaN(f.Spread) || s < f.Spread) {
		f.Spread = s
	}
	f.Machine = f.Cores / float64(max(1, cores))
	w.threads.fill(&f, main, inBrowser)
	w.readings.fill(&f)
	w.fillFrames(&f)
	return f
}

// fillFrames sets what the browser said of the tabs in the process.
func (w *loadTracker) fillFrames(f *Features) {
	switch w.answer.User {
	case PresenceActive:
		f.Away = 0
	case PresenceIdle, PresenceLocked:
		f.Away = 1
	}
	if len(w.answer.Frames) == 0 {
		return
	}
	f.Hidden, f.Audible, f.Focused, f.FullScreen = 1, 0, 0, 0
	for i := range w.answer.Frames {
		fr := &w.answer.Frames[i]
		if !fr.Hidden {
			f.Hidden = 0
			f.Focused = max(f.Focused, truth(fr.Focused))
			f.FullScreen = max(f.FullScreen, truth(fr.FullScreen))
		}
		f.Audible = max(f.Audible, truth(fr.Audible))
		f.Origins = append(f.Origins, fr.Origin)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
