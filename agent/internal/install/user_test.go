//go:build linux

package install

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/internal/browsers"
)

// The manifest's text is what browsers read: it is pinned whole.
func TestRender(t *testing.T) {
	got, err := render(linux, `/opt/mine watch/"bin"/<minewatch>`, "")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "name": "io.github.minewatch",
  "description": "minewatch asks its extension which site a busy browser process belongs to",
  "path": "/opt/mine watch/\"bin\"/<minewatch>",
  "type": "stdio",
  "allowed_origins": [
    "chrome-extension://lchjfefikepieikopipcfoclhnceekmd/"
  ]
}
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	gecko, err := render(linux, "/usr/bin/minewatch", extension.Firefox)
	if want := "\"allowed_extensions\": [\n    \"minewatch@minewatch.github.io\"\n  ]\n}\n"; err != nil ||
		!strings.HasSuffix(string(gecko), want) || strings.Contains(string(gecko), "allowed_origins") {
		t.Errorf("for Firefox: %v\n%s", err, gecko)
	}
	for _, exe := range []string{"", "minewatch", "./minewatch"} {
		if _, err := render(linux, exe, ""); err == nil {
			t.Errorf("the relative path %q was accepted", exe)
		}
	}
}

// homeWith returns a home folder in which the browsers of these folders were started.
func homeWith(t *testing.T, folders ...string) string {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", "")
	home := t.TempDir()
	for _, f := range folders {
		if err := os.MkdirAll(filepath.Join(home, f), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// user returns what installs for the user of a home folder.
func user(home, exe string) *User {
	s := &Setup{GOOS: linux, Exe: exe, State: filepath.Join(home, "state"), Paths: Paths{Home: home, Config: os.Getenv("XDG_CONFIG_HOME")}}
	return &User{*s, &machine{}}
}

// states returns the states in short, without those of browsers that were not found.
func states(t *testing.T, u *User, err error) map[string]State {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	all, err := u.Status()
	if err != nil {
		t.Error(err)
	}
	out := map[string]State{}
	for _, in := range all {
		if in.State != NotFound {
			out[in.Browser.Name] = in.State
		}
	}
	return out
}

func check(t *testing.T, what string, want, got map[string]State) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestInstallStatusRemove(t *testing.T) {
	home := homeWith(t, ".config/chromium", ".config/BraveSoftware/Brave-Browser", "snap/chromium")
	with := func(s State) map[string]State {
		return map[string]State{"chromium": s, "brave": s, "chromium (snap)": Unreachable}
	}
	defer syscall.Umask(syscall.Umask(0o077))

	u := user(home, "/usr/bin/minewatch")
	check(t, "before", with(Missing), states(t, u, nil))
	for range 2 {
		check(t, "install", with(Ready), states(t, u, u.Install()))
	}
	want, _ := render(linux, "/usr/bin/minewatch", "")
	all, err := u.Status()
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range all {
		fi, err := os.Lstat(in.Manifest)
		if (in.State == Ready) != (err == nil) && in.State != Unreachable {
			t.Errorf("%+v, but %v", in, err)
		}
		if in.State != Ready {
			continue
		}
		if got, _ := os.ReadFile(in.Manifest); string(got) != string(want) || fi.Mode() != 0o644 {
			t.Errorf("%s: %v, %s", in.Manifest, fi.Mode(), got)
		}
		if left, _ := os.ReadDir(filepath.Dir(in.Manifest)); len(left) != 1 {
			t.Errorf("left behind beside %s: %v", in.Manifest, left)
		}
		if in.Extension != UserFolder {
			t.Errorf("%s has the extension from %s", in.Browser.Name, in.Extension)
		}
	}
	check(t, "another program", with(Differs), states(t, user(home, "/opt/minewatch"), nil))
	for range 2 {
		check(t, "remove", with(Missing), states(t, u, u.Remove()))
	}
}

func TestInstallHonoursConfigHome(t *testing.T) {
	home, config := homeWith(t, ".config/chromium"), t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	if err := os.Mkdir(filepath.Join(config, "google-chrome"), 0o700); err != nil {
		t.Fatal(err)
	}
	u := user(home, "/usr/bin/minewatch")
	check(t, "install", map[string]State{"google-chrome": Ready}, states(t, u, u.Install()))
	t.Setenv("XDG_CONFIG_HOME", "relative") // the specification has it ignored
	u = user(home, "/usr/bin/minewatch")
	check(t, "relative", map[string]State{"chromium": Ready}, states(t, u, u.Install()))
}

// Firefox is told in its old folder, which is made for one that keeps its profiles in the new one.
func TestInstallForFirefox(t *testing.T) {
	for name, folder := range map[string]string{"old": ".mozilla/firefox", "new": ".config/mozilla/firefox"} {
		t.Run(name, func(t *testing.T) {
			home := homeWith(t, folder)
			u := user(home, "/usr/bin/minewatch")
			check(t, "before", map[string]State{"firefox": Missing}, states(t, u, nil))
			check(t, "installed", map[string]State{"firefox": Ready}, states(t, u, u.Install()))
			got, _ := os.ReadFile(filepath.Join(home, ".mozilla", "native-messaging-hosts", "io.github.minewatch.json"))
			if want, _ := render(linux, "/usr/bin/minewatch", extension.Firefox); string(got) != string(want) {
				t.Errorf("the manifest is %s", got)
			}
			check(t, "removed", map[string]State{"firefox": Missing}, states(t, u, u.Remove()))
		})
	}
}

// What somebody planted where the manifest goes is neither followed nor written through.
func TestInstallFollowsNoPlantedLink(t *testing.T) {
	for name, plant := range map[string]func(chromium, outside string) error{
		"the folder of manifests": func(chromium, outside string) error {
			return os.Symlink(outside, filepath.Join(chromium, browsers.ChromiumHosts))
		},
		"the folder of manifests, inside the browser's": func(chromium, _ string) error {
			if err := os.Mkdir(filepath.Join(chromium, "Default"), 0o700); err != nil {
				return err
			}
			return os.Symlink("Default", filepath.Join(chromium, browsers.ChromiumHosts))
		},
		"the folder of manifests, inside home": func(chromium, _ string) error {
			if err := os.Mkdir(filepath.Join(chromium, "..", "victim"), 0o700); err != nil {
				return err
			}
			return os.Symlink("../victim", filepath.Join(chromium, browsers.ChromiumHosts))
		},
		"the manifest": func(chromium, outside string) error {
			if err := os.Mkdir(filepath.Join(chromium, browsers.ChromiumHosts), 0o700); err != nil {
				return err
			}
			return os.Symlink(filepath.Join(outside, "precious"), filepath.Join(chromium, browsers.ChromiumHosts, manifestName))
		},
		"a pipe for the manifest": func(chromium, _ string) error {
			if err := os.Mkdir(filepath.Join(chromium, browsers.ChromiumHosts), 0o700); err != nil {
				return err
			}
			return syscall.Mkfifo(filepath.Join(chromium, browsers.ChromiumHosts, manifestName), 0o600)
		},
		"the browser's folder": func(chromium, outside string) error {
			if err := os.Remove(chromium); err != nil {
				return err
			}
			return os.Symlink(outside, chromium)
		},
	} {
		t.Run(name, func(t *testing.T) {
			home, outside := homeWith(t, ".config/chromium", ".config/google-chrome"), t.TempDir()
			precious := filepath.Join(outside, "precious")
			if err := os.WriteFile(precious, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := plant(filepath.Join(home, ".config", "chromium"), outside); err != nil {
				t.Fatal(err)
			}
			u := user(home, "/usr/bin/minewatch")
			if err := u.Install(); err == nil || !strings.Contains(strings.ToLower(err.Error()), "chromium") {
				t.Errorf("the error is %v", err)
			}
			all, _ := u.Status() // says that the link is one
			got := map[string]State{}
			for _, in := range all {
				got[in.Browser.Name] = in.State
			}
			if got["chromium"] == Ready || got["google-chrome"] != Ready {
				t.Errorf("got %v, want only google-chrome ready", got)
			}
			for _, dir := range []string{outside, filepath.Join(home, ".config", "victim")} {
				entries, _ := os.ReadDir(dir)
				for _, e := range entries {
					if e.Name() != "precious" {
						t.Errorf("%s was written outside", e.Name())
					}
				}
			}
			if data, _ := os.ReadFile(precious); string(data) != "precious" {
				t.Errorf("the link was written through: %s", data)
			}
		})
	}
}

func TestInstallInto(t *testing.T) {
	dir := t.TempDir()
	path, err := Into(dir, "/usr/bin/minewatch")
	if err != nil || path != filepath.Join(dir, "NativeMessagingHosts", "io.github.minewatch.json") {
		t.Errorf("%s, %v", path, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if _, err := Into(filepath.Join(dir, "nowhere"), "/usr/bin/minewatch"); err == nil {
		t.Error("a folder that is not there was accepted")
	}
	if _, err := Into(dir, "minewatch"); err == nil {
		t.Error("a relative program was accepted")
	}
}

func TestInstallExtension(t *testing.T) {
	u := user(t.TempDir(), "/usr/bin/minewatch")
	dir, err := u.InstallExtension()
	if err != nil || dir != filepath.Join(u.setup.State, "extension-chromium") {
		t.Fatalf("%q, %v", dir, err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil || !json.Valid(data) {
		t.Errorf("%s, %v", data, err)
	}
	xpi, err := os.ReadFile(u.ExtensionArchive())
	if want, _ := extension.Archive(extension.Firefox); err != nil || string(xpi) != string(want) {
		t.Errorf("the archive for Firefox is not there: %v", err)
	}
	for range 2 {
		if err := u.Remove(); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(u.setup.State); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	if err := user(filepath.Join(u.setup.State, "nowhere"), "/usr/bin/minewatch").Remove(); err != nil {
		t.Error(err)
	}
}
