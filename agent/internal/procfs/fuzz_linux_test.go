package procfs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzProcess reads a process whose files all hold anything: no read takes more than its bound, no figure is negative,
// and each read that fails is counted once.
func FuzzProcess(f *testing.F) {
	f.Add([]byte("42 (x)"+tail), []byte("Name:\tx\nUid:\t1000\t0\t0\t0\n"), []byte("/usr/bin/x\x00--type=renderer\x00"), []byte("rchar: 5\n"), []byte("1 2 3\n"), "x\n")
	f.Add([]byte("42 (a) S 1 ("+tail), []byte("Uid:\t-1\n"), bytes.Repeat([]byte("a "), 20<<10), []byte("rchar: 99999999999999999999\nwchar: -1"), []byte("-1 -1"), strings.Repeat("x", 2000))
	root := f.TempDir()
	folder := filepath.Join(root, "42", "task", "43")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stat, status, line, io, schedstat []byte, comm string) {
		for name, data := range map[string][]byte{
			"stat": stat, "status": status, "cmdline": line, "io": io, "schedstat": schedstat, "task/43/schedstat": schedstat, "task/43/comm": []byte(comm),
		} {
			if err := os.WriteFile(filepath.Join(root, "42", name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		checkProcess(t, New(root), line)
	})
}

func checkProcess(t *testing.T, fs *FS, line []byte) {
	t.Helper()
	failed := 0
	note := func(err error) {
		if err == nil {
			return
		}
		if failed++; !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrVanished) && !errors.Is(err, ErrUnreadable) {
			t.Errorf("an error of no kind: %v", err)
		}
	}
	s, err := fs.Stat(42)
	note(err)
	if s.User < 0 || s.System < 0 || s.CPU() < 0 || s.Children < 0 || s.Resident < 0 || s.Threads < 0 || len(s.Name) > maxStat || err == nil && s.PID != 42 {
		t.Errorf("%+v", s)
	}
	_, err = fs.Owner(42)
	note(err)
	got, err := fs.CommandLine(42)
	note(err)
	if len(got.Text) > MaxCommandLine || !strings.HasPrefix(string(line), got.Text) || !got.Truncated && len(got.Text) != len(line) {
		t.Errorf("%d bytes of a command line of %d, truncated %v", len(got.Text), len(line), got.Truncated)
	}
	_, err = fs.IO(42)
	note(err)
	_, _, err = fs.Schedstat(42)
	note(err)
	note(fs.Threads(42, 4, func(th Thread) {
		run, wait, ok := th.Times()
		if run < 0 || wait < 0 || !ok && run+wait != 0 || len(th.Name()) > maxSmall {
			t.Errorf("thread %d: %v %v %v %q", th.TID, run, wait, ok, th.Name())
		}
	}))
	if n := fs.Failures(); int(n.Vanished+n.Unreadable+n.Malformed) != failed {
		t.Errorf("%d reads failed, counted %+v", failed, n)
	}
}

// FuzzMachine reads counters of the machine from files that hold anything.
func FuzzMachine(f *testing.F) {
	f.Add([]byte("cpu  100 20 3 9999 8 7 6 5 4 3\ncpu0 1 1"), []byte("0.20 0.18 0.12 1/80 11206\n"))
	f.Add([]byte("cpu 18446744073709551615 1 1 1 1 1 1 1 1 1\n"), []byte("a b c d 99999999999\n"))
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, stat, load []byte) {
		if err := errors.Join(os.WriteFile(filepath.Join(root, "stat"), stat, 0o600), os.WriteFile(filepath.Join(root, "loadavg"), load, 0o600)); err != nil {
			t.Fatal(err)
		}
		m := New(root).Machine()
		for range 2 { // the second time from the open file
			if busy, err := m.Busy(); busy < 0 || err != nil && busy != 0 {
				t.Errorf("busy for %v, %v", busy, err)
			}
			if l, err := m.Load(); l.LastPID < 0 || (err == nil) != (l.LastPID > 0) {
				t.Errorf("%+v, %v", l, err)
			}
		}
		_ = m.stat.close()
		_ = m.load.close()
	})
}

// close gives the file of a test back.
func (k *kept) close() error {
	if k.file == nil {
		return nil
	}
	return k.file.Close()
}
