//go:build linux

package desktop

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// menuPatience is how long a menu may take to open or close after a click.
const menuPatience = 10 * time.Second

// OpenTrayMenu clicks the tray icon with the mouse and returns where the menu has opened.
func (d *Desktop) OpenTrayMenu(ctx context.Context) (image.Rectangle, error) {
	icon, err := d.TrayIcon(ctx)
	if err != nil {
		return image.Rectangle{}, err
	}
	centre := image.Pt((icon.Min.X+icon.Max.X)/2, (icon.Min.Y+icon.Max.Y)/2)
	if err := d.Click(ctx, centre, 1); err != nil {
		return image.Rectangle{}, err
	}
	var bounds image.Rectangle
	ctx, cancel := context.WithTimeout(ctx, menuPatience)
	defer cancel()
	err = wait.Every(ctx, 100*time.Millisecond, "the tray menu to open", func() (bool, error) {
		menus, err := d.openMenus(ctx)
		if len(menus) > 0 {
			bounds = menus[0].Bounds
		}
		return len(menus) > 0, err
	})
	return bounds, err
}

// openMenus returns the windows of the panel's tray that say they are menus (and not, for one, tooltips).
func (d *Desktop) openMenus(ctx context.Context) ([]Window, error) {
	windows, err := d.Windows(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(windows, func(w Window) bool {
		if !strings.Contains(w.Class, `"Wrapper-2.0"`) {
			return true
		}
		out, err := d.Output(ctx, "xprop", "-id", w.ID, "_NET_WM_WINDOW_TYPE")
		return err != nil || !strings.Contains(string(out), "_MENU") // an error: it closed meanwhile
	}), nil
}

// CloseTrayMenu closes an open tray menu with the Escape key.
func (d *Desktop) CloseTrayMenu(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, menuPatience)
	defer cancel()
	// One Escape closes one level of submenu.
	return wait.Every(ctx, 200*time.Millisecond, "the tray menu to close", func() (bool, error) {
		menus, err := d.openMenus(ctx)
		if err != nil || len(menus) == 0 {
			return err == nil, err
		}
		return false, d.Key(ctx, "Escape")
	})
}

// SelectInTrayMenu walks with the arrow keys of an open tray menu to the line whose label contains the last part,
// inside submenus whose labels contain the parts before. It does not press Return, so that a picture can be taken.
func (d *Desktop) SelectInTrayMenu(ctx context.Context, path ...string) (MenuItem, error) {
	menu, err := d.TrayMenu(ctx)
	if err != nil {
		return MenuItem{}, err
	}
	for i, part := range path {
		downs, item, ok := menu.steps(part)
		if !ok {
			return item, fmt.Errorf("the tray menu has no line %q that can be chosen:\n%s", part, menu.Text())
		}
		if i > 0 {
			// Right opens the submenu and selects its first line.
			if err := d.Key(ctx, "Right"); err != nil {
				return item, err
			}
			downs--
		}
		if downs > 0 {
			if err := d.Key(ctx, slices.Repeat([]string{"Down"}, downs)...); err != nil {
				return item, err
			}
		}
		menu = item
	}
	return menu, nil
}

// steps returns how often Down must be pressed in a menu that has just opened to come to the first line that contains
// part, and that line.
func (m MenuItem) steps(part string) (int, MenuItem, bool) {
	n := 0
	for _, c := range m.Children {
		if !c.selectable() {
			continue
		}
		n++
		if strings.Contains(c.Label, part) {
			return n, c, true
		}
	}
	return 0, MenuItem{}, false
}

// ClickTrayMenu opens the tray menu with a mouse click, walks to a line as SelectInTrayMenu does, and presses Return.
func (d *Desktop) ClickTrayMenu(ctx context.Context, path ...string) error {
	if _, err := d.OpenTrayMenu(ctx); err != nil {
		return err
	}
	if _, err := d.SelectInTrayMenu(ctx, path...); err != nil {
		return err
	}
	return d.Key(ctx, "Return")
}

// SendTrayMenu chooses a line without a menu on the screen, by the message the panel would send. It is for tests that
// are about something else than the menu.
func (d *Desktop) SendTrayMenu(ctx context.Context, path ...string) error {
	menu, err := d.TrayMenu(ctx)
	if err != nil {
		return err
	}
	for _, part := range path {
		_, next, ok := menu.steps(part)
		if !ok {
			return fmt.Errorf("the tray menu has no line %q that can be chosen:\n%s", part, menu.Text())
		}
		menu = next
	}
	item, err := d.trayItem(ctx)
	if err != nil {
		return err
	}
	return d.bus.Object(item.bus, item.menu).CallWithContext(ctx, menuName+".Event", 0,
		menu.ID, "clicked", dbus.MakeVariant(int32(0)), uint32(0)).Err
}
