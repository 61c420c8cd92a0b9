//go:build linux

package sandbox

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// insideKey tells this test program that it runs in a sandbox, and what must not be seen there.
const insideKey = "MINEWATCH_SANDBOX_TEST"

func TestMain(m *testing.M) {
	if status, inside := Enter(os.Stderr); inside {
		os.Exit(status)
	}
	os.Exit(m.Run())
}

// TestASandboxSeesOnlyItself runs TestInside in a sandbox whose folder lies in /tmp, as temporary folders do.
func TestASandboxSeesOnlyItself(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("sandboxes need root")
	}
	dir, taken := t.TempDir(), t.TempDir()
	for _, f := range []string{filepath.Join(dir, "mine"), filepath.Join(taken, "along")} {
		if err := os.WriteFile(f, []byte("here"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{dir, taken} {
		for ; strings.HasPrefix(d, os.TempDir()+"/"); d = filepath.Dir(d) {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd := Command(t.Context(), Options{Dir: dir, Binds: map[string]string{taken: "folder"}}, "-test.run=^TestInside$", "-test.v")
	cmd.Env = append(cmd.Env, insideKey+"="+taken)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS: TestInside") {
		t.Errorf("nothing was tested in the sandbox:\n%s", out)
	}
}

func TestInside(t *testing.T) {
	outside, ok := os.LookupEnv(insideKey)
	if !ok {
		t.Skip("only in a sandbox")
	}
	if _, err := os.Stat(outside); err == nil {
		t.Errorf("%s of outside is seen", outside)
	}
	for _, f := range []string{"/tmp/mine", "/srv/mine", "/tmp/folder/along", "/srv/folder/along"} {
		if b, err := os.ReadFile(f); err != nil || string(b) != "here" {
			t.Errorf("%s: %q, %v", f, b, err)
		}
	}
	if d := os.TempDir(); d != home {
		t.Errorf("temporary folders are made in %s, want %s", d, home)
	}
	names, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if pid, err := strconv.Atoi(n.Name()); err == nil && pid != 1 && pid != os.Getpid() {
			t.Errorf("process %d is seen", pid)
		}
	}
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var dialer net.Dialer
	c, err := dialer.DialContext(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("the loopback network is down: %v", err)
	}
	c.Close()
}
