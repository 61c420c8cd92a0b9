package main

import (
	"image"
	"slices"

	"github.com/esiqveland/notify"
	"github.com/godbus/dbus/v5"

	"github.com/minewatch/minewatch/agent/api/words"
)

// notices is what is known of one notification server.
type notices struct {
	ids    map[string]uint32 // by key
	asked  bool
	markup bool // bodies are markup
	action bool // buttons and clicks are told
}

// Notify shows a notice. Only the library's plain calls are used: its listener trusts the contents of every signal,
// and any program on the bus can send one.
func (d *linuxDesktop) Notify(n notice) { d.job(func() { d.show(n) }) }

// Withdraw closes a notice.
func (d *linuxDesktop) Withdraw(key string) {
	d.job(func() {
		d.mu.Lock()
		id, ok := d.notices.ids[key]
		delete(d.notices.ids, key)
		d.mu.Unlock()
		if ok { // an error only means that it was gone already
			d.conn.Object(noticeServer, noticePath).
				Call(noticeServer+".CloseNotification", 0, id)
		}
	})
}

// job queues work for a server that may be slow; with one that hangs, new notices are lost, and the menu stays.
func (d *linuxDesktop) job(do func()) {
	select {
	case d.jobs <- do:
	default:
	}
}

func (d *linuxDesktop) show(n notice) {
	d.mu.Lock()
	known, replaces := d.notices, d.notices.ids[n.Key]
	d.mu.Unlock()
	if !known.asked {
		caps, err := notify.GetCapabilities(d.conn) // starts a server, if the bus can
		if err != nil {
			return // Offers says whether there is one
		}
		d.mu.Lock()
		d.notices.asked = true
		d.notices.markup = slices.Contains(caps, "body-markup")
		d.notices.action = slices.Contains(caps, "actions")
		known = d.notices
		d.mu.Unlock()
	}
	out := notify.Notification{
		AppName: "minewatch", ReplacesID: replaces, Summary: n.Summary, Body: n.Body,
		ExpireTimeout: notify.ExpireTimeoutSetByNotificationServer,
	}
	out.SetUrgency(notify.UrgencyNormal)
	out.AddHint(notify.Hint{ID: "desktop-entry", Variant: dbus.MakeVariant("minewatch-tray")})
	pic := drawIcon(n.Icon, 48) // the server wants colours that are not multiplied by alpha, which these are not
	out.AddHint(notify.HintImageDataRGBA(&image.RGBA{Pix: pic.Pix, Stride: pic.Stride, Rect: pic.Rect}))
	if known.markup {
		out.Body = words.Markup(n.Body)
	}
	if known.action {
		for _, c := range n.Actions {
			out.Actions = append(out.Actions, notify.Action{Key: verbKey(c.Verb), Label: c.Label})
		}
	}
	id, err := notify.SendNotification(d.conn, out)
	if err != nil {
		return
	}
	d.mu.Lock()
	d.notices.ids[n.Key] = id
	d.mu.Unlock()
}

// noticeSignal turns a signal of the notification server about one of our notices into an event. Every program that
// listens gets the signals about everybody's notices.
func (d *linuxDesktop) noticeSignal(s *dbus.Signal) *desktopEvent {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.Sender != d.server || len(s.Body) != 2 {
		return nil
	}
	id, ok := s.Body[0].(uint32)
	if !ok {
		return nil
	}
	key := ""
	for k, v := range d.notices.ids {
		if v == id {
			key = k
		}
	}
	if key == "" {
		return nil
	}
	switch s.Name {
	case noticeServer + ".ActionInvoked":
		if name, ok := s.Body[1].(string); ok {
			if v, ok := verbOf(name); ok {
				return &desktopEvent{Key: key, Verb: v}
			}
		}
	case noticeServer + ".NotificationClosed":
		const byUser = uint32(2)
		delete(d.notices.ids, key)
		return &desktopEvent{Key: key, Verb: verbNone, Dismissed: s.Body[1] == byUser}
	}
	return nil
}
