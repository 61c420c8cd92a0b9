package extensions

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/internal/procfs"
	"github.com/minewatch/minewatch/heuristics"
)

// startChild starts a process that waits until the test ends, as another user if uid is not 0.
func startChild(t *testing.T, uid uint32) int32 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/cat")
	if uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return int32(cmd.Process.Pid)
}

func TestResolvePeer(t *testing.T) {
	child := startChild(t, 0)
	got, err := ResolvePeer(child)
	if err != nil {
		t.Fatal(err)
	}
	self, err := procfs.New(procRoot).Stat(int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	want := Peer{
		PID: child, Root: heuristics.ProcessID{PID: int32(os.Getpid()), StartTime: self.Started},
		User: strconv.Itoa(os.Getuid()), Browser: self.Name,
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Root.StartTime == 0 {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !alive(got.Root) || alive(heuristics.ProcessID{PID: got.Root.PID, StartTime: 1}) {
		t.Error("alive does not tell two lives of a pid apart")
	}
}

func TestResolvePeerRefusesAnotherUsersParent(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can start a process of another user")
	}
	if got, err := ResolvePeer(startChild(t, 65534)); !errors.Is(err, errOtherOwner) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// fakeProc writes a process into a made-up /proc.
func fakeProc(t *testing.T, proc string, pid int, name string, parent int, start, uid string) {
	t.Helper()
	dir := filepath.Join(proc, strconv.Itoa(pid))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	stat := strconv.Itoa(pid) + " (" + name + ") S " + strconv.Itoa(parent) + strings.Repeat(" 0", 17) + " " + start + " 0 0\n"
	status := "Name:\t" + strings.ReplaceAll(name, "\n", `\n`) + "\nUid:\t" + uid + "\t0\t0\t0\nGid:\t0\t0\t0\t0\n"
	for file, text := range map[string]string{"stat": stat, "status": status} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestResolvePeerOnHostileProcesses(t *testing.T) {
	proc := t.TempDir()
	fakeProc(t, proc, 10, "chrome) S 1 (\n\x1b[31m", 1, "77", "1000")
	fakeProc(t, proc, 11, "minewatch", 10, "88", "1000")
	fakeProc(t, proc, 12, "orphan", 1, "88", "1000")
	fakeProc(t, proc, 13, "lost", 99, "88", "1000")
	fakeProc(t, proc, 14, "other", 10, "88", "1001")
	fakeProc(t, proc, 15, "broken", 10, "soon", "1000")

	got, err := resolvePeer(procfs.New(proc), 11)
	want := Peer{
		PID: 11, Root: heuristics.ProcessID{PID: 10, StartTime: 77}, User: "1000", Browser: "chrome) S 1 ( [31m",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("(-want +got), %v:\n%s", err, diff)
	}
	for pid, want := range map[int32]error{12: errOrphan, 13: os.ErrNotExist, 14: errOtherOwner, 15: nil, 98: os.ErrNotExist} {
		if got, err := resolvePeer(procfs.New(proc), pid); err == nil || (want != nil && !errors.Is(err, want)) {
			t.Errorf("process %d: %+v, %v; want %v", pid, got, err, want)
		}
	}
}
