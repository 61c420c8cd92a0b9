package patrol

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/internal/patrol/queue"
)

// gate lets only some pages of one host be open at one time, and leaves a host alone for a while after each. On a cluster
// all workers share it.
type gate struct {
	queue *queue.Queue
	mu    sync.Mutex
	hosts map[string][]time.Time // when each place of a host is free; far away while it is in use
}

// pass is a place at a host.
type pass struct {
	gate   *gate
	host   string
	place  int
	shared *queue.Place
}

// retryShared is how long a host that another worker is at is left alone.
const retryShared = 2 * time.Second

func newGate(q *queue.Queue) *gate { return &gate{queue: q, hosts: map[string][]time.Time{}} }

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// enter returns a place at a host for at most a time, or when to ask again.
func (g *gate) enter(ctx context.Context, host string, places int, length time.Duration) (*pass, time.Time, error) {
	now := time.Now()
	g.mu.Lock()
	g.sweep(now)
	free := g.hosts[host]
	for len(free) < places {
		free = append(free, time.Time{})
	}
	g.hosts[host] = free
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
	g.mu.Unlock()
	if place < 0 {
		return nil, soonest, nil
	}
	p := &pass{gate: g, host: host, place: place}
	if g.queue.Embedded() {
		return p, time.Time{}, nil
	}
	var err error
	if p.shared, err = g.queue.Reserve(ctx, fmt.Sprintf("%s.%d", host, place)); err != nil || p.shared == nil {
		again := time.Now().Add(retryShared)
		p.free(again)
		return nil, again, err
	}
	return p, time.Time{}, nil
}

// sweep forgets hosts that are free, so that a million of them do not stay in memory. The caller holds the lock.
func (g *gate) sweep(now time.Time) {
	if len(g.hosts) < 4096 {
		return
	}
	for host, free := range g.hosts {
		busy := false
		for _, at := range free {
			busy = busy || at.After(now)
		}
		if !busy {
			delete(g.hosts, host)
		}
	}
}

func (p *pass) free(at time.Time) {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if free := p.gate.hosts[p.host]; p.place < len(free) {
		free[p.place] = at
	}
}

// leave gives the place back after a delay.
func (p *pass) leave(ctx context.Context, delay time.Duration) {
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
