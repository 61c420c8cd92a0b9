//go:build linux

package browser

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/extension"
)

// The manifest's text is what browsers read: it is pinned whole.
func TestRender(t *testing.T) {
	got, err := render(`/opt/mine watch/"bin"/<minewatch>`, "")
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
	gecko, err := render("/usr/bin/minewatch", extension.Firefox)
	if want := "\"allowed_extensions\": [\n    \"minewatch@minewatch.github.io\"\n  ]\n}\n"; err != nil ||
		!strings.HasSuffix(string(gecko), want) || strings.Contains(string(gecko), "allowed_origins") {
		t.Errorf("for Firefox: %v\n%s", err, gecko)
	}
	for _, exe := range []string{"", "minewatch", "./minewatch"} {
		if _, err := render(exe, ""); err == nil {
			t.Errorf("the relative path %q was accepted", exe)
		}
	}
}

func TestPlaces(t *testing.T) {
	folders := func(goos, config string) (out []string) {
		all, err := places(goos, "/home/ada", config)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if !p.sandboxed {
				out = append(out, filepath.Join(p.base, p.folder))
			}
		}
		return out
	}
	for _, c := range []struct {
		goos, config string
		want         []string
	}{
		{"linux", "", []string{
			"/home/ada/.config/chromium", "/home/ada/.config/google-chrome", "/home/ada/.config/microsoft-edge",
			"/home/ada/.config/BraveSoftware/Brave-Browser", "/home/ada/.mozilla",
		}},
		{"linux", "/elsewhere", []string{
			"/elsewhere/chromium", "/elsewhere/google-chrome", "/elsewhere/microsoft-edge",
			"/elsewhere/BraveSoftware/Brave-Browser", "/home/ada/.mozilla",
		}},
		{"linux", "relative", folders("linux", "")},
		{"darwin", "/elsewhere", []string{
			"/home/ada/Library/Application Support/Chromium", "/home/ada/Library/Application Support/Mozilla",
			"/home/ada/Library/Application Support/Google/Chrome",
			"/home/ada/Library/Application Support/Microsoft Edge",
			"/home/ada/Library/Application Support/BraveSoftware/Brave-Browser",
		}},
	} {
		if diff := cmp.Diff(c.want, folders(c.goos, c.config)); diff != "" {
			t.Errorf("%s, %q (-want +got):\n%s", c.goos, c.config, diff)
		}
	}
	for _, goos := range []string{"windows", "plan9"} {
		if _, err := places(goos, "/home/ada", ""); err == nil {
			t.Errorf("%s: no error", goos)
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

// states returns the states in short.
func states(t *testing.T, all []Installed, err error) map[string]State {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	out := map[string]State{}
	for _, in := range all {
		out[in.Browser] = in.State
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
	with := func(chromium, brave State) map[string]State {
		return map[string]State{
			"chromium": chromium, "brave": brave, "google-chrome": NotFound, "microsoft-edge": NotFound,
			"firefox": NotFound, "chromium (snap)": Unreachable,
		}
	}
	defer syscall.Umask(syscall.Umask(0o077))

	all, err := Status(home, "/usr/bin/minewatch")
	check(t, "before", with(Missing, Missing), states(t, all, err))
	for range 2 {
		all, err = Install(home, "/usr/bin/minewatch")
		check(t, "install", with(Ready, Ready), states(t, all, err))
	}
	want, _ := render("/usr/bin/minewatch", "")
	for _, in := range all {
		fi, err := os.Lstat(in.Path)
		if (in.State == Ready) != (err == nil) {
			t.Errorf("%+v, but %v", in, err)
		}
		if err != nil {
			continue
		}
		if got, _ := os.ReadFile(in.Path); string(got) != string(want) || fi.Mode() != 0o644 {
			t.Errorf("%s: %v, %s", in.Path, fi.Mode(), got)
		}
		if left, _ := os.ReadDir(filepath.Dir(in.Path)); len(left) != 1 {
			t.Errorf("left behind beside %s: %v", in.Path, left)
		}
	}
	all, err = Status(home, "/opt/minewatch")
	check(t, "another program", with(Differs, Differs), states(t, all, err))
	all, err = Remove(home)
	check(t, "remove", with(Missing, Missing), states(t, all, err))
	all, err = Status(home, "/usr/bin/minewatch")
	check(t, "after", with(Missing, Missing), states(t, all, err))
	all, err = Remove(home)
	check(t, "remove again", with(Missing, Missing), states(t, all, err))
}

func TestInstallHonoursConfigHome(t *testing.T) {
	home, config := homeWith(t, ".config/chromium"), t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	if err := os.Mkdir(filepath.Join(config, "google-chrome"), 0o700); err != nil {
		t.Fatal(err)
	}
	all, err := Install(home, "/usr/bin/minewatch")
	check(t, "install", map[string]State{
		"chromium": NotFound, "brave": NotFound, "google-chrome": Ready, "microsoft-edge": NotFound,
		"firefox": NotFound,
	}, states(t, all, err))
}

// Firefox is told in its old folder, which is made for one that keeps its profiles in the new one.
func TestInstallForFirefox(t *testing.T) {
	for name, folder := range map[string]string{"old": ".mozilla/firefox", "new": ".config/mozilla/firefox"} {
		t.Run(name, func(t *testing.T) {
			home := homeWith(t, folder)
			all, err := Status(home, "/usr/bin/minewatch")
			if got := states(t, all, err); got["firefox"] != Missing {
				t.Errorf("before: %v", got)
			}
			all, err = Install(home, "/usr/bin/minewatch")
			if got := states(t, all, err); got["firefox"] != Ready {
				t.Errorf("installed: %v", got)
			}
			got, _ := os.ReadFile(filepath.Join(home, ".mozilla", "native-messaging-hosts", "io.github.minewatch.json"))
			if want, _ := render("/usr/bin/minewatch", extension.Firefox); string(got) != string(want) {
				t.Errorf("the manifest is %s", got)
			}
			all, err = Remove(home)
			if got := states(t, all, err); got["firefox"] != Missing {
				t.Errorf("removed: %v", got)
			}
		})
	}
}

// What somebody planted where the manifest goes is neither followed nor written through.
func TestInstallFollowsNoPlantedLink(t *testing.T) {
	for name, plant := range map[string]func(chromium, outside string) error{
		"the folder of manifests": func(chromium, outside string) error {
			return os.Symlink(outside, filepath.Join(chromium, manifestFolder))
		},
		"the folder of manifests, inside the browser's": func(chromium, _ string) error {
			if err := os.Mkdir(filepath.Join(chromium, "Default"), 0o700); err != nil {
				return err
			}
			return os.Symlink("Default", filepath.Join(chromium, manifestFolder))
		},
		"the folder of manifests, inside home": func(chromium, _ string) error {
			if err := os.Mkdir(filepath.Join(chromium, "..", "victim"), 0o700); err != nil {
				return err
			}
			return os.Symlink("../victim", filepath.Join(chromium, manifestFolder))
		},
		"the manifest": func(chromium, outside string) error {
			if err := os.Mkdir(filepath.Join(chromium, manifestFolder), 0o700); err != nil {
				return err
			}
			return os.Symlink(filepath.Join(outside, "precious"), filepath.Join(chromium, manifestFolder, manifestName))
		},
		"a pipe for the manifest": func(chromium, _ string) error {
			if err := os.Mkdir(filepath.Join(chromium, manifestFolder), 0o700); err != nil {
				return err
			}
			return syscall.Mkfifo(filepath.Join(chromium, manifestFolder, manifestName), 0o600)
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
			all, err := Install(home, "/usr/bin/minewatch")
			if err == nil || !strings.Contains(err.Error(), "chromium") {
				t.Errorf("the error is %v", err)
			}
			got := states(t, all, nil)
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
	in, err := InstallInto(dir, "/usr/bin/minewatch")
	if err != nil || in.State != Ready || in.Path != filepath.Join(dir, "NativeMessagingHosts", "io.github.minewatch.json") {
		t.Errorf("%+v, %v", in, err)
	}
	if _, err := os.Stat(in.Path); err != nil {
		t.Error(err)
	}
	if _, err := InstallInto(filepath.Join(dir, "nowhere"), "/usr/bin/minewatch"); err == nil {
		t.Error("a folder that is not there was accepted")
	}
	if _, err := InstallInto(dir, "minewatch"); err == nil {
		t.Error("a relative program was accepted")
	}
}

func TestInstallExtension(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	dir, err := InstallExtension(state)
	if err != nil || dir != filepath.Join(state, "extension-chromium") {
		t.Fatalf("%q, %v", dir, err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil || !json.Valid(data) {
		t.Errorf("%s, %v", data, err)
	}
	xpi, err := os.ReadFile(ExtensionArchive(state))
	if want, _ := extension.Archive(extension.Firefox); err != nil || string(xpi) != string(want) {
		t.Errorf("the archive for Firefox is not there: %v", err)
	}
	for range 2 {
		if err := RemoveExtension(state); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(state); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	if err := RemoveExtension(filepath.Join(state, "nowhere")); err != nil {
		t.Error(err)
	}
}
