//go:build unix

package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// startAgent starts an agent in a process of its own and returns when it listens. It is killed at the test's end.
func startAgent(t *testing.T, path string, uid uint32) *exec.Cmd {
	t.Helper()
	cmd := child(t, "agent", uid, path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	b := make([]byte, 300)
	n, err := out.Read(b)
	if err != nil || string(b[:n]) != "listening\n" {
		t.Fatalf("the agent said %q, %v", b[:n], err)
	}
	return cmd
}

func TestSecondAgentIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.sock")
	cmd := startAgent(t, path, 0)
	want := fmt.Sprintf("another minewatch agent (pid %d) is already running at %s; stop it or use it with `minewatch status`",
		cmd.Process.Pid, path)
	if _, err := Listen(path); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	// The same if the lock was deleted, or another program listens there.
	must(t, os.Remove(path+".lock"))
	if _, err := Listen(path); err == nil || err.Error() != want {
		t.Errorf("without the lock: error %v, want %s", err, want)
	}
	if _, err := api.New(path).Status(t.Context()); err != nil {
		t.Errorf("the first agent: %v", err)
	}
	must(t, cmd.Process.Kill())
	cmd.Wait()
	serveAt(t, path, newFakeAgent(), defaults()) // takes over what the dead agent left
}

func TestAgentThatDoesNotListenYet(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "agent.sock")
	ln, err := Listen(path)
	must(t, err)
	defer ln.Close()
	must(t, os.Remove(path)) // as while it starts or stops
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "just starting or stopping") {
		t.Errorf("error %v", err)
	}
}

// Of agents that start at the same moment where a dead one left its socket, exactly one gets it.
func TestRaceForAStaleSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.sock")
	stale(t, path)
	results := make(chan error, 8)
	for range 8 {
		go func() {
			ln, err := Listen(path)
			if err == nil {
				t.Cleanup(func() { ln.Close() })
			}
			results <- err
		}()
	}
	won := 0
	for range 8 {
		if err := <-results; err == nil {
			won++
		} else if !strings.Contains(err.Error(), "another minewatch agent") {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d agents listen", won)
	}
}

// stale leaves a socket at which nobody listens.
func stale(t *testing.T, path string) {
	t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	must(t, err)
	ln.SetUnlinkOnClose(false)
	must(t, ln.Close())
}

func TestModes(t *testing.T) {
	old := syscall.Umask(0) // other tests do not run meanwhile
	defer syscall.Umask(old)
	base := t.TempDir()
	path := filepath.Join(base, "a", "b", "agent.sock")
	ln, err := Listen(path)
	must(t, err)
	defer ln.Close()
	socket := fs.FileMode(0o600)
	if os.Geteuid() == 0 {
		socket = 0o666
	}
	for name, want := range map[string]fs.FileMode{"a": 0o700, "a/b": 0o700, "a/b/agent.sock": socket, "a/b/agent.sock.lock": 0o600} {
		if fi, err := os.Lstat(filepath.Join(base, name)); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %04o", name, fi.Mode(), err, want)
		}
	}
	// An existing folder is left as it is.
	must(t, os.Mkdir(filepath.Join(base, "c"), 0o755))
	ln, err = Listen(filepath.Join(base, "c", "agent.sock"))
	must(t, err)
	defer ln.Close()
	if fi, err := os.Stat(filepath.Join(base, "c")); err != nil || fi.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	// The folder of the machine's agent is open to all, whatever the umask.
	syscall.Umask(0o077)
	root, err := openFolder(filepath.Join(base, "system"), true)
	must(t, err)
	defer root.Close()
	if fi, err := root.Stat("."); err != nil || fi.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
}

func TestWhatIsPlantedIsRefused(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	must(t, os.WriteFile(victim, []byte("precious"), 0o600))
	for name, c := range map[string]struct {
		plant func(dir, path string) error
		want  string
	}{
		"link to a file":     {func(_, path string) error { return os.Symlink(victim, path) }, "is not a socket"},
		"link to a socket":   {func(dir, path string) error { stale(t, filepath.Join(dir, "s")); return os.Symlink("s", path) }, "is not a socket"},
		"dangling link":      {func(_, path string) error { return os.Symlink("/nowhere/x", path) }, "is not a socket"},
		"file":               {func(_, path string) error { return os.WriteFile(path, nil, 0o600) }, "is not a socket"},
		"fifo":               {func(_, path string) error { return syscall.Mkfifo(path, 0o600) }, "is not a socket"},
		"folder":             {func(_, path string) error { return os.Mkdir(path, 0o700) }, "is not a socket"},
		"lock: link":         {func(_, path string) error { return os.Symlink(victim, path+".lock") }, "is not a plain file"},
		"lock: fifo":         {func(_, path string) error { return syscall.Mkfifo(path+".lock", 0o600) }, "is not a plain file"},
		"folder open to all": {func(dir, _ string) error { return os.Chmod(dir, 0o777) }, "others may write"},
		"folder like /tmp":   {func(dir, _ string) error { return os.Chmod(dir, 0o777|fs.ModeSticky) }, "others may write"},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		must(t, os.Mkdir(dir, 0o700))
		path := filepath.Join(dir, "agent.sock")
		must(t, c.plant(dir, path))
		before := listing(t, dir)
		ln, err := Listen(path)
		if err == nil {
			ln.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if after := strings.ReplaceAll(listing(t, dir), "-agent.sock.lock ", ""); !strings.HasPrefix(name, "lock") && after != before {
			t.Errorf("%s: the folder went from %q to %q", name, before, after)
		}
	}
	if b, err := os.ReadFile(victim); err != nil || string(b) != "precious" {
		t.Errorf("the victim of a link: %q, %v", b, err)
	}

	dir := t.TempDir() // a link in place of the folder
	must(t, os.Mkdir(filepath.Join(dir, "real"), 0o700))
	must(t, os.Symlink("real", filepath.Join(dir, "run")))
	if _, err := Listen(filepath.Join(dir, "run", "agent.sock")); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("a link in place of the folder: %v", err)
	}
	for _, path := range []string{"", "agent.sock", "@minewatch", "/", "/tmp/../tmp/x", "/" + strings.Repeat("x", maxPath)} {
		if ln, err := Listen(path); err == nil {
			ln.Close()
			t.Errorf("%q was taken", path)
		}
	}
}

// listing returns kind and name of what a folder holds.
func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var out strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&out, "%.1s%s ", e.Type(), e.Name())
	}
	return out.String()
}

func TestForeignOwnersAreRefused(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "agent.sock")
	stale(t, path)
	must(t, os.Lchown(path, nobody, nobody))
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "belongs to another user (uid 65534)") {
		t.Errorf("a socket: %v", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("it was removed: %v", err)
	}
	must(t, os.Remove(path))
	must(t, os.Chown(dir, nobody, nobody))
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "belongs to another user (uid 65534)") {
		t.Errorf("a folder: %v", err)
	}
	must(t, os.Chown(dir, 0, nobody))
	must(t, os.Chmod(dir, 0o770))
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "others may write") {
		t.Errorf("a folder of another group: %v", err)
	}
}

// A socket whose agent is too busy to take calls is not stale.
func TestBusyAgentIsNotDead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.sock")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	must(t, err)
	defer syscall.Close(fd)
	must(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}))
	must(t, syscall.Listen(fd, 0))
	for { // until no more can wait
		d := net.Dialer{Timeout: 100 * time.Millisecond}
		conn, err := d.DialContext(t.Context(), "unix", path)
		if err != nil {
			break
		}
		defer conn.Close()
	}
	if ln, err := Listen(path); err == nil {
		ln.Close()
		t.Error("the socket of a busy agent was taken over")
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		t.Error("the socket of a busy agent was removed")
	}
}
