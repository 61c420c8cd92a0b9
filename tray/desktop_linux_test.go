package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/minewatch/minewatch/agent/api"
)

// A desktop without a screen, the tray as it is shipped, and an agent that says what the test wants.

// desktop is an X server with a session bus.
type desktop struct {
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
func startDesktop(t *testing.T) *desktop {
	t.Helper()
	for _, p := range []string{"Xvfb", "dbus-daemon", "fluxbox", "xfce4-panel", "dunst", "dunstctl", "xdotool", "import"} {
		if _, err := exec.LookPath(p); err != nil && os.Getenv("CI") == "" {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	d := &desktop{dir: t.TempDir()}
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
func (d *desktop) command(t *testing.T, name string, args ...string) *exec.Cmd {
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
func (d *desktop) start(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	c := d.command(t, name, args...)
	begin(t, c)
	return c
}

func begin(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // its own group, made for it
		_ = c.Wait()
	})
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
func (d *desktop) owned(t *testing.T, name string, want bool) {
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

func (d *desktop) panel(t *testing.T) *exec.Cmd {
	t.Helper()
	c := d.start(t, "xfce4-panel", "--disable-wm-check")
	d.owned(t, trayHost, true)
	return c
}

func (d *desktop) dunst(t *testing.T) *exec.Cmd {
	t.Helper()
	c := d.start(t, "dunst")
	d.owned(t, noticeServer, true)
	return c
}

// told counts the notifications so far with a title.
func (d *desktop) told(t *testing.T, title string) (n int) {
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
func (d *desktop) history(t *testing.T) string {
	t.Helper()
	d.command(t, "dunstctl", "close-all").Run()
	out, err := d.command(t, "dunstctl", "history").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// displayed waits until dunst shows that many notifications.
func (d *desktop) displayed(t *testing.T, want string) {
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
func (d *desktop) tray(t *testing.T, a *agent, args ...string) *program {
	t.Helper()
	p := &program{d.command(t, builtTray(t), append([]string{"--socket", a.socket}, args...)...), &lockedBuffer{}}
	p.cmd.Stderr = p.stderr
	begin(t, p.cmd)
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
	done := make(chan error, 1)
	p.cmd.Process.Signal(sig)
	go func() { done <- p.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("after %v: %v\n%s", sig, err, p.stderr)
		}
	case <-time.After(20 * time.Second):
		t.Errorf("still there 20 s after %v\n%s", sig, p.stderr)
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
		out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X main.version=1.2.3", "-o", built.dir+"/tray", ".").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
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

// agent is a local door that says what the test wants and keeps what it is asked.
type agent struct {
	socket string
	server *http.Server

	mu      sync.Mutex
	alerts  []api.Alert
	streams map[chan api.Event]api.TrayStatus
	posts   []string
	refuse  string
}

func startAgent(t *testing.T) *agent {
	t.Helper()
	a := &agent{socket: filepath.Join(t.TempDir(), "agent.sock"), streams: map[chan api.Event]api.TrayStatus{}}
	a.listen(t)
	t.Cleanup(a.stop)
	return a
}

func (a *agent) listen(t *testing.T) {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "unix", a.socket)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		json.NewEncoder(w).Encode(api.Status{Type: "status", Watching: true, Firing: len(a.alerts)})
	})
	mux.HandleFunc("GET /v1/alerts", func(w http.ResponseWriter, _ *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		json.NewEncoder(w).Encode(append([]api.Alert{}, a.alerts...))
	})
	mux.HandleFunc("GET /v1/events", a.events)
	mux.HandleFunc("POST /v1/alerts/{id}/{action}", a.post)
	a.server = &http.Server{Handler: mux}
	go a.server.Serve(l)
}

func (a *agent) stop() { a.server.Close() }

func (a *agent) events(w http.ResponseWriter, r *http.Request) {
	ch := make(chan api.Event, 16)
	a.mu.Lock()
	for _, alert := range a.alerts {
		ch <- api.Event{Alert: &alert}
	}
	a.streams[ch] = api.TrayStatus{Mode: r.FormValue("tray"), Detail: r.FormValue("detail")}
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.streams, ch)
		a.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case e := <-ch:
			b, _ := json.Marshal(e)
			fmt.Fprintf(w, "data: %s\n\n", b)
		}
	}
}

func (a *agent) post(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.posts = append(a.posts, strings.TrimSpace(r.URL.Path+" "+string(body)))
	switch {
	case a.refuse != "":
		w.WriteHeader(http.StatusConflict)
		json.NewEncoder(w).Encode(api.Problem{Message: a.refuse})
	case r.PathValue("action") == "allow":
		json.NewEncoder(w).Encode(api.Allowance{Type: "allowance", Site: "films.test"})
	}
}

// tell sends an alert to all who listen.
func (a *agent) tell(alert api.Alert) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var now []api.Alert
	for _, old := range a.alerts {
		if old.ID != alert.ID {
			now = append(now, old)
		}
	}
	if alert.State == api.Firing {
		now = append(now, alert)
	}
	a.alerts = now
	for ch := range a.streams {
		ch <- api.Event{Alert: &alert}
	}
}

// mode waits until the one tray says how it shows alerts.
func (a *agent) mode(t *testing.T, want, detail string) {
	t.Helper()
	eventually(t, "the tray's status", func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, s := range a.streams {
			if len(a.streams) == 1 && s.Mode == want && strings.Contains(s.Detail, detail) && (detail != "" || s.Detail == "") {
				return nil
			}
		}
		return fmt.Errorf("%v, want %s %q", a.streams, want, detail)
	})
}

// posted waits until a request was the last one.
func (a *agent) posted(t *testing.T, want string) {
	t.Helper()
	eventually(t, "the request", func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if n := len(a.posts); n == 0 || a.posts[n-1] != want {
			return fmt.Errorf("%q, want %q last", a.posts, want)
		}
		return nil
	})
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
