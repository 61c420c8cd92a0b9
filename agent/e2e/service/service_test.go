//go:build linux

package service_test

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/programs"
)

//go:embed checks.sh
var checks []byte

// unit runs the checks once at each boot.
const unit = `[Unit]
Description=The checks of minewatch
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/root/test/checks.sh %s
StandardOutput=append:/root/test/log
StandardError=append:/root/test/log
TimeoutStartSec=600
# Whatever happened, the container must end.
ExecStopPost=-/bin/sh -c '[ -e /root/test/boot ] && [ ! -e /root/test/rebooted ] && touch /root/test/rebooted || systemctl poweroff --no-block'
[Install]
WantedBy=multi-user.target
`

// cache returns the folder of the bare system, which takes a minute to make: this user's cache, so that each checkout
// finds it, or the checkout's own.
func cache() string {
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "minewatch-tests", "bookworm")
	}
	return "../../../.cache/bookworm"
}

func TestService(t *testing.T) {
	desktop.Need(t, missing())
	length := "short"
	if os.Getenv("MINEWATCH_SERVICE") == "full" {
		length = "full"
	}
	root := filepath.Join(t.TempDir(), "root")
	run(t, "cp", "-a", bare(t), root)
	put(t, root, length)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	for boot := 1; ; boot++ {
		c := exec.CommandContext(ctx, "systemd-nspawn", "-q", "-D", root, "--register=no", "--keep-unit", "-b")
		out, err := c.CombinedOutput()
		done := exists(filepath.Join(root, "root/test/done"))
		if done {
			break
		}
		// A reboot ends systemd-nspawn with 133 where no manager starts it again.
		if boot == 1 && exists(filepath.Join(root, "root/test/boot")) {
			continue
		}
		log, _ := os.ReadFile(filepath.Join(root, "root/test/log"))
		t.Fatalf("boot %d did not come to its end: %v\n%s\n%s", boot, err, tail(out), tail(log))
	}
	report(t, filepath.Join(root, "root/test"))
}

// report fails for each check that failed, and prints the figures.
func report(t *testing.T, dir string) {
	t.Helper()
	results, err := os.ReadFile(filepath.Join(dir, "results"))
	if err != nil {
		t.Fatal(err)
	}
	passed, failed := 0, 0
	for in := bufio.NewScanner(bytes.NewReader(results)); in.Scan(); {
		if _, ok := strings.CutPrefix(in.Text(), "ok "); ok {
			passed++
			t.Log(in.Text())
			continue
		}
		failed++
		t.Error(in.Text())
	}
	exposure, _ := os.ReadFile(filepath.Join(dir, "exposure"))
	level, _ := strconv.ParseFloat(strings.TrimSpace(string(exposure)), 64)
	line, err := json.Marshal(map[string]any{"type": "service", "checks": passed + failed, "passed": passed, "failed": failed, "systemd_exposure": level})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(line))
	if passed+failed < 15 {
		t.Errorf("only %d checks ran", passed+failed)
	}
	if failed > 0 {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		t.Logf("the end of the log:\n%s", tail(log))
	}
}

// put puts the packages, the load and the checks into the system.
func put(t *testing.T, root, length string) {
	t.Helper()
	dir := filepath.Join(root, "root/test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(root, "root"), 0o755); err != nil { // other users start the load from there
		t.Fatal(err)
	}
	bin := t.TempDir()
	module := "../../.."
	if err := programs.Build(t.Context(), bin, nil, programs.Agent, programs.Host, programs.Load); err != nil {
		t.Fatal(err)
	}
	if err := programs.Package(t.Context(), filepath.Join(bin, "packages"), module+"/agent/dev/packages", false); err != nil {
		t.Fatal(err)
	}
	run(t, "cp", filepath.Join(bin, "load"), dir)
	broken := t.TempDir()
	for _, name := range []string{"minewatch", "minewatch-host", "minewatch-tray"} {
		body := "#!/bin/sh\necho minewatch: broken on purpose >&2\nexit 1\n"
		if err := os.WriteFile(filepath.Join(broken, name), []byte(body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "cp", filepath.Join(broken, "minewatch-tray"), bin) // a server has no use for the tray
	pack := func(file, version, from string) {
		out := t.TempDir()
		c := exec.CommandContext(t.Context(), filepath.Join(bin, "packages"), "-only", "deb", "-out", out, "-version", version, "-programs", from)
		c.Dir = module
		if said, err := c.CombinedOutput(); err != nil {
			t.Fatalf("the package cannot be made (make tools builds what it needs): %v\n%s", err, said)
		}
		run(t, "cp", filepath.Join(out, "minewatch_"+version+"_amd64.deb"), filepath.Join(dir, file))
	}
	pack("old.deb", "0.1.0", bin)
	if length == "full" {
		pack("new.deb", "0.1.1", bin)
		pack("broken.deb", "0.1.2", broken)
	}
	if err := os.WriteFile(filepath.Join(dir, "checks.sh"), checks, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "etc/systemd/system/checks.service")
	if err := os.WriteFile(file, fmt.Appendf(nil, unit, length), 0o644); err != nil {
		t.Fatal(err)
	}
	wants := filepath.Join(root, "etc/systemd/system/multi-user.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../checks.service", filepath.Join(wants, "checks.service")); err != nil {
		t.Fatal(err)
	}
}

// bare returns the folder of a bare Debian with systemd, made once.
func bare(t *testing.T) string {
	t.Helper()
	dir := cache()
	if exists(filepath.Join(dir, "complete")) {
		return filepath.Join(dir, "root")
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,procps", "bookworm", filepath.Join(dir, "root"))
	if err := os.WriteFile(filepath.Join(dir, "complete"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "root")
}

func missing() []string {
	var out []string
	if os.Geteuid() != 0 {
		out = append(out, "root")
	}
	for _, name := range []string{"systemd-nspawn", "debootstrap"} {
		if _, err := exec.LookPath(name); err != nil {
			out = append(out, name)
		}
	}
	if !exists("../../../.cache/bin/nfpm") {
		out = append(out, "nfpm (make tools)")
	}
	return out
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, tail(out))
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func tail(b []byte) []byte { return b[max(0, len(b)-4000):] }
