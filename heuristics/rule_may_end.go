package heuristics

import (
	"time"
)

// mayEnd: proof-of-work gates, page loads and start-ups keep cores busy for seconds and then stop. A tab that somebody
// looks at is given longer, because gates make people wait for them, and one that works without a pause in front of
// somebody longest: gates never throttle themselves.
type mayEnd struct{}

// The times between which a load stops being one that may end by itself any moment.
const (
	endsFrom, endsBy         = 8 * time.Second, 13 * time.Second
	seenEndsFrom, seenEndsBy = 9 * time.Second, 17 * time.Second
	waitedFrom, waitedBy     = 40 * time.Second, 50 * time.Second
)

// A page that shows how far it has come, and so does a part of the work itself, is given longer still.
const showsProgress, progressLonger = 0.03, 30 * time.Second

// fullDuty is the demand of a worker or page, in cores, from which it does not throttle itself.
const fullDuty = 0.88

func (mayEnd) define() Definition {
	return Definition{
		ID: endsByItself, Scope: ScopeAll, From: sustainedFrom,
		Reference: "gates such as Anubis take all cores for 4 to 12 s, on slow computers 20 to 60 s (public reports); longer where other programs run as well",
	}
}

func (mayEnd) assess(f *Features, about *Subject) finding {
	from, by := endsFrom, endsBy
	switch page := about.scope() == ScopePage; {
	case page && f.maybeGate():
		from, by = waitedFrom, waitedBy
		if f.WorkerShare >= 0.3 && f.MainShare >= showsProgress*f.WorkerShare {
			from, by = from+progressLonger, by+progressLonger
		}
	case page && f.Hidden == 0 && !(f.Away > 0): // nobody waits who is not there
		from, by = seenEndsFrom, seenEndsBy
	}
	if f.Busy >= by {
		return finding{}
	}
	return finding{
		ramp(f.Busy.Seconds(), from.Seconds(), by.Seconds()) - 1,
		map[string]float64{"busy_s": f.Busy.Seconds()},
		"It may end any moment: many pages and programs are busy for some seconds when they start, and some make people wait.",
	}
}

// maybeGate reports whether a page may be one that makes somebody wait for a proof of work: it is looked at, somebody is
// there, and it works without a pause or a throttle.
func (f *Features) maybeGate() bool {
	return f.Hidden == 0 && f.Focused > 0 && !(f.Away > 0) && f.Unthrottled() && f.Pauses == 0
}

// Unthrottled reports whether a page takes all it can get, as a proof of work does that somebody waits for.
func (f *Features) Unthrottled() bool { return f.duty() >= fullDuty }

// duty is how much of the time a page's workers, or the page itself, want to run.
func (f *Features) duty() float64 {
	if f.Workers > 0 && f.WorkerShare >= 0.3 {
		return f.WorkerDemand
	}
	if f.MainShare >= ownWork && f.MainDemand >= 0 {
		return f.MainDemand
	}
	if f.Demand > f.Cores {
		return f.Demand
	}
	return f.Cores
}

// endsByItself is the rule's id.
const endsByItself RuleID = "may_end"
