//go:build linux

package desktop_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/programs"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// start brings a desktop up for one test and checks at its end that nothing of it is left.
func start(t *testing.T) *desktop.Desktop {
	t.Helper()
	if testing.Short() {
		t.Skip("a whole desktop is not short")
	}
	desktop.Need(t, desktop.Missing())
	d, err := desktop.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if left := d.Leftovers(); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
		if _, err := os.Stat(d.Dir()); !os.IsNotExist(err) {
			t.Errorf("the folder is left: %v", err)
		}
	})
	return d
}

func TestDesktopRunsItsProgramsUnprivileged(t *testing.T) {
	d := start(t)
	out, err := d.Output(t.Context(), "sh", "-c", `id -u; pwd; stat -c %a:%u "$XDG_RUNTIME_DIR"; echo "[$SSH_AUTH_SOCK$GOPATH]"`)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%d\n%s\n700:%d\n[]\n", d.UID(), d.Home(), d.UID())
	if string(out) != want {
		t.Errorf("got %q, want %q", out, want)
	}
	if d.UID() == 0 {
		t.Error("the desktop belongs to root")
	}
	left := d.Leftovers()
	if len(left) < 5 {
		t.Errorf("%d processes of the desktop were found, want X server, bus, window manager, panel and daemon at least", len(left))
	}
	for _, pid := range left {
		fi, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
		if err != nil {
			continue // it ended meanwhile
		}
		if st, ok := fi.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != d.UID() {
			t.Errorf("process %d does not belong to user %d", pid, d.UID())
		}
	}
}

func TestProgramOutsideItsGroupIsStopped(t *testing.T) {
	d := start(t)
	p, err := d.Start(t.Context(), nil, "sh", "-c", "setsid sleep 300 & echo $!; wait")
	if err != nil {
		t.Fatal(err)
	}
	wait.For(t, 5*time.Second, "the probe to say something", func() bool { b, err := os.ReadFile(p.Log()); return err == nil && len(b) > 1 })
	pid, err := strconv.Atoi(strings.TrimSpace(text(p)))
	if err != nil {
		t.Fatal(err)
	}
	if owns, err := d.Owns(pid); err != nil || !owns {
		t.Errorf("Owns of a program of the desktop = %v, %v", owns, err)
	}
	if owns, err := d.Owns(os.Getpid()); err != nil || owns {
		t.Errorf("Owns of this test = %v, %v", owns, err)
	}
	if _, err := d.Owns(1 << 30); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Owns of no process: %v", err)
	}
	// start's cleanup fails if the sleeper, a session of its own, outlives Close.
}

func TestNotification(t *testing.T) {
	d := start(t)
	before := screen(t, d)
	// With an action notify-send stays until it is chosen.
	if _, err := d.Start(t.Context(), nil, "notify-send", "-a", "probe", "-A", "close=Close tab",
		"films.test keeps your computer busy", "It has kept <b>1.4</b> cores busy."); err != nil {
		t.Fatal(err)
	}
	wait.For(t, 10*time.Second, "a notification", func() bool { return len(d.Notifications()) > 0 })
	n, ok := d.NotificationNaming("films.test")
	if !ok || n.App != "probe" || n.ID == 0 || n.Actions["close"] != "Close tab" || n.Closed {
		t.Fatalf("NotificationNaming = %+v, %v; all: %+v", n, ok, d.Notifications())
	}
	if _, ok := d.NotificationNaming("news.test"); ok {
		t.Error("a notification was found that nobody sent")
	}
	// It is on the screen, at the top right.
	wait.For(t, 5*time.Second, "a change of the picture", func() bool { return differ(before, screen(t, d), image.Rect(1000, 24, 1416, 90)) > 1000 })
	if _, err := d.Output(t.Context(), "dunstctl", "close-all"); err != nil {
		t.Fatal(err)
	}
	wait.For(t, 5*time.Second, "the notification to close", func() bool { n, _ := d.NotificationNaming("films.test"); return n.Closed })
}

func TestTray(t *testing.T) {
	d := start(t)
	ctx := t.Context()
	if _, err := d.TrayMenu(ctx); err == nil {
		t.Error("an empty tray has a menu")
	}
	probe := startProbe(t, d)
	menu, err := d.TrayMenu(ctx)
	if err != nil {
		t.Fatal(err)
	}
	const want = `2 alerts (grey)
--
First_line
films.test
    Grey (grey)
    Show tab
    Close tab
Quit
`
	if menu.Text() != want {
		t.Errorf("menu:\n%s", menu.Text())
	}
	icon, err := d.TrayIcon(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if red := count(screen(t, d), icon, isRed); red < 100 {
		t.Errorf("%d pixels of the icon's colour in %v", red, icon)
	}

	if err := d.ClickTrayMenu(ctx, "films.test", "Close tab"); err != nil {
		t.Fatal(err)
	}
	if err := d.ClickTrayMenu(ctx, "First_line"); err != nil {
		t.Fatal(err)
	}
	if err := d.SendTrayMenu(ctx, "films.test", "Show tab"); err != nil {
		t.Fatal(err)
	}
	wait.For(t, 10*time.Second, "the last click", func() bool { return text(probe) == "close\nfirst\nshow\n" })

	if err := d.ClickTrayMenu(ctx, "films.test", "Grey"); err == nil {
		t.Error("a grey line was chosen")
	}
	if err := d.CloseTrayMenu(ctx); err != nil {
		t.Error(err)
	}
	if got := text(probe); got != "close\nfirst\nshow\n" {
		t.Errorf("after Escape: %q", got)
	}
}

// startProbe builds the program in testdata/probe and waits for its icon.
func startProbe(t *testing.T, d *desktop.Desktop) *desktop.Process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "probe")
	if err := programs.Package(t.Context(), file, "./testdata/probe", true); err != nil {
		t.Fatal(err)
	}
	file, err := d.Install(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Start(t.Context(), nil, file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := d.AwaitTray(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}

func text(p *desktop.Process) string {
	b, err := os.ReadFile(p.Log())
	if err != nil {
		return err.Error()
	}
	// GTK may complain on the same stream.
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		if !strings.Contains(line, " ") && line != "\n" {
			out.WriteString(line)
		}
	}
	return out.String()
}

func screen(t *testing.T, d *desktop.Desktop) image.Image {
	t.Helper()
	img, err := d.Image(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func isRed(r, g, b uint32) bool { return r > 0xa000 && g < 0x8000 && b < 0x7000 }

func count(img image.Image, in image.Rectangle, ok func(r, g, b uint32) bool) int {
	n := 0
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); ok(r, g, b) {
				n++
			}
		}
	}
	return n
}

// differ counts the pixels that are not the same in two pictures.
func differ(a, b image.Image, in image.Rectangle) int {
	n := 0
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				n++
			}
		}
	}
	return n
}

// TestOneDesktopAtATime: a second one waits for the first.
func TestOneDesktopAtATime(t *testing.T) {
	start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	d, err := desktop.Start(ctx)
	if err == nil {
		d.Close()
	}
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "another test desktop") {
		t.Errorf("a second desktop: %v", err)
	}
}
