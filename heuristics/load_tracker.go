package heuristics

import (
	"math"
	"time"
)

const (
	// trackFrom is the load, in cores, from which a subject is followed; below half of it it is quiet.
	trackFrom = 0.08
	// dropAfter is how long something that was hardly ever busy may be quiet before it is no longer followed.
	dropAfter = 5 * time.Second
	// quickMemory is the time constant of the short-term load, shareMemory that of the share of system time.
	quickMemory, shareMemory = 2 * time.Second, 15 * time.Second
	// settle is how long after its onset a load is left out of the window: pages and programs start up.
	settle = 3 * time.Second
)

// loadTracker follows one subject that uses the processor, from the onset of the load to its end.
type loadTracker struct {
	quick    float64 // short-term load in cores
	load     activity
	demand   activity
	threads  threads
	readings readings
	// system and all are fading seconds of system time and of all CPU time.
	system, all float64
	// last is the use of the last tick, in cores.
	last float64
	suspicion
	answer Renderer // what its browser last said of it
	seen   int      // the tick at which it was last listed
}

func newLoadTracker(span time.Duration) *loadTracker {
	w := &loadTracker{load: activity{window: newWindow(span)}, demand: activity{window: newWindow(span)}}
	w.threads.workers.window, w.threads.main, w.threads.drawing = newWindow(span), newWindow(span), newWindow(span)
	w.forget()
	return w
}

// advance takes what the subject used during dt, of which system in the kernel, and reports whether it is still worth
// following. sample is that of a process that was listed, else nil.
func (w *loadTracker) advance(cpu, system, dt time.Duration, sample *ProcessSample) bool {
	w.last = float64(cpu) / float64(dt)
	fade := math.Exp(-dt.Seconds() / quickMemory.Seconds())
	w.quick = w.quick*fade + w.last*(1-fade)
	w.load.add(cpu, dt, trackFrom/2)
	idle := w.load.quiet > 0
	if w.load.quiet >= max(forgetAfter, 3*dt) || w.load.quiet >= dropAfter && w.load.lasted < dropAfter {
		w.forget()
		return w.state == Suspected
	}
	if !idle {
		fade = math.Exp(-dt.Seconds() / shareMemory.Seconds())
		w.system, w.all = w.system*fade+system.Seconds(), w.all*fade+cpu.Seconds()
	}
	w.threads.wait(dt)
	if idle {
		w.demand.add(0, dt, trackFrom/2)
	}
	if sample == nil {
		return true
	}
	w.readings.observe(sample, dt)
	if len(sample.Threads) > 0 {
		if elapsed := w.threads.observe(sample.ID.PID, sample.Threads, dt, idle); elapsed > 0 {
			w.demand.add(w.threads.need, elapsed, trackFrom/2)
		}
	}
	return true
}

// forget ends the present load: what comes after it is a new one.
func (w *loadTracker) forget() {
	w.load.begin(settle)
	w.demand.begin(settle)
	w.threads.forget()
	w.readings.forget()
	w.system, w.all = 0, 0
}

// resting reports whether the subject pauses at present.
func (w *loadTracker) resting() bool { return w.load.quiet >= pauseFrom }

// features returns the figures of the window.
func (w *loadTracker) features(cores int, about *Subject) Features {
	f := unknown()
	f.Cores, f.Demand, f.Spread = w.load.mean(), w.demand.mean(), w.load.spread()
	f.Busy, f.Window, f.Interval, f.Pauses = w.load.lasted, w.load.wall, w.load.interval(), w.load.pauses
	if math.IsNaN(f.Cores) {
		f.Cores = w.quick
	}
	// On a busy machine a steady worker gets an unsteady share; what it asks for stays steady.
	if s := w.demand.spread(); !math.IsNaN(s) && (math.IsNaN(f.Spread) || s < f.Spread) {
		f.Spread = s
	}
	f.Machine = f.Cores / float64(max(1, cores))
	if w.all > 0 {
		f.SystemShare = w.system / w.all
	}
	w.threads.fill(&f, about)
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

// decay returns what is left of d after some time with a time constant.
func decay(d, after, constant time.Duration) time.Duration {
	return time.Duration(float64(d) * math.Exp(-after.Seconds()/constant.Seconds()))
}
