package main

import (
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"
)

// fakeHost is a tray host that forgets the first icons that it is asked to show, as one that is still starting may.
type fakeHost struct {
	forget int

	mu    sync.Mutex
	asked int
	items []string
}

func (h *fakeHost) RegisterStatusNotifierItem(item string, from dbus.Sender) *dbus.Error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked++; h.asked > h.forget {
		h.items = []string{string(from) + item}
	}
	return nil
}

// Get answers for RegisteredStatusNotifierItems, the only property that is asked for.
func (h *fakeHost) Get(string, string) (dbus.Variant, *dbus.Error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return dbus.MakeVariant(append([]string{}, h.items...)), nil
}

func (*fakeHost) GetAll(string) (map[string]dbus.Variant, *dbus.Error) { return nil, nil }

func (d *x11Desktop) fakeHost(t *testing.T, forget int) *fakeHost {
	t.Helper()
	h := &fakeHost{forget: forget}
	for _, name := range []string{trayHost, "org.freedesktop.DBus.Properties"} {
		if err := d.bus.Export(h, "/StatusNotifierWatcher", name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.bus.RequestName(trayHost, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestForgottenIcon: a host that lost the icon is asked again, by a tray that restarts under the same number.
func TestForgottenIcon(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	h := d.fakeHost(t, 1)
	p := d.tray(t, a)
	eventually(t, "the icon", func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.asked != 2 || len(h.items) != 1 {
			return fmt.Errorf("asked %d times: %q", h.asked, h.items)
		}
		return lacks(p.stderr.String(), "does not show the icon; restarting\n")
	})
	a.mode(t, "menu", "alerts are in the menu only")
	p.leave(t, syscall.SIGTERM)
	nothingLeft(t, d)
}

// TestIconNeverShown: after the last try the tray says that it has no icon, and notifies.
func TestIconNeverShown(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	d.fakeHost(t, 1000)
	d.dunst(t)
	p := d.triedTray(t, a, maxAgain)
	a.mode(t, "menu", "")
	a.mode(t, "notifications", "does not take minewatch's icon")
	a.tell(films("a1", nil))
	d.displayed(t, "1")
	p.leave(t, syscall.SIGTERM)
}
