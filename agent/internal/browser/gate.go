package browser

import (
	"sync"
	"time"
)

// maxPerSecond is how many messages a second of one extension are looked at. It is asked once per hot renderer and
// five seconds, so an honest one stays far below.
const maxPerSecond = 200

// floodSeconds is how many busy seconds in a row above maxPerSecond make a flood.
const floodSeconds = 5

// gate counts messages by the second. The zero value is ready. It is safe for concurrent use.
type gate struct {
	mu       sync.Mutex
	counting bool // a second is running
	passed   int  // messages in it
	over     int  // seconds in a row that had too many
}

// admit reports whether one more message may pass in this second.
func (g *gate) admit() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.counting {
		g.counting = true
		time.AfterFunc(time.Second, g.endSecond)
	}
	g.passed++
	return g.passed <= maxPerSecond
}

// flooded reports whether too many came for too long.
func (g *gate) flooded() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.over >= floodSeconds
}

func (g *gate) endSecond() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.passed > maxPerSecond {
		g.over++
	} else {
		g.over = 0
	}
	g.passed, g.counting = 0, false
}
