package nativemessaging

import (
	"time"

	"golang.org/x/time/rate"
)

// MaxPerSecond is how many messages a second of one extension are passed on, in bursts of up to as many. It is asked
// once per hot renderer and five seconds, so an honest one stays far below.
const MaxPerSecond = 200

// floodLasts is for how long there must be too many, without a pause of floodPause, to make a flood.
const (
	floodLasts = 5 * time.Second
	floodPause = 2 * time.Second
)

// flood is a rate limiter that knows how long it has been refusing. It is for one goroutine.
type flood struct {
	limiter     *rate.Limiter
	first, last time.Time // of the messages refused in a row
}

func newFlood() *flood { return &flood{limiter: rate.NewLimiter(MaxPerSecond, MaxPerSecond)} }

// admit reports whether one more message may pass now, and whether too many came for too long.
func (f *flood) admit(now time.Time) (ok, flooded bool) {
	if f.limiter.AllowN(now, 1) {
		return true, false
	}
	if now.Sub(f.last) >= floodPause {
		f.first = now
	}
	f.last = now
	return false, now.Sub(f.first) >= floodLasts
}
