//go:build !windows

package install

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/extension"
)

// fakeRegistry is a registry in memory.
type fakeRegistry map[string]string

func (f fakeRegistry) get(key string) (string, error) {
	v, ok := f[key]
	if !ok {
		return "", fs.ErrNotExist
	}
	return v, nil
}

func (f fakeRegistry) set(key, value string) error {
	f[key] = value
	return nil
}

func (f fakeRegistry) remove(key string) error {
	delete(f, key)
	return nil
}

// debian returns a system below a folder of the test's own that looks like Debian.
func debian(t *testing.T) *System {
	t.Helper()
	below := t.TempDir()
	for _, d := range []string{"etc/chromium", "usr/share/mozilla/extensions/" + firefoxID, "usr/lib", "var/lib"} {
		if err := os.MkdirAll(filepath.Join(below, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	setup := Setup{GOOS: linux, Exe: "/usr/bin/minewatch", Debian: true}
	return &System{setup, &machine{below: below}, receiptPlace(linux, setup.Exe)}
}

// tree lists what is in a folder: paths, modes and contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		text := fi.Mode().String()
		if fi.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += " " + sum(data)[:8]
		}
		out[strings.TrimPrefix(path, dir)] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *System) plan(t *testing.T) *Plan {
	t.Helper()
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *System) install(t *testing.T) []Done {
	t.Helper()
	done, err := s.Install(s.plan(t))
	if err != nil {
		t.Fatalf("%v: %v", err, outcomes(done, Left, Failed))
	}
	return done
}

// at returns the path of something in the system.
func (s *System) at(path string) string { return filepath.Join(s.machine.below, path) }

// outcomes returns the targets with one of these outcomes.
func outcomes(done []Done, which ...Outcome) []string {
	var out []string
	for _, d := range done {
		if slices.Contains(which, d.Outcome) {
			out = append(out, d.Target)
		}
	}
	return out
}

const chromiumManifest = "/etc/chromium/native-messaging-hosts/io.github.minewatch.json"

func TestSystemInstallAndRemove(t *testing.T) {
	s := debian(t)
	before := tree(t, s.machine.below)
	done := s.install(t)
	if n := len(outcomes(done, Written)); n != len(s.plan(t).Steps) {
		t.Errorf("%d written, want all %d", n, len(s.plan(t).Steps))
	}
	after := tree(t, s.machine.below)
	if mode := after["/usr/share/chromium/extensions/minewatch/manifest.json"]; !strings.HasPrefix(mode, "-rw-r--r--") {
		t.Errorf("the extension's manifest is %q", mode)
	}
	if mode := after["/var/lib/minewatch"]; !strings.HasPrefix(mode, "drwx------") {
		t.Errorf("the agent's folder is %q", mode)
	}

	// The second time nothing is left to do, and nothing is touched.
	if pending, err := s.Pending(s.plan(t)); len(pending) > 0 || err != nil {
		t.Errorf("still to do: %v, %v", pending, err)
	}
	done = s.install(t)
	if n := len(outcomes(done, Already)); n != len(done) {
		t.Errorf("the second time: %v", done)
	}
	if diff := cmp.Diff(after, tree(t, s.machine.below)); diff != "" {
		t.Errorf("the second time changed:\n%s", diff)
	}

	if done, err := s.Remove(); err != nil {
		t.Errorf("remove: %v, %v", err, done)
	}
	if diff := cmp.Diff(before, tree(t, s.machine.below)); diff != "" {
		t.Errorf("left behind or missing after remove (-before +after):\n%s", diff)
	}
	if done, err := s.Remove(); err != nil || len(done) > 0 {
		t.Errorf("remove again: %v, %v", done, err)
	}
}

// What somebody changed or had there before is named and left.
func TestSystemLeavesWhatIsNotOurs(t *testing.T) {
	s := debian(t)
	foreign := "/etc/opt/chrome/native-messaging-hosts/io.github.minewatch.json"
	same := "/etc/brave/native-messaging-hosts/io.github.minewatch.json"
	text, err := render(linux, s.setup.Exe, extension.Chromium)
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string]string{foreign: "{}", same: string(text)} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(s.at(path)), 0o755), os.WriteFile(s.at(path), []byte(data), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	done, err := s.Install(s.plan(t))
	if err == nil || !slices.Equal(outcomes(done, Left), []string{foreign}) || !slices.Equal(outcomes(done, Already), []string{same}) {
		t.Errorf("install: %v, left %v, already %v", err, outcomes(done, Left), outcomes(done, Already))
	}
	if err := os.WriteFile(s.at(chromiumManifest), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	added := "/usr/share/chromium/extensions/minewatch/added.js"
	if err := os.WriteFile(s.at(added), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if done, err := s.Install(s.plan(t)); err == nil || !slices.Equal(outcomes(done, Left), []string{chromiumManifest, foreign}) {
		t.Errorf("install over a change: %v, %v", err, outcomes(done, Left))
	}
	done, err = s.Remove()
	if err == nil || !slices.Equal(outcomes(done, Left), []string{chromiumManifest}) {
		t.Errorf("remove: %v, left %v", err, outcomes(done, Left))
	}
	if got := outcomes(done, Stays); !slices.Equal(got, []string{filepath.Dir(added)}) {
		t.Errorf("folders that stay: %v, want the one into which somebody put something", got)
	}
	for path, want := range map[string]string{foreign: "{}", same: string(text), chromiumManifest: "changed", added: ""} {
		if got, err := os.ReadFile(s.at(path)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	// Once it is as written again, or gone, the rest goes too.
	if err := os.Remove(s.at(chromiumManifest)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.at("/var/lib/minewatch")); err == nil {
		t.Error("the receipt is still there")
	}
}

// A step that fails is named; the receipt lists the rest, which can be taken away.
func TestSystemInstallThatFails(t *testing.T) {
	s := debian(t)
	before := tree(t, s.machine.below)
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, s.at("/etc/opt")); err != nil {
		t.Fatal(err)
	}
	done, err := s.Install(s.plan(t))
	if err == nil || len(outcomes(done, Failed)) != 2 || len(outcomes(done, Written)) < 20 {
		t.Errorf("%v: failed %v, %d written", err, outcomes(done, Failed), len(outcomes(done, Written)))
	}
	if left, _ := os.ReadDir(elsewhere); len(left) > 0 {
		t.Errorf("the link was followed: %v", left)
	}
	if _, err := s.Remove(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(s.at("/etc/opt")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(t, s.machine.below)); diff != "" {
		t.Errorf("left behind (-before +after):\n%s", diff)
	}
}

// An installation that was cut off at any step can be undone, and so can one whose last receipt is missing.
func TestSystemInstallCutOff(t *testing.T) {
	s := debian(t)
	before := tree(t, s.machine.below)
	steps := s.plan(t).Steps
	for n := range steps {
		// As Install does it, up to the step n.
		st, err := s.readReceipt()
		if err != nil {
			t.Fatal(err)
		}
		var todo []change
		for _, c := range s.compare(s.plan(t), st) {
			_, e, _ := decide(&c)
			todo, st.Written = append(todo, c), append(st.Written, *e)
		}
		s.addFolders(st, todo)
		if err := s.writeReceipt(st); err != nil {
			t.Fatal(err)
		}
		for i := range todo[:n] {
			if err := s.machine.put(&todo[i].place, todo[i].step.Data); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Remove(); err != nil {
			t.Fatalf("cut off before step %d: %v", n, err)
		}
		if diff := cmp.Diff(before, tree(t, s.machine.below)); diff != "" {
			t.Fatalf("cut off before step %d (-before +after):\n%s", n, diff)
		}
	}
}

// A newer program replaces what the older wrote and takes away what is no longer part of it.
func TestSystemUpgrade(t *testing.T) {
	s := debian(t)
	before := tree(t, s.machine.below)
	old := s.plan(t)
	for i := range old.Steps {
		if filepath.Base(old.Steps[i].File) == "background.js" {
			old.Steps[i].Data = []byte("older")
		}
	}
	gone := Place{Base: "/", File: debianChromium + "/gone.js"}
	old.Steps = append(old.Steps, Step{What: Extension, For: []string{"Chromium"}, Place: gone, Data: []byte("no longer")})
	if _, err := s.Install(old); err != nil {
		t.Fatal(err)
	}
	done := s.install(t)
	if w, r := outcomes(done, Written), outcomes(done, Removed); len(w) != 1 || len(r) != 1 || filepath.Base(r[0]) != "gone.js" {
		t.Errorf("written %v, removed %v", w, r)
	}
	if _, err := s.Remove(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, tree(t, s.machine.below)); diff != "" {
		t.Errorf("left behind (-before +after):\n%s", diff)
	}
}

// A receipt that names anything else than what an installation writes has nothing removed.
func TestSystemRefusesAForgedReceipt(t *testing.T) {
	for _, text := range []string{
		`{"version":1,"written":[{"path":"/etc/passwd","sha256":"` + sum([]byte("precious")) + `"}]}`,
		`{"version":1,"written":[{"path":"/etc/minewatch/../passwd","sha256":"` + sum([]byte("precious")) + `"}]}`,
		`{"version":1,"written":[{"path":"HKLM\\Software\\minewatch","sha256":""}]}`,
		`{"version":1,"folders":["etc"]}`, `{"version":2}`, `{"version":1`, "",
	} {
		s := debian(t)
		precious := s.at("/etc/passwd")
		if err := os.WriteFile(precious, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.machine.put(&s.receipt, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if done, err := s.Remove(); err == nil || !strings.Contains(err.Error(), s.Receipt()) {
			t.Errorf("%s: %v, %v", text, done, err)
		}
		if _, err := os.Stat(precious); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The same on Windows, with a registry in memory.
func TestSystemOnWindows(t *testing.T) {
	const folder = `C:\Program Files\minewatch`
	setup := Setup{GOOS: win, Exe: folder + `\minewatch-host.exe`}
	reg := fakeRegistry{`HKLM\Software\Google\Chrome\NativeMessagingHosts\another`: "kept"}
	s := &System{setup, &machine{below: t.TempDir(), registry: reg}, receiptPlace(win, setup.Exe)}
	if err := os.MkdirAll(s.at(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	s.install(t)
	if got := reg[`HKLM\Software\Mozilla\NativeMessagingHosts\io.github.minewatch`]; got != folder+`\hosts\firefox\io.github.minewatch.json` {
		t.Errorf("Firefox is led to %q", got)
	}
	if done := s.install(t); len(outcomes(done, Already)) != len(done) {
		t.Errorf("the second time: %v", done)
	}
	if _, err := s.Remove(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(s.at(folder)); len(reg) != 1 || len(left) > 0 {
		t.Errorf("left behind: %v, %v", reg, left)
	}
}

// The status of a user says what is there for all users, and that a user's own manifest goes before it.
func TestStatusOfWhatIsThereForAll(t *testing.T) {
	s := debian(t)
	home := "/home/ada"
	for _, d := range []string{"/home/ada/.config/chromium", "/home/ada/.mozilla"} {
		if err := os.MkdirAll(s.at(d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	status := func() string {
		u := &User{Setup{GOOS: linux, Exe: "/usr/bin/minewatch", State: "/home/ada/state", Paths: Paths{Home: s.at(home)}, Debian: true, DebianChromium: true, DebianFirefox: true}, s.machine}
		all, err := u.Status()
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, b := range all {
			if b.State != NotFound {
				out = append(out, fmt.Sprintf("%s %s %s", b.Browser.Name, b.System, b.Extension))
			}
		}
		return strings.Join(out, ", ")
	}
	if got := status(); got != "chromium missing none, firefox missing none" {
		t.Errorf("before: %s", got)
	}
	s.install(t)
	if got := status(); got != "chromium differs system_folder, firefox differs system_folder" {
		t.Errorf("installed, but the program is not there: %s", got)
	}
	if err := errors.Join(os.MkdirAll(s.at("/usr/bin"), 0o755), os.WriteFile(s.at("/usr/bin/minewatch"), nil, 0o755)); err != nil {
		t.Fatal(err)
	}
	if got := status(); got != "chromium ready system_folder, firefox ready system_folder" {
		t.Errorf("installed: %s", got)
	}
	if got := sumUp(Differs, Ready); got != Differs {
		t.Errorf("a user's manifest that is wrong comes to %s", got)
	}
	if got := sumUp(Missing, Ready); got != Ready {
		t.Errorf("one for all users alone comes to %s", got)
	}
}

// Whatever a receipt says, nothing but what an installation writes can come of it.
func FuzzReceipt(f *testing.F) {
	f.Add(`{"version":1,"written":[{"path":"/etc/passwd","sha256":""}]}`)
	f.Add(`{"version":1,"folders":["/a/../b"],"written":[{"path":"/x/minewatch"}]}`)
	s := &System{Setup{GOOS: linux}, &machine{below: f.TempDir()}, receiptPlace(linux, "")}
	f.Fuzz(func(t *testing.T, text string) {
		var st receipt
		if json.Unmarshal([]byte(text), &st) != nil || s.checkReceipt(&st) != nil {
			return
		}
		for _, e := range st.Written {
			if !strings.Contains(e.Path, "minewatch") && !strings.HasSuffix(e.Path, "/"+geckoPolicy) || filepath.Clean(e.Path) != e.Path || e.Path[0] != '/' {
				t.Errorf("%q was let through", e.Path)
			}
		}
	})
}
