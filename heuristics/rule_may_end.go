package heuristics

import (
	"time"
)

// mayEnd: proof-of-work gates, page loads and start-ups keep every core busy for seconds and then stop. A tab that
// somebody looks at is given longer, because gates make people wait for them.
type mayEnd struct{}

// The times between which a load stops being one that may end by itself any moment.
const (
	endsFrom, endsBy         = 9 * time.Second, 14 * time.Second
	seenEndsFrom, seenEndsBy = 14 * time.Second, 22 * time.Second
)

func (mayEnd) define() Definition {
	return Definition{
		ID: "may_end", Scope: ScopeAll, From: sustainedFrom,
		Reference: "gates such as Anubis take all cores for 4 to 12 s; longer where other programs run as well",
	}
}

func (mayEnd) assess(f *Features, about *Subject) finding {
	from, by := endsFrom, endsBy
	if about.Info.Browser != nil && f.Hidden == 0 { // NaN is not 0
		from, by = seenEndsFrom, seenEndsBy
	}
	strength := ramp(f.Busy.Seconds(), from.Seconds(), by.Seconds()) - 1
	if strength >= 0 {
		return finding{}
	}
	return finding{
		strength,
		map[string]float64{"busy_s": f.Busy.Seconds()},
		"It may end any moment: many pages and programs are busy for some seconds when they start.",
	}
}
