package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/internal/browsers"
)

// Detect fills in what a setup says of this computer.
func (s *Setup) Detect() {
	s.GOOS = runtime.GOOS
	s.Paths.Config, s.Paths.Local, s.Paths.Roaming = os.Getenv("XDG_CONFIG_HOME"), os.Getenv("LOCALAPPDATA"), os.Getenv("APPDATA")
	if s.GOOS == linux {
		exists := func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		}
		s.Debian = exists("/etc/debian_version")
		s.DebianChromium = s.Debian && exists("/etc/chromium.d/extensions")
		s.DebianFirefox = s.Debian && exists("/usr/lib/firefox-esr")
		fi, err := os.Lstat("/usr/lib64")
		s.Lib64 = err == nil && fi.IsDir() && !s.Debian
	}
}

// User installs for one user.
type User struct {
	setup   Setup
	machine *machine
}

// NewUser returns what installs for this user.
func NewUser(setup *Setup) *User { return &User{*setup, &machine{registry: newRegistry()}} }

// started reports whether the user has started a browser.
func (b *Browser) started() (bool, error) {
	base, err := os.OpenRoot(b.base)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer base.Close()
	folder, err := base.OpenRoot(b.folder)
	if err == nil {
		return true, folder.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if b.also == "" {
		return false, nil
	}
	fi, err := os.Lstat(b.also)
	return err == nil && fi.IsDir(), nil
}

// found returns the browsers that the user has started.
func (u *User) found() ([]Browser, error) {
	all := Browsers(u.setup.GOOS, &u.setup.Paths)
	if len(all) == 0 {
		return nil, fmt.Errorf("connecting browsers does not work on %s", u.setup.GOOS)
	}
	var out []Browser
	var failed []error
	for _, b := range all {
		switch yes, err := b.started(); {
		case err != nil:
			failed = append(failed, fmt.Errorf("%s: %w", b.Name, err))
		case yes:
			out = append(out, b)
		}
	}
	return out, errors.Join(failed...)
}

// Install writes the extension into the folder of the program's own state, and tells every browser that this user has
// started before where the program is. An error leaves the other browsers' files written.
func (u *User) Install() error {
	found, trouble := u.found()
	p, err := UserPlan(&u.setup, found)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(u.setup.State, 0o700); err != nil {
		return err
	}
	return errors.Join(trouble, u.carryOut(p))
}

func (u *User) carryOut(p *Plan) error {
	var failed []error
	for i := range p.Steps {
		s := &p.Steps[i]
		if err := u.machine.put(&s.Place, s.Data); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", s.For[0], err))
		}
	}
	return errors.Join(failed...)
}

// Into tells a browser of the Chromium family that is started with --user-data-dir where the program is, and
// returns the path of the manifest.
func Into(userDataDir, exe string) (string, error) {
	manifest, err := render("", exe, extension.Chromium)
	if err != nil {
		return "", err
	}
	at := Place{Base: userDataDir, File: browsers.ChromiumHosts + "/" + manifestName}
	return filepath.Join(userDataDir, browsers.ChromiumHosts, manifestName), (&machine{}).put(&at, manifest)
}

// InstallExtension writes the extension alone, and returns the folder to choose in "Load unpacked".
func (u *User) InstallExtension() (string, error) {
	p, err := UserPlan(&u.setup, nil)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(u.setup.State, 0o700); err != nil {
		return "", err
	}
	return u.ExtensionDir(), u.carryOut(p)
}

// Remove takes the manifests of this user's browsers away, and the extension. A browser that has it loaded misses it at
// its next start.
func (u *User) Remove() error {
	all, trouble := u.found()
	p, err := UserPlan(&u.setup, all)
	if err != nil {
		return err
	}
	failed := []error{trouble}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.What == HostManifest {
			if err := u.machine.take(&s.Place); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", s.For[0], err))
			}
		}
	}
	return errors.Join(append(failed, u.removeExtension())...)
}

func (u *User) removeExtension() error {
	state, err := os.OpenRoot(u.setup.State)
	if err != nil {
		return gone(err)
	}
	defer state.Close()
	return errors.Join(state.RemoveAll(extensionFolder), state.RemoveAll(archiveName))
}

// ExtensionDir returns the folder of the unpacked extension.
func (u *User) ExtensionDir() string { return join(u.setup.GOOS, u.setup.State, extensionFolder) }

// ExtensionArchive returns the file of the extension for Firefox.
func (u *User) ExtensionArchive() string { return join(u.setup.GOOS, u.setup.State, archiveName) }
