package extensions

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/fault"
	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

// How many hosts may be connected: whoever may start a program here can play one.
const (
	maxHosts       = 128
	maxHostsOfUser = 16
	maxUsers       = 1024 // whose rates are remembered
)

// What one user's hosts may do a second, and at once.
const (
	connectsPerSecond, connectsAtOnce = 2, 2 * maxHostsOfUser
	popupsPerSecond, popupsAtOnce     = 20, 40 // a window asks once a second
	logEvery                          = 10 * time.Second
)

// outdatedLasts is how long it is remembered that a host was too old: it comes again every 10 s.
const outdatedLasts = 30 * time.Second

var (
	errTooMany   = fault.New(fault.TooMany, "too many browser profiles are connected; close some")
	errTooOften  = fault.New(fault.TooMany, "browsers of this user connect too often; wait a moment")
	errClosing   = fmt.Errorf("the agent is stopping: %w", context.Canceled)
	errOtherUser = fault.New(fault.Forbidden, "only a browser of the same user may connect its extension")
)

// The sentences of api.BrowserStatus.Update.
const (
	updateExtension = "the extension is older than minewatch: update it on the browser's page of extensions, then reload it there"
	updateHost      = "the browser still uses an older minewatch-host: close all its windows and open it again"
)

// registry knows who is connected. The goroutines that serve connections are those of its callers; close cuts the
// connections and waits until all have left.
type registry struct {
	mu       sync.Mutex
	closed   bool
	links    []*link // oldest first
	users    map[string]*user
	outdated []outdatedHost
	serving  sync.WaitGroup
}

// user is what all hosts of a user share.
type user struct {
	connects, messages, popups, lines *rate.Limiter
}

type outdatedHost struct {
	Peer
	at time.Time
}

func newUser() *user {
	return &user{
		connects: rate.NewLimiter(connectsPerSecond, connectsAtOnce),
		messages: rate.NewLimiter(nm.MaxPerSecond, nm.MaxPerSecond),
		popups:   rate.NewLimiter(popupsPerSecond, popupsAtOnce),
		lines:    rate.NewLimiter(rate.Every(logEvery), maxHostsOfUser),
	}
}

// enter lets a host in. The context ends when its connection must; leave must be called once it has ended.
func (r *registry) enter(ctx context.Context, peer Peer, log *zap.Logger) (_ context.Context, l *link, leave func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, nil, nil, errClosing
	}
	u, err := r.user(peer.User)
	if err != nil {
		return nil, nil, nil, err
	}
	if !u.connects.Allow() {
		return nil, nil, nil, errTooOften
	}
	for _, old := range r.links {
		if old.PID == peer.PID { // it came back before its old connection was seen to end
			r.remove(old)
			break
		}
	}
	if err := r.makeRoom(peer.User); err != nil {
		return nil, nil, nil, err
	}
	l = &link{Peer: peer, log: log, user: u, out: make(chan []byte, maxQueued)}
	ctx, l.cut = context.WithCancel(ctx)
	r.links = append(r.links, l)
	r.outdated = slices.DeleteFunc(r.outdated, func(o outdatedHost) bool { return o.PID == peer.PID })
	r.serving.Add(1)
	return ctx, l, sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.remove(l)
		r.serving.Done()
	}), nil
}

// makeRoom refuses a user who has enough connections. When all are taken, a user who has fewer than others gets one of
// those of the user who has most: nobody can lock others out. The caller holds the lock.
func (r *registry) makeRoom(newcomer string) error {
	held := map[string]int{}
	for _, l := range r.links {
		held[l.User]++
	}
	if held[newcomer] >= maxHostsOfUser {
		return errTooMany
	}
	if len(r.links) < maxHosts {
		return nil
	}
	newest := r.links[0]
	for _, l := range r.links {
		if held[l.User] >= held[newest.User] {
			newest = l
		}
	}
	if held[newest.User] <= held[newcomer]+1 {
		return errTooMany
	}
	r.remove(newest)
	return nil
}

// remove forgets a connection and ends it. The caller holds the lock.
func (r *registry) remove(l *link) {
	r.links = slices.DeleteFunc(r.links, func(other *link) bool { return other == l })
	l.cut()
}

// user returns what a user's hosts share. The caller holds the lock.
func (r *registry) user(name string) (*user, error) {
	if r.users == nil {
		r.users = map[string]*user{}
	}
	if u := r.users[name]; u != nil {
		return u, nil
	}
	for other, u := range r.users {
		here := slices.ContainsFunc(r.links, func(l *link) bool { return l.User == other })
		if !here && u.connects.Tokens() >= connectsAtOnce {
			delete(r.users, other) // a new one would be the same
		}
	}
	if len(r.users) >= maxUsers {
		return nil, errTooMany
	}
	u := newUser()
	r.users[name] = u
	return u, nil
}

// all returns the connections that are wanted, oldest first.
func (r *registry) all(wanted func(*link) bool) []*link {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*link
	for _, l := range r.links {
		if wanted(l) {
			out = append(out, l)
		}
	}
	return out
}

// under returns the connections of a browser's profiles.
func (r *registry) under(root heuristics.ProcessID) []*link {
	return r.all(func(l *link) bool { return l.Root == root })
}

// noteOutdated remembers for a while that a host was too old to be let in.
func (r *registry) noteOutdated(peer Peer, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ofUser := 0
	r.outdated = slices.DeleteFunc(r.outdated, func(o outdatedHost) bool {
		if now.Sub(o.at) > outdatedLasts || o.PID == peer.PID {
			return true
		}
		if o.User == peer.User {
			ofUser++
		}
		return false
	})
	if ofUser < maxHostsOfUser && len(r.outdated) < maxHosts {
		r.outdated = append(r.outdated, outdatedHost{peer, now})
	}
}

// status returns the browsers of one user, or of all if user is "", in the order of their pids.
func (r *registry) status(user string, now time.Time) []api.BrowserStatus {
	out := []api.BrowserStatus{}
	for _, l := range r.all(func(l *link) bool { return user == "" || l.User == user }) {
		said := l.said()
		out = append(out, api.BrowserStatus{Name: l.Browser, PID: l.Root.PID, Extension: said.extension, Update: said.update})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.outdated {
		if (user == "" || o.User == user) && now.Sub(o.at) <= outdatedLasts {
			out = append(out, api.BrowserStatus{Name: o.Browser, PID: o.Root.PID, Update: updateHost})
		}
	}
	slices.SortFunc(out, func(x, y api.BrowserStatus) int {
		return cmp.Or(cmp.Compare(x.PID, y.PID), cmp.Compare(x.Extension, y.Extension))
	})
	return out
}

func (r *registry) close() {
	r.mu.Lock()
	r.closed = true
	for _, l := range r.links {
		l.cut()
	}
	r.mu.Unlock()
	r.serving.Wait()
}
