//go:build linux

package desktop

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/minewatch/minewatch/agent/testkit/wait"
)

const (
	watcherName = "org.kde.StatusNotifierWatcher"
	itemName    = "org.kde.StatusNotifierItem"
	menuName    = "com.canonical.dbusmenu"
)

// ErrNoTrayIcon is returned (wrapped) when no program, or more than one, shows an icon in the tray.
var ErrNoTrayIcon = errors.New("the tray does not hold exactly one icon")

// trayItem is a program's icon in the tray: its bus name, the object, and the object of its menu.
type trayItem struct {
	bus        string
	path, menu dbus.ObjectPath
}

// MenuItem is one line of a tray menu.
type MenuItem struct {
	// ID is the program's number for it.
	ID int32
	// Label is the text a person reads, without the marks of keyboard shortcuts.
	Label string
	// Enabled and Visible are as a person finds the line; Separator is a line that cannot be chosen.
	Enabled, Visible, Separator bool
	// Children are the lines of a submenu.
	Children []MenuItem
}

// selectable reports whether the arrow keys stop at the line.
func (m MenuItem) selectable() bool { return m.Visible && m.Enabled && !m.Separator }

// Text returns the labels of the line and of all lines below it that are visible, one a line, submenus indented.
func (m MenuItem) Text() string {
	var b strings.Builder
	m.write(&b, "")
	return b.String()
}

func (m MenuItem) write(b *strings.Builder, indent string) {
	for _, c := range m.Children {
		if !c.Visible {
			continue
		}
		label := c.Label
		if c.Separator {
			label = "--"
		}
		if !c.Enabled {
			label += " (grey)"
		}
		b.WriteString(indent + label + "\n")
		c.write(b, indent+"    ")
	}
}

// trayItem returns the only item in the tray.
func (d *Desktop) trayItem(ctx context.Context) (trayItem, error) {
	var names []string
	v, err := d.property(ctx, watcherName, "/StatusNotifierWatcher", watcherName, "RegisteredStatusNotifierItems")
	if err != nil {
		return trayItem{}, err
	}
	if err := v.Store(&names); err != nil {
		return trayItem{}, err
	}
	if len(names) != 1 {
		return trayItem{}, fmt.Errorf("%w: %q", ErrNoTrayIcon, names)
	}
	item := splitItem(names[0])
	v, err = d.property(ctx, item.bus, item.path, itemName, "Menu")
	if err != nil {
		return trayItem{}, err
	}
	return item, v.Store(&item.menu)
}

// splitItem takes ":1.5/org/x" or ":1.5" apart; the specification's path is the default.
func splitItem(name string) trayItem {
	bus, path, found := strings.Cut(name, "/")
	if !found {
		return trayItem{bus: bus, path: "/StatusNotifierItem"}
	}
	return trayItem{bus: bus, path: dbus.ObjectPath("/" + path)}
}

func (d *Desktop) property(ctx context.Context, bus string, path dbus.ObjectPath, iface, name string) (dbus.Variant, error) {
	var v dbus.Variant
	err := d.bus.Object(bus, path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, iface, name).Store(&v)
	if err != nil {
		return v, fmt.Errorf("read %s of %s: %w", name, iface, err)
	}
	return v, nil
}

// AwaitTray waits until exactly one program shows an icon in the tray and the panel has drawn it.
func (d *Desktop) AwaitTray(ctx context.Context) error {
	return wait.Every(ctx, 100*time.Millisecond, "a tray icon", func() (bool, error) {
		if _, err := d.trayItem(ctx); err != nil {
			return false, ctx.Err()
		}
		_, err := d.TrayIcon(ctx)
		return err == nil, ctx.Err()
	})
}

// TrayMenu returns the menu of the only icon in the tray as the program offers it: the children of the root.
func (d *Desktop) TrayMenu(ctx context.Context) (MenuItem, error) {
	item, err := d.trayItem(ctx)
	if err != nil {
		return MenuItem{}, err
	}
	menu := d.bus.Object(item.bus, item.menu)
	// Some programs fill a menu only when it is about to be shown; that one cannot do so is no error.
	_ = menu.CallWithContext(ctx, menuName+".AboutToShow", 0, int32(0)).Err
	var revision uint32
	var root layout
	err = menu.CallWithContext(ctx, menuName+".GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root)
	if err != nil {
		return MenuItem{}, fmt.Errorf("read the tray menu: %w", err)
	}
	return root.item()
}

// layout is com.canonical.dbusmenu's (ia{sv}av).
type layout struct {
	ID         int32
	Properties map[string]dbus.Variant
	Children   []dbus.Variant
}

// item turns a layout into a MenuItem; properties that are absent have the defaults of the protocol.
func (l layout) item() (MenuItem, error) {
	m := MenuItem{
		ID:        l.ID,
		Label:     unmark(value(l.Properties, "label", "")),
		Enabled:   value(l.Properties, "enabled", true),
		Visible:   value(l.Properties, "visible", true),
		Separator: value(l.Properties, "type", "standard") == "separator",
	}
	for _, v := range l.Children {
		var c layout
		if err := v.Store(&c); err != nil {
			return m, fmt.Errorf("a line of the tray menu: %w", err)
		}
		item, err := c.item()
		if err != nil {
			return m, err
		}
		m.Children = append(m.Children, item)
	}
	return m, nil
}

func value[T any](properties map[string]dbus.Variant, key string, absent T) T {
	if v, ok := properties[key].Value().(T); ok {
		return v
	}
	return absent
}

// unmark removes the underscore before a shortcut's letter; two stand for one.
func unmark(label string) string {
	return strings.NewReplacer("__", "_", "_", "").Replace(label)
}

// TrayIcon returns where the panel draws the icon of the only item in the tray.
//
// The panel's tray runs in a process with a window of its own, which is as large as the icons in it.
func (d *Desktop) TrayIcon(ctx context.Context) (image.Rectangle, error) {
	if _, err := d.trayItem(ctx); err != nil {
		return image.Rectangle{}, err
	}
	windows, err := d.Windows(ctx)
	if err != nil {
		return image.Rectangle{}, err
	}
	for _, w := range windows {
		if w.Name != "wrapper-2.0" {
			continue
		}
		if !w.Bounds.In(image.Rect(0, 0, Width, Height)) {
			break // the panel has not made room yet
		}
		return w.Bounds, nil
	}
	return image.Rectangle{}, fmt.Errorf("%w: the panel has not drawn it", ErrNoTrayIcon)
}
