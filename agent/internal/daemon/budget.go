package daemon

import (
	"fmt"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

const (
	// budgetShare is what measuring may use of one core, averaged over budgetSpan. Measured need with 300 processes: about a
	// tenth of it (docs/performance.md). What callers make the agent do does not count: nobody but the machine itself can
	// slow its watch.
	budgetShare = 0.005
	budgetSpan  = 10 * time.Minute
	// budgetSlowest is the longest interval that the agent falls back to.
	budgetSlowest = 5 * time.Second
)

const _ = uint64(heuristics.Coarse - budgetSlowest) // slower, and no load could be told from another

// meter averages readings of a CPU time over budgetSpan.
type meter struct {
	readings []reading // oldest first
}

type reading struct{ at, cpu time.Duration }

func (m *meter) add(at, cpu time.Duration) {
	m.readings = append(m.readings, reading{at, cpu})
	for len(m.readings) > 2 && at-m.readings[1].at >= budgetSpan {
		m.readings = m.readings[1:]
	}
}

// share returns what was used of one core over the readings kept, 0 before there are two.
func (m *meter) share() float64 {
	if len(m.readings) < 2 {
		return 0
	}
	first, last := m.readings[0], m.readings[len(m.readings)-1]
	return float64(last.cpu-first.cpu) / float64(last.at-first.at)
}

// budget keeps the cost of measuring within bounds by lengthening the interval. It is a pure function of the readings it
// is given.
type budget struct {
	meter
	base     time.Duration // the interval that was asked for
	interval time.Duration
	changed  time.Duration
}

func newBudget(base time.Duration) *budget { return &budget{base: base, interval: base} }

// observe takes the CPU time of measuring so far and returns the interval to use, and a sentence if it changed.
func (b *budget) observe(at, cpu time.Duration) (time.Duration, string) {
	b.add(at, cpu)
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
	return next, fmt.Sprintf("Measuring used %.2f %% of one core over the last 10 minutes (its budget is %.1f %%), so minewatch now "+
		"measures every %v.", 100*share, 100*budgetShare, next)
}
