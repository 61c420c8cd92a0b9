package server

import (
	"sync"

	"golang.org/x/time/rate"
)

const (
	// perSecond and burst are the requests that a user may make. A tray makes one when something is clicked, the live
	// view one a second.
	perSecond, burst = 20, 100
	// maxRates bounds the users whose requests are counted one by one; the others share a limiter.
	maxRates = 256
)

// rates limits the requests of each user.
type rates struct {
	mu     sync.Mutex
	of     map[string]*rate.Limiter
	others *rate.Limiter
}

func newRates() *rates {
	return &rates{of: map[string]*rate.Limiter{}, others: rate.NewLimiter(perSecond, burst)}
}

// allow reports whether a user may make one more request now.
func (r *rates) allow(user string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.of[user]
	if l == nil {
		if len(r.of) >= maxRates {
			r.forget()
		}
		if len(r.of) >= maxRates {
			return r.others.Allow()
		}
		l = rate.NewLimiter(perSecond, burst)
		r.of[user] = l
	}
	return l.Allow()
}

// forget drops the users who have asked for nothing lately: theirs is a full bucket, as a newcomer's is.
func (r *rates) forget() {
	for user, l := range r.of {
		if l.Tokens() >= burst {
			delete(r.of, user)
		}
	}
}
