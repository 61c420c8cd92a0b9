package patrol

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/internal/patrol/queue"
)

// hostLimiter lets only some pages of one host be open at one time, and leaves a host alone for a while after each. On a cluster
// all workers share it.
type hostLimiter struct {
	queue *queue.Queue
	mu    sync.Mutex
	hosts map[string][]time.Time // when each place of a host is free; far away while it is in use
}

// hostPlace is a place at a host.
type hostPlace struct {
	limiter *hostLimiter
	host    string
	place   int
	shared  *queue.Place
}

// retryShared is how long a host that another worker is at is left alone.
const retryShared = 2 * time.Second

func newHostLimiter(q *queue.Queue) *hostLimiter {
	return &hostLimiter{queue: q, hosts: map[string][]time.Time{}}
}

// enter returns a place at a host for at most a time, or when to ask again.
func (l *hostLimiter) enter(ctx context.Context, host string, places int, length time.Duration) (*hostPlace, time.Time, error) {
	now := time.Now()
	l.mu.Lock()
	l.sweep(now)
	free := l.hosts[host]
	for len(free) < places {
		free = append(free, time.Time{})
	}
	l.hosts[host] = free
	place, soonest := -1, now.Add(length)
	for i, at := range free[:places] {
		if !at.After(now) {
			place = i
			break
		}
		if at.Before(soonest) {
			soonest = at
		}
	}
	if place >= 0 {
		free[place] = now.Add(length)
	}
	l.mu.Unlock()
	if place < 0 {
		return nil, soonest, nil
	}
	p := &hostPlace{limiter: l, host: host, place: place}
	if l.queue.Embedded() {
		return p, time.Time{}, nil
	}
	var err error
	if p.shared, err = l.queue.Reserve(ctx, fmt.Sprintf("%s.%d", host, place)); err != nil || p.shared == nil {
		again := time.Now().Add(retryShared)
		p.free(again)
		return nil, again, err
	}
	return p, time.Time{}, nil
}

// sweep forgets hosts that are free, so that a million of them do not stay in memory. The caller holds the lock.
func (l *hostLimiter) sweep(now time.Time) {
	if len(l.hosts) < 4096 {
		return
	}
	for host, free := range l.hosts {
		busy := false
		for _, at := range free {
			busy = busy || at.After(now)
		}
		if !busy {
			delete(l.hosts, host)
		}
	}
}

func (p *hostPlace) free(at time.Time) {
	p.limiter.mu.Lock()
	defer p.limiter.mu.Unlock()
	if free := p.limiter.hosts[p.host]; p.place < len(free) {
		free[p.place] = at
	}
}

// leave gives the place back after a delay.
func (p *hostPlace) leave(ctx context.Context, delay time.Duration) {
	p.free(time.Now().Add(delay))
	if p.shared == nil {
		return
	}
	go func() {
		t := time.NewTimer(delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		p.shared.Release(ctx)
	}()
}
