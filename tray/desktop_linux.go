package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// Names on the session bus.
const (
	ownName      = "io.github.minewatch.Tray"
	trayHost     = "org.kde.StatusNotifierWatcher"
	noticeServer = "org.freedesktop.Notifications"
	noticePath   = "/org/freedesktop/Notifications"
	theBus       = "org.freedesktop.DBus"
)

var (
	errNoDisplay = errors.New("no desktop to show alerts on: DISPLAY and WAYLAND_DISPLAY are not set or nobody " +
		"answers there; start it within a desktop session, or run `minewatch watch` in a terminal")
	errNoBus = errors.New("no session bus: DBUS_SESSION_BUS_ADDRESS is not set or nobody answers there; " +
		"start it within a desktop session, or run `minewatch watch` in a terminal")
)

// linuxDesktop is a desktop with a D-Bus session.
type linuxDesktop struct {
	conn    *dbus.Conn
	display bool
	events  chan desktopEvent
	signals chan *dbus.Signal
	jobs    chan func()
	stop    chan struct{}
	hostNew chan struct{} // has room for one
	tries   int           // new starts so far to get the icon shown

	mu sync.Mutex
	// host and server are the unique bus names of the tray host and of the notification server, "" while there is none.
	host, server string
	missing      bool // the host does not show the icon
	starts       bool // the bus starts a notification server when one is needed
	notices      notices
}

// openDesktop looks at the desktop and takes the name of the user's only tray on it.
func openDesktop(ctx context.Context) (desktop, error) {
	display := displayAnswers(ctx)
	address := busAddress()
	if address == "" {
		if !display {
			return nil, errNoDisplay
		}
		return nil, errNoBus
	}
	conn, err := dbus.Connect(address)
	if err != nil {
		if !display {
			return nil, errNoDisplay
		}
		return nil, fmt.Errorf("%w (%v)", errNoBus, err) //nolint:errorlint // one sentence; only errNoBus is asked for
	}
	d := &linuxDesktop{
		conn: conn, display: display, events: make(chan desktopEvent, 16),
		signals: make(chan *dbus.Signal, 64), jobs: make(chan func(), 64), stop: make(chan struct{}),
		hostNew: make(chan struct{}, 1), tries: triesSoFar(), notices: notices{ids: map[string]uint32{}},
	}
	if err := d.start(ctx); err != nil {
		_ = conn.Close() // err says what happened
		return nil, err
	}
	return d, nil
}

func (d *linuxDesktop) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, name := range []string{trayHost, noticeServer} {
		err := d.conn.AddMatchSignalContext(ctx, dbus.WithMatchSender(theBus), dbus.WithMatchInterface(theBus),
			dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, name))
		if err != nil {
			return fmt.Errorf("%w (%v)", errNoBus, err) //nolint:errorlint // as above
		}
	}
	err := d.conn.AddMatchSignalContext(ctx, dbus.WithMatchSender(noticeServer), dbus.WithMatchInterface(noticeServer))
	if err != nil {
		return fmt.Errorf("%w (%v)", errNoBus, err) //nolint:errorlint // as above
	}
	d.conn.Signal(d.signals)
	d.host, d.server = d.owner(ctx, trayHost), d.owner(ctx, noticeServer)
	var names []string
	if d.conn.BusObject().CallWithContext(ctx, theBus+".ListActivatableNames", 0).Store(&names) == nil {
		d.starts = d.display && slices.Contains(names, noticeServer)
	}
	if !d.display && d.server == "" {
		return errNoDisplay
	}
	reply, err := d.conn.RequestName(ownName, dbus.NameFlagDoNotQueue)
	switch {
	case err != nil:
		return fmt.Errorf("the session bus did not give the name %s: %w", ownName, err)
	case reply != dbus.RequestNameReplyPrimaryOwner:
		return errSecond
	}
	go d.listen()
	go d.work()
	return nil
}

func (d *linuxDesktop) owner(ctx context.Context, name string) (unique string) {
	if d.conn.BusObject().CallWithContext(ctx, theBus+".GetNameOwner", 0, name).Store(&unique) != nil {
		return "" // nobody has the name
	}
	return unique
}

func (d *linuxDesktop) Offers() offers {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := offers{Menu: d.host != "" && d.display && canMenu && !d.missing, Notices: d.server != "" || d.starts}
	noMenu := "no program on this desktop shows tray icons (nobody owns " + trayHost + ")"
	switch {
	case !canMenu:
		noMenu = "this minewatch-tray was built without a menu"
	case d.missing:
		noMenu = "the tray of this desktop does not take minewatch's icon"
	case !d.display:
		noMenu = "there is no display for a menu"
	}
	switch {
	case !o.Menu && !o.Notices:
		o.Detail = noMenu + " and none shows notifications: alerts cannot be shown yet; start a panel with a tray"
	case !o.Menu:
		o.Detail = noMenu + ": alerts come as notifications only"
	case !o.Notices:
		o.Detail = "no program on this desktop shows notifications: alerts are in the menu only"
	}
	return o
}

func (d *linuxDesktop) Events() <-chan desktopEvent { return d.events }

func (d *linuxDesktop) Close() {
	close(d.stop)
	d.mu.Lock()
	for _, id := range d.notices.ids { // nobody would act on their buttons any more
		d.conn.Object(noticeServer, noticePath).Go(noticeServer+".CloseNotification", dbus.FlagNoReplyExpected, nil, id)
	}
	d.mu.Unlock()
	_ = d.conn.Close() // gives name and match rules back
}

// listen turns the bus's signals into events. What other programs send is checked: who sent it, and what is in it.
func (d *linuxDesktop) listen() {
	for s := range d.signals {
		var e *desktopEvent
		switch {
		case s.Sender == theBus && s.Name == theBus+".NameOwnerChanged":
			e = d.ownerChanged(s.Body)
		case strings.HasPrefix(s.Name, noticeServer+"."):
			e = d.noticeSignal(s)
		}
		if e != nil {
			d.send(*e)
		}
	}
	d.send(desktopEvent{Gone: true, Verb: verbNone})
}

func (d *linuxDesktop) send(e desktopEvent) {
	select {
	case d.events <- e:
	case <-d.stop:
	}
}

func (d *linuxDesktop) ownerChanged(body []any) *desktopEvent {
	var name, before, now string
	if dbus.Store(body, &name, &before, &now) != nil {
		return nil
	}
	d.mu.Lock()
	switch name {
	case trayHost:
		d.host, d.missing = now, false
		select {
		case d.hostNew <- struct{}{}:
		default: // somebody will look anyway
		}
	case noticeServer:
		d.server = now
		d.notices = notices{ids: map[string]uint32{}} // another server counts again
	}
	d.mu.Unlock()
	return &desktopEvent{Offers: new(d.Offers()), Verb: verbNone}
}

// work does the jobs of notifications one after the other, because each waits for the server's answer.
func (d *linuxDesktop) work() {
	for {
		select {
		case <-d.stop:
			return
		case job := <-d.jobs:
			job()
		}
	}
}

// busAddress returns where the session bus is, "" if there is none. The library's own way would start a new bus, on
// which nobody would ever see anything.
func busAddress() string {
	if a := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); a != "" && !strings.HasPrefix(a, "autolaunch:") {
		return a
	}
	socket := filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus")
	if fi, err := os.Stat(socket); filepath.IsAbs(socket) && err == nil && fi.Mode().Type() == os.ModeSocket {
		return "unix:path=" + dbus.EscapeBusAddressValue(socket)
	}
	return ""
}

// displayAnswers reports whether a Wayland or X display answers. GTK ends the whole program when none does.
func displayAnswers(ctx context.Context) bool {
	if w := os.Getenv("WAYLAND_DISPLAY"); w != "" {
		if !filepath.IsAbs(w) {
			w = filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), w)
		}
		if reach(ctx, "unix", w) {
			return true
		}
	}
	m := regexp.MustCompile(`^(?:([A-Za-z0-9_.-]+|\[[0-9a-fA-F:]+\]))?:([0-9]{1,5})(?:\.[0-9]+)?$`).
		FindStringSubmatch(os.Getenv("DISPLAY"))
	if m == nil {
		return false
	}
	if m[1] != "" && m[1] != "unix" { // an X server elsewhere, or one forwarded by ssh
		var port int
		if _, err := fmt.Sscan(m[2], &port); err != nil {
			return false
		}
		return reach(ctx, "tcp", fmt.Sprintf("%s:%d", m[1], 6000+port))
	}
	socket := "/tmp/.X11-unix/X" + m[2]
	return reach(ctx, "unix", socket) || reach(ctx, "unix", "@"+socket)
}

func reach(ctx context.Context, network, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return false
	}
	_ = c.Close() // it was only a knock
	return true
}
