//go:build unix

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/fault"
)

// fakeAgent is an Agent that remembers what it was asked and holds alerts of several users.
type fakeAgent struct {
	mu       sync.Mutex
	calls    []string
	alerts   []api.Alert
	allowed  []api.Allowance
	feed     chan api.Event
	stranger bool        // no browser's host
	gone     chan string // streams that ended
	hold     chan struct{}
}

func newFakeAgent() *fakeAgent {
	return &fakeAgent{
		alerts: []api.Alert{{ID: "r-1", User: me(), Site: "films.test"}, {ID: "n-1", User: "65534", Site: "secret.test"}},
		feed:   make(chan api.Event, 16), gone: make(chan string, 64),
	}
}

func (d *fakeAgent) note(c Caller, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, c.User+" "+fmt.Sprintf(format, args...))
}

func (d *fakeAgent) said() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.calls
	d.calls = nil
	return out
}

func (d *fakeAgent) Status(_ context.Context, c Caller) api.Status {
	d.note(c, "status pid %d admin %v", c.PID, c.Admin)
	return api.Status{Type: "status", APIVersion: api.Version, Socket: c.User}
}

func (d *fakeAgent) Alerts(_ context.Context, c Caller, within time.Duration) ([]api.Alert, error) {
	d.note(c, "alerts %v", within)
	if d.hold != nil {
		<-d.hold
	}
	return slices.DeleteFunc(slices.Clone(d.alerts), func(a api.Alert) bool { return a.User != c.User && !c.Admin }), nil
}

func (d *fakeAgent) Act(ctx context.Context, c Caller, id, what string) error {
	d.note(c, "%s %s", what, id)
	switch id {
	case "panic":
		panic("hostile \x1b[31m page")
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	case "broken":
		return errors.New("a secret path /home/x")
	}
	for _, a := range d.alerts {
		if a.ID == id && (a.User == c.User || c.Admin) {
			return nil
		}
	}
	return fmt.Errorf("act: %w", fault.New(fault.NotFound, "there is no such alert"))
}

func (d *fakeAgent) Snooze(_ context.Context, c Caller, id string, span time.Duration) error {
	d.note(c, "snooze %s %v", id, span)
	return nil
}

func (d *fakeAgent) SnoozeNamed(_ context.Context, c Caller, a api.Allowance) (api.Allowance, error) {
	d.note(c, "snooze %s%s for %s", a.Site, a.Program, a.User)
	return a, nil
}

func (d *fakeAgent) UnsnoozeNamed(_ context.Context, c Caller, a api.Allowance) error {
	d.note(c, "unsnooze %s%s for %s", a.Site, a.Program, a.User)
	return nil
}

func (d *fakeAgent) Unsnooze(_ context.Context, c Caller, id string) error {
	d.note(c, "unsnooze %s", id)
	return nil
}

func (d *fakeAgent) Snoozes(_ context.Context, c Caller) ([]api.Allowance, error) {
	d.note(c, "snoozes")
	return []api.Allowance{}, nil
}

func (d *fakeAgent) AllowAlert(_ context.Context, c Caller, id string, span time.Duration) (api.Allowance, error) {
	d.note(c, "allow alert %s %v", id, span)
	return api.Allowance{Type: "allowance", Site: "films.test", User: c.User}, nil
}

func (d *fakeAgent) Allow(_ context.Context, c Caller, a api.Allowance) (api.Allowance, error) {
	d.note(c, "allow %s%s for %s", a.Site, a.Program, a.User)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.allowed = append(d.allowed, a)
	return a, nil
}

func (d *fakeAgent) Disallow(_ context.Context, c Caller, a api.Allowance) error {
	d.note(c, "disallow %s%s for %s", a.Site, a.Program, a.User)
	return nil
}

func (d *fakeAgent) Allowances(context.Context, Caller) ([]api.Allowance, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.allowed), nil
}

func (d *fakeAgent) Events(ctx context.Context, c Caller, live bool, tray *api.TrayStatus) iter.Seq[api.Event] {
	d.note(c, "events live %v tray %+v", live, tray)
	return func(yield func(api.Event) bool) {
		defer func() { d.gone <- "events" }()
		for {
			select {
			case e := <-d.feed:
				if e.Alert != nil && e.Alert.ID == "panic" {
					panic("in a stream")
				}
				if !yield(e) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// Extension echoes what comes, message by message, once it has let the caller in.
func (d *fakeAgent) Extension(ctx context.Context, c Caller, accept func() (net.Conn, error)) error {
	d.note(c, "extension pid %d", c.PID)
	if d.stranger {
		return fault.New(fault.Forbidden, "you are no browser")
	}
	conn, err := accept()
	if err != nil {
		return err
	}
	defer func() { d.gone <- "extension" }()
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	in := make([]byte, 5)
	for {
		if _, err := io.ReadFull(conn, in); err != nil {
			return err // it is too late to be told
		}
		if string(in) == "panic" {
			panic("in a channel")
		}
		if _, err := conn.Write(in); err != nil {
			return err
		}
	}
}

func (d *fakeAgent) OutdatedHost(_ context.Context, c Caller) { d.note(c, "outdated host") }
