package server

import (
	"context"
	"maps"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"
)

// callerListener is a listener that knows who calls and lets each caller have so many connections.
type callerListener struct {
	net.Listener
	log    *zap.Logger
	budget *budget
}

// callerConn is a connection with who opened it.
type callerConn struct {
	net.Conn
	caller Caller
	leave  func()
}

// Accept waits for the next connection that is let in.
func (l *callerListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		caller, err := identify(conn)
		if err != nil {
			l.log.Debug("a caller could not be identified", zap.Error(err))
			_ = conn.Close() // it may be gone already
			continue
		}
		c := &callerConn{Conn: conn, caller: caller}
		leave, news := l.budget.enter(caller, c.cut)
		if leave == nil {
			if news {
				l.log.Warn("too many connections at the local API; more of this user are refused",
					zap.String("user", caller.User), zap.Int32("pid", caller.PID))
			}
			_ = conn.Close() // it may be gone already
			continue
		}
		c.leave = leave
		return c, nil
	}
}

// Close closes the connection and makes room for another.
func (c *callerConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// cut ends a connection that has to make room; whoever serves it notices, and closes it.
func (c *callerConn) cut() { _ = c.Conn.Close() }

type callerKey struct{}

func withCaller(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(*callerConn); ok {
		ctx = context.WithValue(ctx, callerKey{}, c.caller)
	}
	return ctx
}

// callerOf returns who opened the connection of a request.
func callerOf(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok && c.User != ""
}

// budget shares something scarce between users. Each holds so many at most. When all is taken, the user who holds most
// gives one up for a user who holds less than an equal share, so that no number of greedy users locks another out.
// Administrators are bound by each, but never by all.
type budget struct {
	each, all int

	mu   sync.Mutex
	sum  int
	held map[string][]*share
	told map[string]time.Time // when a user's refusal was last news
}

// share is one thing held by a user. cut takes it away; nil where that cannot be.
type share struct{ cut func() }

func newBudget(each, all int) *budget {
	return &budget{each: each, all: all, held: map[string][]*share{}, told: map[string]time.Time{}}
}

// enter takes one for the caller and returns what gives it back, or nil if there was none. cut is called when it has to
// go to somebody else; the caller must still give it back. A user's refusal is news
// once in tellEvery: whoever takes all and lets go of all, again and again, must not fill the log.
func (b *budget) enter(c Caller, cut func()) (leave func(), news bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	mine := len(b.held[c.User])
	if mine >= b.each || (b.sum >= b.all && !c.Admin && !b.makeRoom(mine)) {
		return nil, b.isNews(c.User)
	}
	s := &share{cut: cut}
	b.held[c.User] = append(b.held[c.User], s)
	b.sum++
	return sync.OnceFunc(func() { b.leave(c.User, s) }), false
}

// makeRoom takes the newest from the user who holds most, if that leaves them no less than the one who asks would hold.
func (b *budget) makeRoom(mine int) bool {
	most := ""
	for user, shares := range b.held {
		if n := len(b.held[most]); len(shares) > n || (len(shares) == n && user < most) {
			most = user
		}
	}
	shares := b.held[most]
	if len(shares) <= mine+1 {
		return false
	}
	newest := shares[len(shares)-1]
	if newest.cut == nil {
		return false
	}
	b.remove(most, newest)
	newest.cut()
	return true
}

func (b *budget) leave(user string, s *share) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(user, s)
}

// tellEvery is how often the refusal of one user is news.
const tellEvery = 10 * time.Minute

// isNews reports whether the refusal of a user is to be told of, and notes that it was. It remembers at most as many users
// as there are things to hold.
func (b *budget) isNews(user string) bool {
	if at, told := b.told[user]; told && time.Since(at) < tellEvery {
		return false
	}
	maps.DeleteFunc(b.told, func(_ string, at time.Time) bool { return time.Since(at) >= tellEvery })
	if len(b.told) >= b.all {
		return false
	}
	b.told[user] = time.Now()
	return true
}

// remove takes a share off the list; one that was cut is off it already.
func (b *budget) remove(user string, s *share) {
	for i, held := range b.held[user] {
		if held != s {
			continue
		}
		b.held[user] = append(b.held[user][:i:i], b.held[user][i+1:]...)
		b.sum--
		if len(b.held[user]) == 0 {
			delete(b.held, user)
		}
		return
	}
}
