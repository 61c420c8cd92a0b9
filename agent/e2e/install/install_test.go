//go:build linux

package install

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/firefox"
	"github.com/minewatch/minewatch/agent/testkit/programs"
	"github.com/minewatch/minewatch/agent/testkit/sandbox"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// insideKey tells this test program that it runs in a sandbox.
const insideKey = "MINEWATCH_INSTALL_TEST"

// bin is where the sandbox sees the programs under test, program where an administrator puts them.
const (
	bin     = "/tmp/bin"
	program = "/usr/local/bin/minewatch"
)

// patience is how long a browser may take to connect on a full machine.
const patience = 90 * time.Second

func TestMain(m *testing.M) {
	if status, inside := sandbox.Enter(os.Stderr); inside {
		os.Exit(status)
	}
	os.Exit(m.Run())
}

// TestForAllUsers runs TestInside in a sandbox, whose /etc, /usr and /var/lib are its own: nothing of it is seen by other
// browsers on this computer, and it is gone with the sandbox whatever becomes of the test.
func TestForAllUsers(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts two browsers")
	}
	if os.Geteuid() != 0 {
		t.Skip("installing for all users needs root")
	}
	desktop.Need(t, append(append(desktop.Missing(), chromium.Missing()...), firefox.Missing()...))
	dir, built := t.TempDir(), programs.ForTest(t, programs.Agent, programs.Host)
	pack := exec.CommandContext(t.Context(), "go", "run", "../../dev/pack", "-out", built, "-dev-key", filepath.Join(built, "key.pem"))
	told, err := pack.CombinedOutput()
	if err != nil {
		t.Fatalf("pack: %v\n%s", err, told)
	}
	if err := os.WriteFile(filepath.Join(built, "told.txt"), told, 0o600); err != nil {
		t.Fatal(err)
	}
	for d := dir; strings.HasPrefix(d, os.TempDir()+"/"); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil { // the sandbox's user must be able to enter it
			t.Fatal(err)
		}
	}
	cmd := sandbox.Command(t.Context(), sandbox.Options{Dir: dir, Binds: map[string]string{built: "bin"}}, "-test.run=^TestInside$", "-test.v", "-test.timeout=8m")
	cmd.Env = append(cmd.Env, insideKey+"=yes")
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "--- PASS: TestInside") {
		t.Error("nothing was tested in the sandbox")
	}
}

func TestInside(t *testing.T) {
	if os.Getenv(insideKey) == "" {
		t.Skip("only in a sandbox")
	}
	for _, folder := range []string{"/etc", "/usr", "/var/lib"} {
		cover(t, folder)
	}
	for _, name := range []string{"minewatch", "minewatch-host"} {
		data, err := os.ReadFile(filepath.Join(bin, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("/usr/local/bin/"+name, data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t)
	d, err := desktop.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })

	refuses(t, d)
	if out := asRoot(t, "browser", "install", "--system", "--yes"); !strings.Contains(out, "written: ") {
		t.Errorf("install says:\n%s", out)
	}
	installed := tree(t)
	if out := asRoot(t, "browser", "install", "--system"); !strings.Contains(out, "nothing to do") {
		t.Errorf("the second time install says:\n%s", out)
	}
	if diff := cmp.Diff(installed, tree(t)); diff != "" {
		t.Errorf("the second installation changed:\n%s", diff)
	}
	t.Run("browsers", func(t *testing.T) { connects(t, d) })
	asRoot(t, "browser", "remove", "--system")
	if diff := cmp.Diff(before, tree(t)); diff != "" {
		t.Errorf("after remove (-before +after):\n%s", diff)
	}
	t.Run("policy", func(t *testing.T) { connectsByPolicy(t, d) })
	if diff := cmp.Diff(before, tree(t)); diff != "" {
		t.Errorf("after the policies (-before +after):\n%s", diff)
	}
	t.Run("crx", func(t *testing.T) { takesCRX(t, d) })
}

// refuses tries the installation as a user, and without a yes.
func refuses(t *testing.T, d *desktop.Desktop) {
	t.Helper()
	before := tree(t)
	_, err := d.Output(t.Context(), program, "browser", "install", "--system", "--yes")
	if err == nil || !strings.Contains(err.Error(), "needs an administrator; run: sudo "+program) {
		t.Errorf("as a user: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), program, "browser", "install", "--system").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "/usr/share/chromium/extensions/minewatch/") || !strings.Contains(string(out), "nothing was done") {
		t.Errorf("without a yes: %v\n%s", err, out)
	}
	t.Logf("what it shows first:\n%s", out)
	if diff := cmp.Diff(before, tree(t)); diff != "" {
		t.Errorf("a refused installation changed:\n%s", diff)
	}
}

// connects starts both browsers as a user does, and waits until their extensions talk to the user's agent.
func connects(t *testing.T, d *desktop.Desktop) {
	t.Helper()
	agent := start(t, d, program, "run", "--user")
	defer agent.Stop()
	one := start(t, d, chromium.Program, "--no-first-run", "--no-default-browser-check", "--password-store=basic")
	defer one.Stop()
	other := start(t, d, firefox.Program)
	defer other.Stop()
	began := now()
	for _, name := range []string{"chromium", "firefox"} {
		b := await(t, d, name)
		t.Logf("%s is connected after %.1f s", name, now().Sub(began).Seconds())
		if b.Extension != "system_folder" || b.HostSystem != "ready" || b.HostUser != "missing" || b.Next != "" {
			t.Errorf("%s: %+v", name, b)
		}
	}
	text, err := d.Output(t.Context(), program, "browser", "status")
	if err != nil {
		t.Error(err)
	}
	t.Logf("status says:\n%s", text)
}

// connectsByPolicy takes away what Debian's Firefox loads by itself, so that the policy alone brings the extension. It
// only looks signed, and the profile takes it nevertheless: a signature is Mozilla's to give.
func connectsByPolicy(t *testing.T, d *desktop.Desktop) {
	t.Helper()
	asRoot(t, "browser", "install", "--system", "--policy", "--xpi", signed(t), "--yes")
	defer asRoot(t, "browser", "remove", "--system")
	xpi, err := filepath.Glob("/usr/share/mozilla/extensions/*/minewatch@*.xpi")
	if err != nil || len(xpi) != 1 {
		t.Fatalf("%v, %v", xpi, err)
	}
	if err := os.Remove(xpi[0]); err != nil {
		t.Fatal(err)
	}
	agent := start(t, d, program, "run", "--user")
	defer agent.Stop()
	b := start(t, d, firefox.Program, "--profile", newProfile(t, d))
	defer b.Stop()
	if got := await(t, d, "firefox"); got.Extension != "policy" {
		t.Errorf("%+v", got)
	}
}

// signed writes the extension for Firefox with an invalid signature, and returns the file.
func signed(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(bin, "*-firefox-unsigned.xpi"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	in, err := zip.OpenReader(found[0])
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	path := filepath.Join(t.TempDir(), "signed.xpi")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out := zip.NewWriter(f)
	for _, file := range in.File {
		if err := out.Copy(file); err != nil {
			t.Fatal(err)
		}
	}
	_, err = out.Create("META-INF/mozilla.rsa")
	if err := errors.Join(err, out.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// newProfile makes an empty profile of Firefox.
func newProfile(t *testing.T, d *desktop.Desktop) string {
	t.Helper()
	if err := d.WriteFile("another-profile/user.js", []byte("user_pref(\"xpinstall.signatures.required\", false);\n")); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(d.Home(), "another-profile")
}

// takesCRX has Chromium install the CRX of a development key by policy: a real browser takes the file apart and checks
// its signature.
func takesCRX(t *testing.T, d *desktop.Desktop) {
	t.Helper()
	told, err := os.ReadFile(filepath.Join(bin, "told.txt"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`its id is ([a-p]{32})`).FindSubmatch(told)
	crx, err := filepath.Glob(filepath.Join(bin, "*-development.crx"))
	if err != nil || len(crx) != 1 || found == nil {
		t.Fatalf("pack said: %s", told)
	}
	id := string(found[1])
	data, err := os.ReadFile(crx[0])
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`minewatch-(.+)-development`).FindStringSubmatch(crx[0])[1]
	files := map[string]string{
		"/etc/chromium/policies/managed/test.json": `{"ExtensionInstallForcelist":["` + id + `;file:///etc/chromium/test/update.xml"]}`,
		"/etc/chromium/test/update.xml": `<?xml version="1.0"?><gupdate xmlns="http://www.google.com/update2/response" protocol="2.0"><app appid="` + id +
			`"><updatecheck codebase="file:///etc/chromium/test/x.crx" version="` + version + `"/></app></gupdate>`,
		"/etc/chromium/test/x.crx": string(data),
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	profile := filepath.Join(d.Home(), "crx")
	b := start(t, d, chromium.Program, "--user-data-dir="+profile, "--no-first-run", "--no-default-browser-check", "--password-store=basic")
	defer b.Stop()
	began := now()
	wait.For(t, patience, "Chromium to install the CRX", func() bool {
		in, _ := filepath.Glob(filepath.Join(profile, "Default/Extensions", id, version+"_*", "manifest.json"))
		return len(in) == 1
	})
	t.Logf("the CRX is installed after %.1f s", now().Sub(began).Seconds())
}

// placement is what is read of `minewatch browser status --json`.
type placement struct {
	Name       string `json:"name"`
	HostUser   string `json:"host_user"`
	HostSystem string `json:"host_system"`
	Extension  string `json:"extension"`
	Connected  bool   `json:"connected"`
	Next       string `json:"next"`
}

// await waits until a browser is connected to the user's agent.
func await(t *testing.T, d *desktop.Desktop, name string) placement {
	t.Helper()
	var last []byte
	var found placement
	defer func() {
		if t.Failed() {
			t.Logf("the last status: %s", last)
		}
	}()
	wait.For(t, patience, name+" to connect", func() bool {
		var r struct {
			Browsers []placement `json:"browsers"`
		}
		out, err := d.Output(t.Context(), program, "browser", "status", "--json")
		last = out
		if err != nil || json.Unmarshal(out, &r) != nil {
			return false
		}
		for _, b := range r.Browsers {
			if b.Name == name {
				found = b
			}
		}
		return found.Connected
	})
	return found
}

func start(t *testing.T, d *desktop.Desktop, name string, args ...string) *desktop.Process {
	t.Helper()
	p, err := d.Start(context.WithoutCancel(t.Context()), nil, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func asRoot(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Errorf("minewatch %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func now() time.Time { return time.Now() }

// cover makes a folder the sandbox's own: what is written there is written over it, in memory.
func cover(t *testing.T, folder string) {
	t.Helper()
	over := filepath.Join("/tmp/over", folder)
	if err := os.MkdirAll(over, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", over, "tmpfs", 0, "mode=755"); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"upper", "work"} {
		if err := os.Mkdir(filepath.Join(over, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", folder, over, over)
	if err := syscall.Mount("overlay", folder, "overlay", 0, options); err != nil {
		t.Fatalf("cover %s: %v (it needs overlay file systems)", folder, err)
	}
}

// tree lists everything in the folders that an installation touches: modes, and sums of contents.
func tree(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, folder := range []string{
		"/etc/opt", "/etc/chromium", "/etc/chromium.d", "/etc/brave", "/etc/firefox", "/usr/lib/mozilla", "/usr/lib64/mozilla",
		"/usr/share/chromium", "/usr/share/mozilla", "/usr/share/minewatch", "/var/lib/minewatch",
	} {
		err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			fi, err := e.Info()
			if err != nil {
				return err
			}
			out[path] = fi.Mode().String()
			if fi.Mode().IsRegular() {
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				out[path] += fmt.Sprintf(" %x", sha256.Sum256(data))
			}
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return out
}
