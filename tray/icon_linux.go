package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// The library asks the tray host once to show the icon and does not hear when that fails; the icon is then missing
// until the host or the tray restarts. So the tray looks whether the host lists its icon, and restarts if not.
const (
	iconLook  = 2 * time.Second
	iconLooks = 5 // in vain, and the icon is missing
	// maxAgain bounds the new starts for one missing icon.
	maxAgain = 2
)

// IconStarted has the desktop look after the icon.
func (d *linuxDesktop) IconStarted() { go d.guardIcon() }

// guardIcon looks until the host lists the icon, and again whenever the host is another one.
func (d *linuxDesktop) guardIcon() {
	tick := time.NewTicker(iconLook)
	defer tick.Stop()
	for misses := 0; ; {
		select {
		case <-d.stop:
			return
		case <-tick.C:
		}
		d.mu.Lock()
		host, was := d.host, d.missing
		d.mu.Unlock()
		switch {
		case host == "":
			misses = 0
			continue
		case d.listed():
			misses, d.tries = 0, 0
			if was {
				d.iconMissing(false)
			}
			select { // nothing to do until there is another host
			case <-d.stop:
				return
			case <-d.hostNew:
			}
			continue
		}
		if misses++; misses != iconLooks {
			continue
		}
		if d.tries < maxAgain {
			d.send(desktopEvent{Again: d.tries + 1, Verb: verbNone})
			return
		}
		d.iconMissing(true)
	}
}

func (d *linuxDesktop) iconMissing(missing bool) {
	d.mu.Lock()
	d.missing = missing
	d.mu.Unlock()
	d.send(desktopEvent{Offers: new(d.Offers()), Verb: verbNone})
}

// listed reports whether one of the host's icons belongs to this process.
func (d *linuxDesktop) listed() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var v dbus.Variant
	err := d.conn.Object(trayHost, "/StatusNotifierWatcher").
		CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, trayHost, "RegisteredStatusNotifierItems").Store(&v)
	items, ok := v.Value().([]string)
	if err != nil || !ok {
		return false
	}
	for _, item := range items[:min(len(items), 100)] {
		name, _, _ := strings.Cut(item, "/")
		var pid uint32
		err := d.conn.BusObject().CallWithContext(ctx, theBus+".GetConnectionUnixProcessID", 0, name).Store(&pid)
		if err == nil && int(pid) == os.Getpid() {
			return true
		}
	}
	return false
}

// triesSoFar returns how often the tray was restarted before.
func triesSoFar() int {
	n, err := strconv.Atoi(os.Getenv(triesVariable))
	if err != nil {
		return 0
	}
	return n
}

// label keeps a _ from underlining the next letter: the panel draws the menu, and takes it for that.
func label(s string) string { return strings.ReplaceAll(s, "_", "__") }
