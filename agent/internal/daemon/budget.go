package daemon

import (
	"fmt"
	"time"
)

const (
	// budgetShare is what the agent may use of one core, averaged over budgetSpan. Measured need with 300 processes: about
	// a fifth of it (docs/performance.md).
	budgetShare = 0.005
	budgetSpan  = 10 * time.Minute
	// budgetSlowest is the longest interval that the agent falls back to: above 5 s steadiness says nothing.
	budgetSlowest = 5 * time.Second
)

// budget keeps the agent's own cost within bounds by lengthening the interval. It is a pure function of the readings it
// is given.
type budget struct {
	base     time.Duration // the interval that was asked for
	interval time.Duration
	readings []reading // of the last budgetSpan, oldest first
	changed  time.Duration
}

type reading struct{ at, cpu time.Duration }

func newBudget(base time.Duration) *budget { return &budget{base: base, interval: base} }

// share returns what was used of one core over the readings kept, 0 before there are two.
func (b *budget) share() float64 {
	if len(b.readings) < 2 {
		return 0
	}
	first, last := b.readings[0], b.readings[len(b.readings)-1]
	return float64(last.cpu-first.cpu) / float64(last.at-first.at)
}

// observe takes the agent's own CPU time so far and returns the interval to use, and a sentence if it changed.
func (b *budget) observe(at, cpu time.Duration) (time.Duration, string) {
	b.readings = append(b.readings, reading{at, cpu})
	for len(b.readings) > 2 && at-b.readings[1].at >= budgetSpan {
		b.readings = b.readings[1:]
	}
	first := b.readings[0]
	if at-first.at < budgetSpan || at-b.changed < budgetSpan { // a change shows its effect after a whole span
		return b.interval, ""
	}
	share := b.share()
	var next time.Duration
	switch {
	case share > budgetShare && b.interval < budgetSlowest:
		next = min(2*b.interval, budgetSlowest)
	case share < budgetShare/3 && b.interval > b.base: // half the interval costs twice as much, with room to spare
		next = max(b.interval/2, b.base)
	default:
		return b.interval, ""
	}
	b.interval, b.changed = next, at
	return next, fmt.Sprintf("minewatch itself used %.2f %% of one core over the last 10 minutes (its budget is %.1f %%), so it now "+
		"measures every %v.", 100*share, 100*budgetShare, next)
}
