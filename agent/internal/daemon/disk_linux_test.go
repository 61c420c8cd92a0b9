package daemon

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/store"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

// small mounts a disk of 2 MiB, or skips the test.
func small(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("minewatch-test", dir, "tmpfs", 0, "size=2m,mode=0700"); err != nil {
		t.Skipf("no tmpfs: %v", err)
	}
	t.Cleanup(func() { // after the archive was closed
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fillUp leaves no byte on a disk and returns what makes room again.
func fillUp(t *testing.T, dir string) (makeRoom func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_ = f.Close()
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// hears waits until something is told.
func hears(t *testing.T, l *listener, want string) {
	t.Helper()
	for range 600 {
		l.mu.Lock()
		for i, heard := range l.heard {
			if heard == want {
				l.heard = l.heard[i+1:]
				l.mu.Unlock()
				return
			}
		}
		l.mu.Unlock()
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%q was not told, but %q", want, l.since())
}

// wellAgain waits until no warning is left.
func wellAgain(t *testing.T, a *archive) {
	t.Helper()
	for range 600 {
		if len(a.warnings.list()) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("warnings stay: %q", a.warnings.list())
}

func TestRealDiskThatIsFullAtTheStart(t *testing.T) {
	dir := small(t)
	makeRoom := fillUp(t, dir)
	a, l := kept(t, folder(dir))
	a.add(firing("run-1"))
	hears(t, l, "run-1 firing!")
	wantWarnings(t, a, "free some space")
	if w := a.warnings.list()[0]; strings.Contains(w, "permission") {
		t.Errorf("a full disk is called a missing permission: %s", w)
	}
	makeRoom()
	hears(t, l, "run-1 firing")
	wellAgain(t, a)
}

func TestRealDiskThatFillsUp(t *testing.T) {
	dir := small(t)
	a, l := kept(t, folder(dir))
	a.add(firing("run-1"))
	hears(t, l, "run-1 firing")
	makeRoom := fillUp(t, dir)
	last := ""
	for i := 0; i < 500 && len(a.warnings.list()) == 0; i++ {
		big := firing(fmt.Sprintf("run-big%d", i))
		big.Exe = strings.Repeat("x", 4000)
		last = big.ID
		a.add(big)
		time.Sleep(10 * time.Millisecond)
	}
	wantWarnings(t, a, "full")
	hears(t, l, last+" firing!")
	makeRoom()
	hears(t, l, last+" firing")
	wellAgain(t, a)
}

// On a disk that is read-only at the start what users allowed is known all the same.
func TestRealDiskThatIsReadOnly(t *testing.T) {
	dir := small(t)
	s, _, err := store.Open(dir, "before")
	if err == nil {
		err = errors.Join(s.AddAllowance(t.Context(), api.Allowance{User: "1000", Site: "mail.test"}), s.SaveAlert(ended("old-1")), s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	remount := func(flags uintptr) {
		if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	a, l := kept(t, folder(dir))
	a.add(firing("run-1"))
	hears(t, l, "run-1 firing!")
	wantWarnings(t, a, "read-only")
	if got := a.allowances("1000"); len(got) != 1 || got[0].Site != "mail.test" {
		t.Errorf("allowed: %+v", got)
	}
	if got, err := a.alerts(t.Context(), "1000", time.Time{}); err != nil || len(got) != 2 {
		t.Errorf("listed %+v, %v", got, err)
	}
	remount(0)
	hears(t, l, "run-1 firing")
	wellAgain(t, a)
	if got := a.allowances("1000"); len(got) != 1 {
		t.Errorf("allowed: %+v", got)
	}
}

func TestRealDatabaseThatIsLocked(t *testing.T) {
	dir := t.TempDir()
	a, l := kept(t, folder(dir))
	a.add(firing("run-1"))
	hears(t, l, "run-1 firing")
	db, err := sql.Open("sqlite", filepath.Join(dir, "minewatch.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err == nil {
		_, err = conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.add(ended("run-1"))
	hears(t, l, "run-1 resolved!")
	wantWarnings(t, a, "another program holds the history file")
	if _, err := conn.ExecContext(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	hears(t, l, "run-1 resolved")
	wellAgain(t, a)
}

// A folder that is deleted beneath the agent is recreated, with what users allowed and the alerts that are open.
func TestRealFolderThatIsDeleted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	a, l := kept(t, folder(dir))
	if err := a.allow(t.Context(), api.Allowance{User: "1000", Site: "mail.test"}); err != nil {
		t.Fatal(err)
	}
	a.add(firing("run-1"))
	hears(t, l, "run-1 firing")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	a.add(firing("run-2"))
	hears(t, l, "run-2 firing")
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	s, _, err := store.Open(dir, "after")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	allowed, err := s.Allowances(t.Context(), "1000", time.Now())
	if err != nil || len(allowed) != 1 {
		t.Errorf("allowed %+v, %v", allowed, err)
	}
	if alerts, err := s.Alerts(t.Context(), "1000", time.Time{}); err != nil || len(alerts) != 2 {
		t.Errorf("stored %+v, %v", alerts, err)
	}
}

// A recording that fills its disk ends; the snapshots go on.
func TestRecordingOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	said := 0
	w := &willing{to: full, failed: func(err error) {
		said++
		if !errors.Is(err, syscall.ENOSPC) {
			t.Error(err)
		}
	}}
	const n = 2000
	source := func(context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			for i := range n {
				s := heuristics.Snapshot{At: time.Duration(i) * time.Second, Cores: 2, Busy: time.Duration(rand.Int64())} //nolint:gosec // noise
				if !yield(s, nil) {
					return
				}
			}
		}
	}
	got := 0
	for _, err := range trace.Record(source, w, trace.Header{Cores: 2, IntervalMS: 1000})(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got++
	}
	if got != n || said != 1 {
		t.Errorf("%d of %d snapshots, the full disk was told %d times", got, n, said)
	}
	if _, err := io.WriteString(w, "more"); err != nil {
		t.Error(err)
	}
}

// roleVar makes this test program store alerts until it is killed.
const roleVar = "MINEWATCH_ARCHIVE_TEST_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(roleVar); dir != "" {
		tellUntilKilled(dir)
		return
	}
	os.Exit(m.Run())
}

// tellUntilKilled prints what an archive tells as stored.
func tellUntilKilled(dir string) {
	run := fmt.Sprintf("run%d", os.Getpid())
	a := newArchive(run, folder(dir), zap.NewNop(), newWarnings(zap.NewNop()))
	a.publish = func(alert api.Alert) {
		if !alert.NotStored {
			fmt.Println(alert.ID, alert.State)
		}
	}
	go a.keep()
	for i := 0; ; i++ {
		a.add(firing(fmt.Sprintf("%s-%d", run, i)))
		a.add(ended(fmt.Sprintf("%s-%d", run, i/2)))
		time.Sleep(time.Millisecond)
	}
}

// What was told as stored is there after any kill.
func TestKilledAgentLosesNothingThatWasTold(t *testing.T) {
	const rounds = 10
	dir := t.TempDir()
	told := map[string]bool{}
	for round := range rounds {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), roleVar+"="+dir)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		var timer *time.Timer
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if timer == nil { // from the first on, at any moment
				timer = time.AfterFunc(time.Duration(rand.IntN(100_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
			if id, _, ok := strings.Cut(lines.Text(), " "); ok {
				told[id] = true
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatalf("round %d: it ended by itself", round)
		}
		s, aside, err := store.Open(dir, "look")
		if err != nil || aside != "" {
			t.Fatalf("round %d: %v %s", round, err, aside)
		}
		list, err := s.Alerts(t.Context(), "", time.Time{})
		if err = errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		stored := map[string]bool{}
		for _, a := range list {
			stored[a.ID] = true
		}
		for id := range told {
			if !stored[id] {
				t.Fatalf("round %d: alert %s was told as stored and is lost", round, id)
			}
		}
	}
	t.Logf("%d kills, %d alerts told", rounds, len(told))
}
