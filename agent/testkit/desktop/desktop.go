//go:build linux

package desktop

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/minewatch/minewatch/agent/testkit/wait"
)

//go:embed config
var configs embed.FS

// startTimeout is how long each part of the desktop may take to come up.
const startTimeout = 30 * time.Second

// Size of the screen in pixels.
const (
	Width  = 1440
	Height = 900
)

// Desktop is a running desktop. Its methods may be called from several goroutines.
type Desktop struct {
	dir, home, run string
	user           account
	display        string
	bus            *dbus.Conn
	turn           *os.File // locked while the desktop lives
	notes          *noteLog

	mu      sync.Mutex
	started []*Process
}

// Missing returns the programs that a desktop needs and that are not installed.
func Missing() []string {
	var missing []string
	for _, p := range []string{
		"Xvfb", "dbus-daemon", "fluxbox", "fbsetroot", "xfce4-panel", "dunst", "import", "xdotool", "xprop", "xwininfo",
	} {
		if _, err := exec.LookPath(p); err != nil {
			missing = append(missing, p)
		}
	}
	return missing
}

// Start brings a desktop up and returns when its tray and its notification daemon answer. It lives until Close; when
// ctx ends everything on it is killed. It waits while another desktop lives on this machine, see takeTurn.
func Start(ctx context.Context) (*Desktop, error) {
	if m := Missing(); len(m) > 0 {
		return nil, fmt.Errorf("not installed: %s (scripts/setup.sh test installs them)", strings.Join(m, ", "))
	}
	u, err := desktopUser()
	if err != nil {
		return nil, err
	}
	turn, err := takeTurn(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "minewatch-")
	if err != nil {
		turn.Close() // the lock goes with it
		return nil, err
	}
	d := &Desktop{
		turn: turn, dir: dir, home: filepath.Join(dir, "home"), run: filepath.Join(dir, "run"), user: u, notes: &noteLog{},
	}
	if err := d.up(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Desktop) up(ctx context.Context) error {
	if err := d.folders(); err != nil {
		return err
	}
	if err := d.startX(ctx); err != nil {
		return err
	}
	if err := d.startBus(ctx); err != nil {
		return err
	}
	for _, prog := range [][]string{
		{"fluxbox", "-rc", filepath.Join(d.home, ".fluxbox/init")},
		{"xfce4-panel", "--disable-wm-check"},
		{"dunst", "-conf", filepath.Join(d.home, ".config/dunst/dunstrc")},
	} {
		if _, err := d.Start(ctx, nil, prog[0], prog[1:]...); err != nil {
			return err
		}
	}
	if _, err := d.Output(ctx, "fbsetroot", "-solid", "#46627a"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for _, name := range []string{watcherName, notificationsName} {
		if err := d.awaitName(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// folders makes the home, the runtime folder and the configuration, all owned by the desktop's user.
func (d *Desktop) folders() error {
	if err := os.Chmod(d.dir, 0o755); err != nil { // the desktop's user must be able to enter it
		return err
	}
	for _, p := range []string{d.home, d.run, d.Temp()} {
		if err := errors.Join(os.Mkdir(p, 0o700), d.user.give(p)); err != nil {
			return err
		}
	}
	for name, path := range map[string]string{
		"xfce4-panel.xml": ".config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml",
		"dunstrc":         ".config/dunst/dunstrc",
		"fluxbox.init":    ".fluxbox/init",
		"fluxbox.style":   ".fluxbox/style",
		"bus.conf":        ".config/bus.conf",
	} {
		text, err := fs.ReadFile(configs, "config/"+name)
		if err != nil {
			return err
		}
		filled := strings.NewReplacer("@HOME@", d.home, "@RUN@", d.run).Replace(string(text))
		if err := d.WriteFile(path, []byte(filled)); err != nil {
			return err
		}
	}
	return errors.Join(d.WriteFile(".fluxbox/keys", nil), d.WriteFile(".fluxbox/menu", nil))
}

// WriteFile writes a file below the home for the desktop's user, with the folders above it.
func (d *Desktop) WriteFile(path string, data []byte) error {
	dir := d.home
	parts := strings.Split(filepath.Clean(path), "/")
	for _, p := range parts[:len(parts)-1] {
		dir = filepath.Join(dir, p)
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := d.user.give(dir); err != nil {
			return err
		}
	}
	file := filepath.Join(d.home, path)
	return errors.Join(os.WriteFile(file, data, 0o600), d.user.give(file))
}

// Install copies a program into the desktop's folder, where its user may run it, and returns the copy's path. The
// original may lie where that user may not go.
func (d *Desktop) Install(program string) (string, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(d.dir, "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil { // the desktop's user must be able to enter it
		return "", err
	}
	path := filepath.Join(dir, filepath.Base(program))
	return path, os.WriteFile(path, data, 0o755) // and to run what is in it
}

// startX starts an X server on a display number that it chooses itself.
func (d *Desktop) startX(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := d.Command(ctx, "Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", Width, Height),
		"-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{w}
	x, err := d.start(cmd)
	w.Close() // the server has its own copy; the read below must end when the server does
	if err != nil {
		return err
	}
	if err := r.SetReadDeadline(deadline(startTimeout)); err != nil {
		return err
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the X server did not start: %w%s", err, tail(x.Log()))
	}
	d.display = ":" + strings.TrimSpace(line)
	return nil
}

// startBus starts a session bus and joins it.
func (d *Desktop) startBus(ctx context.Context) error {
	p, err := d.Start(ctx, nil, "dbus-daemon", "--nofork", "--nopidfile", "--config-file="+
		filepath.Join(d.home, ".config/bus.conf"))
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = wait.Every(limited, 20*time.Millisecond, "the session bus", func() (bool, error) {
		select {
		case <-p.Done():
			return false, fmt.Errorf("dbus-daemon ended: %w%s", p.Err(), tail(p.Log()))
		default:
		}
		var err error
		d.bus, err = dbus.Connect(d.busAddress())
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
			return false, nil // the socket is made before it listens
		}
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("join the session bus: %w", err)
	}
	return d.watchNotifications(d.busAddress())
}

func (d *Desktop) awaitName(ctx context.Context, name string) error {
	return wait.Every(ctx, 50*time.Millisecond, name+" on the session bus (logs in "+d.dir+")", func() (bool, error) {
		var has bool
		err := d.bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, name).Store(&has)
		return has, err
	})
}

func (d *Desktop) busAddress() string { return "unix:path=" + d.run + "/bus" }

// Env returns the environment of the desktop's programs, and nothing of the caller's own.
func (d *Desktop) Env() []string {
	return []string{
		"PATH=" + filepath.Join(d.dir, "bin") + ":/usr/local/bin:/usr/bin:/bin",
		"HOME=" + d.home, "USER=" + d.user.name, "LOGNAME=" + d.user.name, "SHELL=/bin/sh", "LANG=C.UTF-8",
		"TMPDIR=" + d.Temp(),
		"XDG_RUNTIME_DIR=" + d.run, "XDG_CONFIG_HOME=" + d.home + "/.config", "XDG_CACHE_HOME=" + d.home + "/.cache",
		"XDG_DATA_HOME=" + d.home + "/.local/share", "XDG_STATE_HOME=" + d.home + "/.local/state",
		"XDG_SESSION_TYPE=x11", "XDG_CURRENT_DESKTOP=XFCE", "GDK_BACKEND=x11", "NO_AT_BRIDGE=1",
		// Otherwise GTK programs start gvfs, whose FUSE mount keeps the desktop's folder from being removed.
		"GIO_USE_VFS=local", "GVFS_DISABLE_FUSE=1",
		"DISPLAY=" + d.display, "DBUS_SESSION_BUS_ADDRESS=" + d.busAddress(),
		marker + d.dir,
	}
}

// Dir returns the folder that holds all of the desktop, also the logs of its programs. Close removes it.
func (d *Desktop) Dir() string { return d.dir }

// Home returns the home of the desktop's user.
func (d *Desktop) Home() string { return d.home }

// Temp returns the folder for temporary files of the desktop's programs.
func (d *Desktop) Temp() string { return filepath.Join(d.dir, "tmp") }

// UID returns the user id to whom the desktop's programs belong.
func (d *Desktop) UID() int { return d.user.uid }

// Close stops everything that was started on the desktop, the last first, and removes its folder.
func (d *Desktop) Close() error {
	d.mu.Lock()
	started := d.started
	d.started = nil
	d.mu.Unlock()
	for _, p := range slices.Backward(started) {
		if filepath.Base(p.cmd.Path) == "dbus-daemon" && d.bus != nil {
			d.bus.Close() // it is going away anyhow
		}
		p.Stop()
	}
	return errors.Join(d.killLeftovers(), os.RemoveAll(d.dir), d.turn.Close())
}

// killLeftovers ends what the bus or a browser started in process groups of their own, and waits until it is gone.
func (d *Desktop) killLeftovers() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	killed := map[int]bool{}
	return wait.Every(ctx, 20*time.Millisecond, "the last programs of the desktop to end", func() (bool, error) {
		for _, pid := range d.Leftovers() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone by itself is as good
			killed[pid] = true
		}
		maps.DeleteFunc(killed, func(pid int, _ bool) bool { return ended(pid) })
		return len(killed) == 0, nil
	})
}
