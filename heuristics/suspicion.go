package heuristics

import (
	"math"
	"time"
)

const (
	// suspectAt and clearAt are the confidences at which a suspicion of mining's shape begins and ends; the distance
	// between them and the two dwell times keep an alert from flickering.
	suspectAt, clearAt       = 0.85, 0.5
	suspectAfter, clearAfter = 2 * time.Second, 10 * time.Second
	// endAfter is how long a load must be silent before it counts as ended. One that came back from pauses before is
	// given half as long again as its longest, at most forgetAfter.
	endAfter = 5 * time.Second
	// A load of another shape is called heavy when it is nearly flat, fills a core and has lasted this long.
	heavyAfter  = 120 * time.Second
	heavyCores  = 0.85
	heavySpread = 0.06
	// heavyInterval is the longest time between samples at which flatness still says that.
	heavyInterval = 11 * time.Second
	// With some of mining's marks, but not enough of them, it is called heavy sooner, from a load that is felt.
	marksAt, marksAfter = 0.6, 22 * time.Second
	// What may still be a gate that somebody waits for is given longer.
	waitedAfter             = 40 * time.Second
	marksCores, marksSpread = 0.3, 0.2
	// fullMachine is the share of all cores, and fullAfter the time, from which a load is heavy whatever its shape.
	fullMachine, fullAfter = 0.85, 10 * time.Minute
)

// suspicion is the state machine of one subject: watching -> suspected -> cleared -> watching.
type suspicion struct {
	state    State
	severity Severity
	above    time.Duration // how long the evidence has held
	below    time.Duration // how long it has been missing
}

// leastSigns is how many signs beside the load mining_like needs: no single fact convicts.
const leastSigns = 2

// severityOf says what a load of these features looks like. Outside pages, whose workers tell sooner, mining_like must
// wait until it is known how the load varies.
func severityOf(c *Config, said *opinion, f *Features, scope Scope) Severity {
	confidence := sigmoid(said.logOdds)
	load := f.Cores
	if f.Demand > load { // NaN compares false
		load = f.Demand
	}
	// A page's workers are seen in several ways, by rules that count as one sign each or none, and a page on screen that
	// computes is looked at twice: for what it does and what it draws.
	enough := said.signs >= leastSigns || scope == ScopePage && (f.WorkerShare >= 0.3 || f.MainShare >= 0.5 && f.Hidden == 0)
	marks, after := said.settled, marksAfter
	if said.settled > said.logOdds { // it may still end by itself
		after = waitedAfter
	}
	if scope == ScopePage && f.maybeGate() { // to somebody who waits nothing is said while it may end
		marks = said.logOdds
	}
	switch {
	case confidence >= c.SuspectAt && f.Busy >= sustainedFrom && enough && (scope == ScopePage || !math.IsNaN(f.Spread)):
		return MiningLike
	case sigmoid(marks) >= min(marksAt, c.SuspectAt) && f.Busy >= after && (scope == ScopePage || said.signs >= leastSigns) &&
		f.detailed() && !f.shows() && load >= marksCores && !(f.steadiest() > marksSpread):
		return Heavy
	case f.explained():
		return SeverityNone
	case f.Busy >= c.HeavyAfter && f.Cores >= heavyCores && f.Interval <= heavyInterval && f.Spread <= heavySpread:
		return Heavy
	case f.Busy >= fullAfter && f.Machine >= fullMachine:
		return Heavy
	}
	return SeverityNone
}

// steadiest returns the lesser of the two spreads, NaN when neither is known.
func (f *Features) steadiest() float64 {
	if f.WorkerSpread < f.Spread || math.IsNaN(f.Spread) {
		return f.WorkerSpread
	}
	return f.Spread
}

// detailed reports whether more is known than the load itself.
func (f *Features) detailed() bool {
	return !math.IsNaN(f.WorkerShare) || !math.IsNaN(f.Transfer) || !math.IsNaN(f.LifeUneven)
}

// explained reports whether what a page shows explains why it is busy: it is on screen and draws, plays or is used, and
// does the work itself.
func (f *Features) explained() bool {
	if f.WorkerShare >= 0.5 || f.Hidden > 0 && !(f.Audible > 0) {
		return false
	}
	return f.Audible > 0 || f.Hidden == 0 && (f.draws() >= 0.5 || f.Focused > 0 && f.Away == 0) || f.other() >= muchOther && f.DrawShare >= 0
}

// muchOther is the share of a page's work from which what its threads for drawing, sound and decoding do explains it:
// they did 34 % in a call on a crowded computer (measured).
const muchOther = 0.3

// other returns the share of a page's work that neither its workers nor its own thread do: drawing, sound, decoding.
func (f *Features) other() float64 { return 1 - f.WorkerShare - f.MainShare }

// shows reports whether a page is on screen and does much of its work to show something, no worker of it computing.
func (f *Features) shows() bool {
	return f.Hidden == 0 && f.WorkerShare < muchOther && f.other() >= muchOther
}

// step advances the state by dt under the present evidence.
func (w *loadTracker) step(f *Features, now Severity, confidence float64, dt time.Duration) {
	s := &w.suspicion
	switch s.state {
	case Suspected:
		w.hold(now, confidence, dt)
	case Watching, Cleared, "":
		s.state = Watching
		if now == SeverityNone {
			s.above, s.severity = 0, SeverityNone
			return
		}
		if w.load.quiet > 0 {
			return
		}
		s.above += dt
		// Nothing is said of a load that is about to end: in its last tick only a part is left of it.
		if s.above >= suspectAfter && w.last >= f.Cores/2 {
			s.state, s.severity, s.below = Suspected, now, 0
		}
	}
}

// hold keeps up a suspicion, or clears it.
func (w *loadTracker) hold(now Severity, confidence float64, dt time.Duration) {
	s := &w.suspicion
	if now == MiningLike && w.load.quiet == 0 {
		s.severity = MiningLike
	}
	ended := w.load.quiet >= min(forgetAfter, max(endAfter, w.load.longest*3/2)) || w.load.lasted == 0
	if !ended && (w.load.quiet > 0 || now != SeverityNone || s.severity == MiningLike && confidence >= clearAt) {
		s.below = 0
		return
	}
	s.below += dt
	if s.below >= clearAfter || ended {
		s.state, s.above = Cleared, 0
	}
}
