package heuristics

import (
	"math"
	"time"
)

const (
	// suspectAt and clearAt are the confidences at which a suspicion of mining's shape begins and ends; the distance
	// between them and the two dwell times keep an alert from flickering.
	suspectAt, clearAt       = 0.85, 0.5
	suspectAfter, clearAfter = 3 * time.Second, 10 * time.Second
	// A load of another shape is called heavy when it is nearly flat, fills a core and has lasted this long.
	heavyAfter  = 120 * time.Second
	heavyCores  = 0.85
	heavySpread = 0.06
	// With some of mining's marks, but not enough of them, it is called heavy sooner.
	marksAt, marksAfter = 0.4, 40 * time.Second
)

// suspicion is the state machine of one subject: watching -> suspected -> cleared -> watching.
type suspicion struct {
	state    State
	severity Severity
	above    time.Duration // how long the evidence has held
	below    time.Duration // how long it has been missing
}

// step advances the state by dt under the present evidence.
func (s *suspicion) step(c *Config, confidence float64, f *Features, dt time.Duration) {
	now := SeverityNone
	switch {
	case confidence >= c.SuspectAt && f.Busy >= sustainedFrom:
		now = MiningLike
	case confidence >= min(marksAt, c.SuspectAt) && f.Busy >= marksAfter:
		now = Heavy
	case f.Busy >= c.HeavyAfter && f.Cores >= heavyCores && !math.IsNaN(f.Spread) && f.Spread <= heavySpread:
		now = Heavy
	}
	switch s.state {
	case Suspected:
		if now == MiningLike {
			s.severity = MiningLike
		}
		if f.Busy > 0 && (now != SeverityNone || (s.severity == MiningLike && confidence >= clearAt)) {
			s.below = 0
			return
		}
		s.below += dt
		if s.below >= clearAfter || f.Busy == 0 { // a pause has lasted pauseAfter already
			s.state, s.above = Cleared, 0
		}
	case Watching, Cleared, "":
		s.state = Watching
		if now == SeverityNone {
			s.above, s.severity = 0, SeverityNone
			return
		}
		s.above += dt
		if s.above >= suspectAfter {
			s.state, s.severity, s.below = Suspected, now, 0
		}
	}
}
