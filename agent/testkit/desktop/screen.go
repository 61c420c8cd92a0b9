//go:build linux

package desktop

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// Window is one window on the screen.
type Window struct {
	// ID is the X server's number.
	ID string
	// Name is the title; Class the program's instance and class name, as the program chose them.
	Name, Class string
	// Bounds is where it stands on the screen.
	Bounds image.Rectangle
}

// picture returns what the screen shows now, as a PNG file.
func (d *Desktop) picture(ctx context.Context) ([]byte, error) {
	return d.Output(ctx, "import", "-silent", "-window", "root", "png:-")
}

// Screenshot writes a picture of the whole screen to a PNG file.
func (d *Desktop) Screenshot(ctx context.Context, path string) error {
	b, err := d.picture(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // pictures are for everybody
		return err
	}
	return os.WriteFile(path, b, 0o644) // pictures are for everybody
}

// Image returns what the screen shows now.
func (d *Desktop) Image(ctx context.Context) (image.Image, error) {
	b, err := d.picture(ctx)
	if err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(b))
}

// MoveTo moves the mouse pointer.
func (d *Desktop) MoveTo(ctx context.Context, p image.Point) error {
	_, err := d.Output(ctx, "xdotool", "mousemove", strconv.Itoa(p.X), strconv.Itoa(p.Y))
	return err
}

// Click moves the mouse pointer to a point and clicks button 1 (left), 2 (middle) or 3 (right).
func (d *Desktop) Click(ctx context.Context, p image.Point, button int) error {
	if err := d.MoveTo(ctx, p); err != nil {
		return err
	}
	_, err := d.Output(ctx, "xdotool", "click", strconv.Itoa(button))
	return err
}

// Key presses keys one after the other, named as xdotool does: "Down", "Return", "ctrl+w".
func (d *Desktop) Key(ctx context.Context, keys ...string) error {
	_, err := d.Output(ctx, "xdotool", append([]string{"key", "--delay", "60"}, keys...)...)
	return err
}

// windowLine is a line of `xwininfo -tree`: id, name, ("instance" "class"), size, relative and absolute place.
var windowLine = regexp.MustCompile(
	`^\s+(0x[0-9a-f]+) (?:"(.*)"|\(has no name\)): \((.*?)\)\s+(\d+)x(\d+)[+-]-?\d+[+-]-?\d+\s+([+-]-?\d+)([+-]-?\d+)$`)

// Windows returns the windows on the screen that are visible, from the top of the stack down.
func (d *Desktop) Windows(ctx context.Context) ([]Window, error) {
	tree, err := d.Output(ctx, "xwininfo", "-root", "-tree")
	if err != nil {
		return nil, err
	}
	shown, err := d.Output(ctx, "xdotool", "search", "--onlyvisible", "--name", ".*")
	if err != nil {
		return nil, err
	}
	visible := map[uint64]bool{}
	for id := range strings.FieldsSeq(string(shown)) {
		if n, err := strconv.ParseUint(id, 10, 64); err == nil {
			visible[n] = true
		}
	}
	var out []Window
	for _, w := range parseWindows(string(tree)) {
		if n, err := strconv.ParseUint(w.ID, 0, 64); err == nil && visible[n] {
			out = append(out, w)
		}
	}
	return out, nil
}

// parseWindows reads the output of `xwininfo -root -tree`; lines that are not windows are passed over.
func parseWindows(tree string) []Window {
	var out []Window
	for line := range strings.Lines(tree) {
		m := windowLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		var n [4]int
		for i, s := range m[4:8] {
			// "+-5" is how X prints a place left of the screen.
			v, err := strconv.Atoi(strings.TrimPrefix(s, "+"))
			if err != nil {
				return nil
			}
			n[i] = v
		}
		out = append(out, Window{ID: m[1], Name: m[2], Class: m[3], Bounds: image.Rect(n[2], n[3], n[2]+n[0], n[3]+n[1])})
	}
	return out
}

// AwaitWindow waits until a visible window satisfies ok and returns it.
func (d *Desktop) AwaitWindow(ctx context.Context, what string, ok func(Window) bool) (Window, error) {
	var found Window
	err := wait.Every(ctx, 100*time.Millisecond, what, func() (bool, error) {
		windows, err := d.Windows(ctx)
		if err != nil {
			return false, err
		}
		for _, w := range windows {
			if ok(w) {
				found = w
				return true, nil
			}
		}
		return false, nil
	})
	return found, err
}

// Place moves a window and gives it a size.
func (d *Desktop) Place(ctx context.Context, w Window, r image.Rectangle) error {
	_, err := d.Output(ctx, "xdotool", "windowsize", w.ID, strconv.Itoa(r.Dx()), strconv.Itoa(r.Dy()),
		"windowmove", w.ID, strconv.Itoa(r.Min.X), strconv.Itoa(r.Min.Y))
	return err
}
