package heuristics

import "time"

const (
	// pauseFrom is how long a quiet spell lasts before it is a pause; a shorter one is part of how the load varies.
	pauseFrom = 3 * time.Second
	// forgetAfter is how long a load may be silent before what comes next is another one. Miners that work and rest
	// in turns rest for 10 to 60 s.
	forgetAfter = 60 * time.Second
	// pauseMemory is the time constant with which a pause takes away from how long a load has lasted.
	pauseMemory = 40 * time.Second
)

// activity is a window over the time in which something worked. Pauses are not in it: what works 10 s and rests 10 s is
// as steady as its work.
type activity struct {
	window
	lasted time.Duration // working time, less what pauses took away
	quiet  time.Duration // how long it has been quiet now
	skip   time.Duration // what is still left out: a load that begins is none of its later level
	pauses int           // that it came back from
	// longest is the longest of these pauses.
	longest time.Duration
	held    []windowSample // the quiet samples, which may yet turn out to be no pause
}

// add takes what was used during wall. level is what was used per second of that; below floor it is quiet.
func (a *activity) add(amount, wall time.Duration, floor float64) {
	if float64(amount) < floor*float64(wall) {
		a.quiet += wall
		if len(a.held) < int(pauseFrom/time.Second)+1 {
			a.held = append(a.held, windowSample{amount: amount, wall: wall})
		}
		return
	}
	a.resume(wall)
	a.lasted += wall
	if a.skip > 0 {
		a.skip -= wall
		return
	}
	a.window.add(amount, wall)
}

// resume ends a quiet spell. dt is the length of a tick: at long ticks a single quiet one is no pause.
func (a *activity) resume(dt time.Duration) {
	switch {
	case a.quiet == 0:
	case a.isPause(dt):
		a.lasted = decay(a.lasted, a.quiet, pauseMemory)
		a.longest = max(a.longest, a.quiet)
		a.pauses++
		a.skip = 1 // the tick in which it begins again is cut short
	default: // a moment without work is part of the load
		a.lasted += a.quiet
		if a.skip > 0 {
			break
		}
		for _, h := range a.held {
			a.window.add(h.amount, h.wall)
		}
	}
	a.quiet, a.held = 0, a.held[:0]
}

func (a *activity) isPause(dt time.Duration) bool { return a.quiet >= max(pauseFrom, dt*3/2) }

// begin starts a new load.
func (a *activity) begin(skip time.Duration) {
	a.reset()
	a.lasted, a.quiet, a.pauses, a.longest, a.skip, a.held = 0, 0, 0, 0, skip, a.held[:0]
}
