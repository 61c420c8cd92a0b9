// Package service registers minewatch with the operating system's service manager and runs it under one: systemd,
// launchd or the Windows service manager, for the whole computer or for one user.
package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/kardianos/service"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/installer"
)

// Name is what service managers call minewatch.
const Name = "minewatch"

const (
	packaged = "/usr/bin/minewatch"       // the program's place in the unit file
	macOS    = "/usr/local/bin/minewatch" // and in the property list
)

// State says how the service stands.
type State string

// The states.
const (
	NotInstalled State = "not_installed"
	Stopped      State = "stopped"
	Running      State = "running"
	Failed       State = "failed"
)

// Manager is the service manager's view of minewatch.
type Manager struct {
	user bool
	exe  string
	own  service.Service
}

// New returns the service of the whole computer, or with user that of this user alone. exe is the program that it
// starts, by its absolute path.
func New(exe string, user bool) (*Manager, error) {
	c, err := config(exe, user)
	if err != nil {
		return nil, err
	}
	own, err := service.New(nothing{}, c)
	if errors.Is(err, service.ErrNoServiceSystemDetected) {
		return nil, fmt.Errorf("no service manager is known here (a container, or WSL without systemd?); start it yourself: %s run%s", exe, flagOf(user))
	}
	if err != nil {
		return nil, err
	}
	return &Manager{user: user, exe: exe, own: own}, nil
}

func flagOf(user bool) string {
	if user {
		return " --user"
	}
	return ""
}

// nothing is the body of a service that is only spoken of.
type nothing struct{}

func (nothing) Start(service.Service) error { return nil }
func (nothing) Stop(service.Service) error  { return nil }

func config(exe string, user bool) (*service.Config, error) {
	unit, err := Unit(exe, user)
	if err != nil {
		return nil, err
	}
	plist, err := PropertyList(exe, user)
	if err != nil {
		return nil, err
	}
	c := &service.Config{
		Name: Name, DisplayName: "minewatch", Description: "Says which site or program keeps this computer busy",
		Executable: exe, Arguments: []string{"run"},
		Option: service.KeyValue{
			"SystemdScript": unit, "LaunchdConfig": plist, "UserService": user, "KeepAlive": true, "RunAtLoad": true,
			"OnFailure": "restart", "OnFailureDelayDuration": "1s", "OnFailureResetPeriod": 86_400,
		},
	}
	if user {
		c.Arguments = append(c.Arguments, "--user")
	}
	return c, nil
}

// Unit returns the systemd unit that starts exe.
func Unit(exe string, user bool) (string, error) {
	name := "linux/minewatch.service"
	if user {
		name = "linux/minewatch-user.service"
	}
	text, err := installer.Files.ReadFile(name)
	if err != nil {
		return "", err
	}
	quoted, err := systemdQuote(exe)
	if err != nil {
		return "", err
	}
	return strings.Replace(string(text), "ExecStart="+packaged, "ExecStart="+quoted, 1), nil
}

// systemdQuote writes a path as systemd.service(5) reads it: quotes, and each % and $ twice.
func systemdQuote(path string) (string, error) {
	if strings.ContainsAny(path, "\x00\n\r") || strings.Contains(path, "{{") {
		return "", fmt.Errorf("the path of the program holds a character that no unit file takes: %q; move it elsewhere", path)
	}
	if !strings.ContainsAny(path, " \t\"'\\%$;") {
		return path, nil
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`).Replace(path) + `"`, nil
}

// PropertyList returns the launchd property list that starts exe.
func PropertyList(exe string, user bool) (string, error) {
	name := "macos/minewatch.plist"
	if user {
		name = "macos/minewatch-user.plist"
	}
	text, err := installer.Files.ReadFile(name)
	if err != nil {
		return "", err
	}
	if strings.Contains(exe, "{{") {
		return "", fmt.Errorf("the path of the program holds {{, which the service manager's template reads: %q; move it elsewhere", exe)
	}
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(exe)
	return strings.Replace(string(text), macOS, escaped, 1), nil
}

// ErrPackaged is told when a package looks after the service.
var ErrPackaged = errors.New("a package installed this service and looks after it: remove it with the package, or use `systemctl disable --now minewatch`")

// packagedUnit is the unit that the deb and rpm own.
const packagedUnit = "/usr/lib/systemd/system/minewatch.service"

// Install registers the service, so that it starts with the computer (or with the user's session), and starts it.
func (m *Manager) Install() error {
	if err := m.refusePackaged(); err != nil {
		return err
	}
	if m.user && runtime.GOOS == "windows" {
		return installRunKey(m.exe)
	}
	state, err := m.Status()
	if err != nil {
		return err
	}
	if state != NotInstalled {
		return errors.New("the service is installed already; see `minewatch service status`, or uninstall it first")
	}
	if err := m.own.Install(); err != nil {
		_ = m.own.Uninstall() // a half-written unit file would block the next attempt
		return fmt.Errorf("the service could not be installed: %w", err)
	}
	if err := m.own.Start(); err != nil {
		return fmt.Errorf("the service is installed, but did not start: %w; see `minewatch service status`", err)
	}
	return nil
}

func (m *Manager) refusePackaged() error {
	if runtime.GOOS != "linux" || m.user {
		return nil
	}
	if _, err := os.Stat(packagedUnit); err == nil {
		return ErrPackaged
	}
	return nil
}

// Uninstall stops the service and takes it out of the service manager. Alerts and settings stay.
func (m *Manager) Uninstall() error {
	if err := m.refusePackaged(); err != nil {
		return err
	}
	if m.user && runtime.GOOS == "windows" {
		return removeRunKey()
	}
	state, err := m.Status()
	if err != nil {
		return err
	}
	if state == NotInstalled {
		return errors.New("the service is not installed, so there was nothing to uninstall")
	}
	if err := m.own.Stop(); err != nil && state == Running {
		return fmt.Errorf("the service could not be stopped: %w", err)
	}
	return m.own.Uninstall()
}

// Start starts the installed service.
func (m *Manager) Start() error { return m.control("start", m.own.Start) }

// Stop stops the running service; it starts again with the computer.
func (m *Manager) Stop() error { return m.control("stop", m.own.Stop) }

// Restart stops and starts the service.
func (m *Manager) Restart() error { return m.control("restart", m.own.Restart) }

func (m *Manager) control(what string, do func() error) error {
	state, err := m.Status()
	if err != nil {
		return err
	}
	if state == NotInstalled {
		return fmt.Errorf("the service is not installed; `minewatch service install%s` installs it", flagOf(m.user))
	}
	if err := do(); err != nil {
		return fmt.Errorf("the service manager could not %s it: %w", what, err)
	}
	return nil
}

// Status asks the service manager.
func (m *Manager) Status() (State, error) {
	if m.user && runtime.GOOS == "windows" {
		return runKeyState(m.exe)
	}
	s, err := m.own.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		return NotInstalled, nil
	case err != nil && strings.Contains(err.Error(), "failed state"): // the library has no error of its own for it
		return Failed, nil
	case err != nil:
		return "", fmt.Errorf("the service manager does not answer (%w); where none runs, start the agent with `minewatch run`", err)
	case s == service.StatusRunning:
		return Running, nil
	default:
		return Stopped, nil
	}
}

// Platform names the service manager, such as "linux-systemd".
func (m *Manager) Platform() string { return m.own.Platform() }

// Run runs body under the service manager until that asks to stop, or in a terminal until ctx ends.
func Run(ctx context.Context, body func(context.Context) error) error {
	if service.Interactive() || runtime.GOOS != "windows" {
		return body(ctx) // signals end ctx, which is all that systemd and launchd ask of a program
	}
	p := &program{body: body}
	s, err := service.New(p, &service.Config{Name: Name})
	if err != nil {
		return err
	}
	if err := s.Run(); err != nil {
		return err
	}
	return <-p.done
}

// program is the body as the Windows service manager drives it.
type program struct {
	cancel context.CancelFunc
	done   chan error
	body   func(context.Context) error
}

// Start begins; the service manager asks for it to return at once.
func (p *program) Start(s service.Service) error {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.done = cancel, make(chan error, 1)
	go func() {
		err := p.body(ctx)
		p.done <- err
		if err != nil { // the service manager starts it again
			fmt.Fprintf(os.Stderr, "minewatch: %s\n", words.CleanError(err))
			_ = s.Stop()
		}
	}()
	return nil
}

// Stop ends the body and waits until what was seen is stored.
func (p *program) Stop(service.Service) error {
	p.cancel()
	err := <-p.done
	p.done <- err
	return nil
}

// Heartbeat tells the service manager that the agent works.
type Heartbeat struct {
	every time.Duration // between two signs of life, 0 for none
	last  time.Time
	send  func(state string)
}

// Ready says that the agent answers.
func (h *Heartbeat) Ready() { h.send("READY=1") }

// Beat says that a sample was taken. It may be called more often than the manager wants to hear.
func (h *Heartbeat) Beat(now time.Time) {
	if h.every > 0 && now.Sub(h.last) >= h.every {
		h.last = now
		h.send("WATCHDOG=1")
	}
}
