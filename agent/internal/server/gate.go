package server

import (
	"context"
	"net"
	"sync"

	"go.uber.org/zap"
)

// gate is a listener that knows who comes and lets each caller have so many connections.
type gate struct {
	net.Listener
	log   *zap.Logger
	quota *quota
}

// visitor is a connection with who opened it.
type visitor struct {
	net.Conn
	caller Caller
	leave  func()
}

// Accept waits for the next connection that is let in.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		caller, err := identify(conn)
		if err != nil {
			g.log.Debug("a caller could not be identified", zap.Error(err))
			_ = conn.Close() // it may be gone already
			continue
		}
		ok, news := g.quota.enter(caller.User, caller.Admin)
		if !ok {
			if news {
				g.log.Warn("too many connections at the local door; more of this user are refused",
					zap.String("user", caller.User), zap.Int32("pid", caller.PID))
			}
			_ = conn.Close() // it may be gone already
			continue
		}
		return &visitor{Conn: conn, caller: caller, leave: sync.OnceFunc(func() { g.quota.leave(caller.User) })}, nil
	}
}

// Close closes the connection and makes room for another.
func (v *visitor) Close() error {
	defer v.leave()
	return v.Conn.Close()
}

type callerKey struct{}

func withCaller(ctx context.Context, conn net.Conn) context.Context {
	if v, ok := conn.(*visitor); ok {
		ctx = context.WithValue(ctx, callerKey{}, v.caller)
	}
	return ctx
}

// callerOf returns who opened the connection of a request.
func callerOf(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok && c.User != ""
}

// quota counts what users hold of something that is scarce.
type quota struct {
	each, all int

	mu   sync.Mutex
	sum  int
	held map[string]int
	told map[string]bool // users whose refusal was news already
}

func newQuota(each, all int) *quota {
	return &quota{each: each, all: all, held: map[string]int{}, told: map[string]bool{}}
}

// enter takes one for the user and reports whether it could. An administrator is bound by each but not by all, so that
// users cannot lock them out. A first refusal is news until the user holds nothing.
func (q *quota) enter(user string, admin bool) (ok, news bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held[user] >= q.each || (q.sum >= q.all && !admin) {
		news = !q.told[user] && len(q.told) < q.all
		if news {
			q.told[user] = true
		}
		return false, news
	}
	q.held[user]++
	q.sum++
	return true, false
}

// leave gives one back.
func (q *quota) leave(user string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sum--
	if q.held[user]--; q.held[user] <= 0 {
		delete(q.held, user)
		delete(q.told, user)
	}
	if q.sum == 0 {
		clear(q.told) // of users who never held anything
	}
}
