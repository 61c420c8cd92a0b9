package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/minewatch/minewatch/agent/testkit/programs"
)

// A desktop without a screen, the tray as it is shipped, and an agent that says what the test wants.

// x11Desktop is an X server with a session bus.
type x11Desktop struct {
	dir, display, address string
	bus                   *dbus.Conn
}

const panelConfig = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="36"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty"><property name="plugin-1" type="string" value="systray"/></property>
</channel>`

// busConfig lets the bus start nothing but the panel's settings: no notification server comes by itself.
const busConfig = `<busconfig><type>session</type><listen>unix:dir=%s</listen><servicedir>%s</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`

// startDesktop returns a desktop with nothing on it. It skips the test only where the programs are not installed and
// nobody promised (CI) that they are.
func startDesktop(t *testing.T) *x11Desktop {
	t.Helper()
	for _, p := range []string{"Xvfb", "dbus-daemon", "fluxbox", "xfce4-panel", "dunst", "dunstctl", "xdotool", "import"} {
		if _, err := exec.LookPath(p); err != nil && os.Getenv("CI") == "" {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	d := &x11Desktop{dir: t.TempDir()}
	services := filepath.Join(d.dir, "services")
	panels := filepath.Join(d.dir, "home/.config/xfce4/xfconf/xfce-perchannel-xml")
	for _, dir := range []string{services, panels, filepath.Join(d.dir, "run")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	settings, _ := filepath.Glob("/usr/share/dbus-1/services/org.xfce.Xfconf*")
	for _, f := range settings {
		if err := os.Symlink(f, filepath.Join(services, filepath.Base(f))); err != nil {
			t.Fatal(err)
		}
	}
	fluxbox := filepath.Join(d.dir, "home/.fluxbox")
	if err := os.MkdirAll(fluxbox, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(fluxbox, "style"), "background: solid\nbackground.color: #4a5a6a\n")
	write(t, filepath.Join(fluxbox, "init"), "session.screen0.toolbar.visible: false\nsession.styleFile: "+fluxbox+"/style\n")
	write(t, filepath.Join(panels, "xfce4-panel.xml"), panelConfig)
	conf := filepath.Join(d.dir, "bus.conf")
	write(t, conf, fmt.Sprintf(busConfig, d.dir, services))
	d.display = ":" + firstLine(t, d.command(t, "Xvfb", "-displayfd", "3", "-screen", "0", "1100x520x24", "-nolisten", "tcp"))
	d.address = firstLine(t, d.command(t, "dbus-daemon", "--nofork", "--config-file="+conf, "--print-address=3"))
	var err error
	if d.bus, err = dbus.Connect(d.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.bus.Close() })
	return d
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command returns a program that runs on the desktop.
func (d *x11Desktop) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(d.dir, "home"), "LANG=C.UTF-8", "NO_AT_BRIDGE=1",
		"XDG_RUNTIME_DIR=" + filepath.Join(d.dir, "run"), "XDG_CONFIG_HOME=" + filepath.Join(d.dir, "home/.config"),
	}
	for k, v := range map[string]string{"DISPLAY": d.display, "DBUS_SESSION_BUS_ADDRESS": d.address} {
		if v != "" {
			c.Env = append(c.Env, k+"="+v)
		}
	}
	return c
}

// start runs a program until the test ends.
func (d *x11Desktop) start(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	c := d.command(t, name, args...)
	begin(t, c)
	return c
}

// begin starts a command and returns how to wait for its end, as often as one likes.
func begin(t *testing.T, c *exec.Cmd) (wait func() error) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	wait = sync.OnceValue(c.Wait)
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // its own group, made for it
		_ = wait()
	})
	return wait
}

// firstLine starts a program and returns what it first writes to descriptor 3.
func firstLine(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.ExtraFiles = []*os.File{w}
	begin(t, c)
	w.Close()
	r.SetReadDeadline(time.Now().Add(30 * time.Second))
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v", c.Path, err)
	}
	return strings.TrimSpace(line)
}

// owned waits until a name on the bus has an owner, or none.
func (d *x11Desktop) owned(t *testing.T, name string, want bool) {
	t.Helper()
	eventually(t, name, func() error {
		var has bool
		err := d.bus.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&has)
		if err == nil && has != want {
			err = fmt.Errorf("owned is %v", has)
		}
		return err
	})
}

func (d *x11Desktop) panel(t *testing.T) *exec.Cmd {
	t.Helper()
	c := d.start(t, "xfce4-panel", "--disable-wm-check")
	d.owned(t, trayHost, true)
	return c
}

func (d *x11Desktop) dunst(t *testing.T) *exec.Cmd {
	t.Helper()
	c := d.start(t, "dunst")
	d.owned(t, noticeServer, true)
	return c
}

// told counts the notifications so far with a title.
func (d *x11Desktop) told(t *testing.T, title string) (n int) {
	t.Helper()
	var all struct {
		Data [][]struct{ Summary struct{ Data string } }
	}
	if err := json.Unmarshal([]byte(d.history(t)), &all); err != nil {
		t.Fatal(err)
	}
	for _, list := range all.Data {
		for _, one := range list {
			if one.Summary.Data == title {
				n++
			}
		}
	}
	return n
}

// history returns what dunst shows or has shown.
func (d *x11Desktop) history(t *testing.T) string {
	t.Helper()
	d.command(t, "dunstctl", "close-all").Run()
	out, err := d.command(t, "dunstctl", "history").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// displayed waits until dunst shows that many notifications.
func (d *x11Desktop) displayed(t *testing.T, want string) {
	t.Helper()
	eventually(t, "notifications on screen", func() error {
		out, err := d.command(t, "dunstctl", "count", "displayed").Output()
		if got := strings.TrimSpace(string(out)); err == nil && got != want {
			return fmt.Errorf("%s, want %s", got, want)
		}
		return err
	})
}

// program is a running tray.
type program struct {
	cmd    *exec.Cmd
	stderr *lockedBuffer
	wait   func() error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tray starts the tray.
func (d *x11Desktop) tray(t *testing.T, a *agent, args ...string) *program {
	t.Helper()
	return d.triedTray(t, a, 0, args...)
}

// triedTray starts the tray as one that has restarted so often already.
func (d *x11Desktop) triedTray(t *testing.T, a *agent, tries int, args ...string) *program {
	t.Helper()
	p := &program{cmd: d.command(t, builtTray(t), append([]string{"--socket", a.socket}, args...)...), stderr: &lockedBuffer{}}
	p.cmd.Stderr = p.stderr
	p.cmd.Env = append(p.cmd.Env, triesVariable+"="+strconv.Itoa(tries))
	p.wait = begin(t, p.cmd)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("standard error of the tray: %s", p.stderr)
		}
	})
	return p
}

// leave ends a tray by a signal and wants it to end well.
func (p *program) leave(t *testing.T, sig syscall.Signal) {
	t.Helper()
	p.cmd.Process.Signal(sig)
	if err := p.ends(t); err != nil {
		t.Errorf("after %v: %v\n%s", sig, err, p.stderr)
	}
}

// ends waits until a tray has ended, and returns how.
func (p *program) ends(t *testing.T) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the tray does not end")
		return nil
	}
}

// built is the program, built once for all tests.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func builtTray(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		//nolint:usetesting // it outlives the test that happens to come first; TestMain removes it
		if built.dir, built.err = os.MkdirTemp("", "minewatch-tray-test-"); built.err != nil {
			return
		}
		built.err = programs.Package(t.Context(), built.dir+"/tray", ".", true, "-ldflags", "-X main.version=1.2.3")
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.dir + "/tray"
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// eventually waits up to 30 seconds for something to be so.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}
