//go:build linux

package desktop

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

const notificationsName = "org.freedesktop.Notifications"

// Notification is one notification that the daemon accepted.
type Notification struct {
	// ID is the number the daemon gave it.
	ID uint32
	// App, Summary and Body are what the program sent; Body may hold the markup of desktop notifications.
	App, Summary, Body string
	// Actions maps action keys to the labels of their buttons.
	Actions map[string]string
	// At is when it was sent.
	At time.Time
	// Closed reports that it is no longer shown.
	Closed bool
}

// Text returns summary and body, for searching.
func (n Notification) Text() string { return n.Summary + "\n" + n.Body }

// noteLog collects what passes over the bus.
//
// The daemon's own history (dunstctl history) lists only notifications that are gone from the screen, and gives no
// wall clock time, so the bus is watched instead.
type noteLog struct {
	mu    sync.Mutex
	calls map[call]Notification // sent, not yet accepted
	notes []Notification        // accepted, in order
}

// call names one method call on the bus until it is answered.
type call struct {
	sender string
	serial uint32
}

// watchNotifications opens a second connection that only listens.
func (d *Desktop) watchNotifications(address string) error {
	conn, err := dbus.Connect(address)
	if err != nil {
		return err
	}
	rules := []string{
		"type='method_call',interface='" + notificationsName + "',member='Notify'",
		"type='method_return',sender='" + notificationsName + "'",
		"type='signal',interface='" + notificationsName + "',member='NotificationClosed'",
	}
	if err := conn.BusObject().Call("org.freedesktop.DBus.Monitoring.BecomeMonitor", 0, rules, uint32(0)).Err; err != nil {
		conn.Close() // the error that counts is the one above
		return fmt.Errorf("watch the session bus: %w", err)
	}
	messages := make(chan *dbus.Message, 1024)
	conn.Eavesdrop(messages)
	go func() {
		// It ends when the bus does: godbus closes the channel.
		for m := range messages {
			d.notes.take(m, now())
		}
	}()
	return nil
}

// take files one message. Whatever does not have the shape of the specification is passed over.
func (l *noteLog) take(m *dbus.Message, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch m.Type {
	case dbus.TypeMethodCall:
		var n Notification
		var replaces uint32
		var icon string
		var actions []string
		if len(m.Body) < 6 ||
			dbus.Store(m.Body[:6], &n.App, &replaces, &icon, &n.Summary, &n.Body, &actions) != nil {
			return
		}
		n.At, n.Actions = at, map[string]string{}
		for pair := range slices.Chunk(actions, 2) {
			if len(pair) == 2 {
				n.Actions[pair[0]] = pair[1]
			}
		}
		if l.calls == nil {
			l.calls = map[call]Notification{}
		}
		l.calls[call{header[string](m, dbus.FieldSender), m.Serial()}] = n
	case dbus.TypeMethodReply:
		c := call{header[string](m, dbus.FieldDestination), header[uint32](m, dbus.FieldReplySerial)}
		n, ok := l.calls[c]
		if !ok || dbus.Store(m.Body, &n.ID) != nil {
			return
		}
		delete(l.calls, c)
		l.notes = append(l.notes, n)
	case dbus.TypeSignal:
		var id, reason uint32
		if dbus.Store(m.Body, &id, &reason) != nil {
			return
		}
		for i := range l.notes {
			l.notes[i].Closed = l.notes[i].Closed || l.notes[i].ID == id
		}
	case dbus.TypeError:
	}
}

func header[T any](m *dbus.Message, f dbus.HeaderField) T {
	v, _ := m.Headers[f].Value().(T)
	return v
}

// Notifications returns the notifications the daemon has accepted so far, the oldest first. One that replaced another
// stands beside it.
func (d *Desktop) Notifications() []Notification {
	d.notes.mu.Lock()
	defer d.notes.mu.Unlock()
	return slices.Clone(d.notes.notes)
}

// NotificationNaming returns the first notification whose text contains part.
func (d *Desktop) NotificationNaming(part string) (Notification, bool) {
	for _, n := range d.Notifications() {
		if strings.Contains(n.Text(), part) {
			return n, true
		}
	}
	return Notification{}, false
}
