package sampler

import (
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// clock tells the time of ticks on a steady clock and finds out when the machine slept or its wall clock was set.
type clock struct {
	start time.Time
	last  time.Time
	at    time.Duration
	slept time.Duration // total so far
}

// advance takes the time (with its steady reading) and how long the machine has slept so far, and returns the time
// since the first tick and what was odd about that since the last one.
func (c *clock) advance(now time.Time, slept, interval time.Duration) (at time.Duration, gaps []heuristics.Gap) {
	if c.start.IsZero() {
		c.start, c.last, c.slept = now, now, slept
		return 0, nil
	}
	at = micro(now.Sub(c.start)) // steady: both readings carry a monotonic one
	if at <= c.at {
		at = c.at + time.Microsecond
	}
	dt := at - c.at
	asleep := slept - c.slept
	if asleep > clockSlack {
		gaps = append(gaps, heuristics.Gap{Kind: heuristics.GapSlept, Length: micro(asleep)})
	}
	wall := now.Round(0).Sub(c.last.Round(0)) // without the monotonic readings
	if jump := (wall - dt - asleep).Abs(); jump > clockSlack {
		gaps = append(gaps, heuristics.Gap{Kind: heuristics.GapClockJumped, Length: micro(jump)})
	}
	if dt > 3*interval {
		gaps = append(gaps, heuristics.Gap{Kind: heuristics.GapLateTick, Length: dt})
	}
	c.last, c.at, c.slept = now, at, slept
	return at, gaps
}
