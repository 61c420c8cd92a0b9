package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

// item is one visible entry of the tray's menu, as the panel gets it.
type item struct {
	ID       int32
	Label    string
	Enabled  bool
	Children []item
}

type layout struct {
	ID         int32
	Properties map[string]dbus.Variant
	Children   []dbus.Variant
}

// statusItem returns the tray's icon as it stands at the tray host.
func (d *x11Desktop) statusItem() (dbus.BusObject, error) {
	v, err := d.bus.Object(trayHost, "/StatusNotifierWatcher").GetProperty(trayHost + ".RegisteredStatusNotifierItems")
	if err != nil {
		return nil, err
	}
	items, _ := v.Value().([]string)
	if len(items) != 1 {
		return nil, fmt.Errorf("%d icons are registered: %q", len(items), items)
	}
	name, path, _ := strings.Cut(items[0], "/")
	return d.bus.Object(name, dbus.ObjectPath("/"+path)), nil
}

// menu returns the menu's visible entries.
func (d *x11Desktop) menu() (dbus.BusObject, []item, error) {
	icon, err := d.statusItem()
	if err != nil {
		return nil, nil, err
	}
	v, err := icon.GetProperty("org.kde.StatusNotifierItem.Menu")
	if err != nil {
		return nil, nil, err
	}
	path, _ := v.Value().(dbus.ObjectPath)
	menu := d.bus.Object(icon.Destination(), path)
	var revision uint32
	var root layout
	err = menu.Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root)
	if err != nil {
		return nil, nil, err
	}
	all, err := items(root)
	return menu, all, err
}

func items(l layout) ([]item, error) {
	var out []item
	for _, v := range l.Children {
		var c layout
		if err := v.Store(&c); err != nil {
			return nil, err
		}
		if visible, ok := c.Properties["visible"]; ok && visible.Value() == false {
			continue
		}
		i := item{ID: c.ID, Enabled: true}
		i.Label, _ = c.Properties["label"].Value().(string)
		if e, ok := c.Properties["enabled"]; ok && e.Value() == false {
			i.Enabled = false
		}
		var err error
		if i.Children, err = items(c); err != nil {
			return nil, err
		}
		if c.Properties["type"].Value() != "separator" {
			out = append(out, i)
		}
	}
	return out, nil
}

// text draws a menu as lines: "(x)" cannot be chosen, an indented line stands in a submenu.
func text(all []item, indent string) string {
	var b strings.Builder
	for _, i := range all {
		if i.Enabled {
			b.WriteString(indent + i.Label + "\n")
		} else {
			b.WriteString(indent + "(" + i.Label + ")\n")
		}
		b.WriteString(text(i.Children, indent+"  "))
	}
	return b.String()
}

// shows waits until the menu is exactly that.
func (d *x11Desktop) shows(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, "the menu", func() error {
		_, all, err := d.menu()
		if got := text(all, ""); err == nil && got != strings.Join(want, "\n")+"\n" {
			return fmt.Errorf("it is\n%s", got)
		}
		return err
	})
}

// choose clicks an entry through the panel's protocol: the first path element is an entry that begins with it.
func (d *x11Desktop) choose(t *testing.T, path ...string) {
	t.Helper()
	eventually(t, "an entry "+strings.Join(path, "/"), func() error {
		menu, all, err := d.menu()
		if err != nil {
			return err
		}
		var at *item
		for _, name := range path {
			at = nil
			for i := range all {
				if strings.HasPrefix(all[i].Label, name) {
					at = &all[i]
				}
			}
			if at == nil {
				return errors.New("there is none")
			}
			all = at.Children
		}
		return menu.Call("com.canonical.dbusmenu.Event", 0, at.ID, "clicked", dbus.MakeVariant(int32(0)), uint32(0)).Err
	})
}

// forge sends the tray a signal that looks like the notification server's, straight, past the filters of the bus.
func (d *x11Desktop) forge(t *testing.T, name string, body ...any) {
	t.Helper()
	m := &dbus.Message{Type: dbus.TypeSignal, Body: body, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldDestination: dbus.MakeVariant(ownName),
		dbus.FieldPath:        dbus.MakeVariant(dbus.ObjectPath(noticePath)),
		dbus.FieldInterface:   dbus.MakeVariant(noticeServer),
		dbus.FieldMember:      dbus.MakeVariant(name[1:]),
		dbus.FieldSignature:   dbus.MakeVariant(dbus.SignatureOf(body...)),
	}}
	if call := d.bus.Send(m, nil); call != nil && call.Err != nil {
		t.Fatal(call.Err)
	}
}
