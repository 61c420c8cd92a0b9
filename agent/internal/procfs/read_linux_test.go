package procfs

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/process"
)

// folder makes a file system of files, by their paths.
func folder(t *testing.T, files map[string]string) *FS {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return New(root)
}

func TestFolder(t *testing.T) {
	f := folder(t, map[string]string{
		"42/stat": "42 (a) b)" + tail, "42/status": "Name:\ta\nUid:\t1000\t0\t0\t0\n", "42/cmdline": "a\x00b\x00",
		"42/io": "rchar: 5\n", "42/schedstat": "7 8 9\n", "42/task/42/schedstat": "3 4 5\n", "42/task/42/comm": "a) b\n",
		"42/task/43/schedstat": "5 6 7\n", "42/task/43/comm": "worker\n",
		"stat": "cpu  1 2 3 4\n", "loadavg": "0.1 0.1 0.1 1/2 43\n",
	})
	if err := os.Symlink("/opt/a (deleted)", filepath.Join(f.root, "42/exe")); err != nil {
		t.Fatal(err)
	}
	s, err := f.Stat(42)
	if err != nil || s.Name != "a) b" || s.Started != 123456 {
		t.Errorf("Stat: %+v, %v", s, err)
	}
	if uid, err := f.Owner(42); err != nil || uid != 1000 {
		t.Errorf("Owner: %d, %v", uid, err)
	}
	if line, err := f.CommandLine(42); err != nil || line != (CommandLine{Text: "a\x00b\x00"}) {
		t.Errorf("CommandLine: %+v, %v", line, err)
	}
	if exe, err := f.Exe(42); err != nil || exe != "/opt/a (deleted)" {
		t.Errorf("Exe: %q, %v", exe, err)
	}
	if io, err := f.IO(42); err != nil || io.Transferred != 5 {
		t.Errorf("IO: %+v, %v", io, err)
	}
	if run, wait, err := f.Schedstat(42); err != nil || run != 7 || wait != 8 {
		t.Errorf("Schedstat: %v, %v, %v", run, wait, err)
	}
	names := map[int32]string{}
	if err := f.Threads(42, 10, func(th Thread) {
		if run, wait, ok := th.Times(); ok && wait == run+1 {
			names[th.TID] = th.Name()
		}
	}); err != nil || len(names) != 2 || names[42] != "a) b" || names[43] != "worker" {
		t.Errorf("Threads: %v, %v", names, err)
	}
	n := 0
	if err := f.Threads(42, 1, func(Thread) { n++ }); err != nil || n != 1 {
		t.Errorf("at most one thread: %d, %v", n, err)
	}
	if pids, err := f.PIDs(); err != nil || !slices.Equal(pids, []int32{42}) {
		t.Errorf("PIDs: %v, %v", pids, err)
	}
	m := f.Machine()
	for range 2 { // the second time from an open file
		if busy, err := m.Busy(); err != nil || busy != 6*Tick {
			t.Errorf("Busy: %v, %v", busy, err)
		}
		if load, err := m.Load(); err != nil || load.LastPID != 43 {
			t.Errorf("Load: %+v, %v", load, err)
		}
	}
	if got := f.Failures(); got != (Failures{}) {
		t.Errorf("failures: %+v", got)
	}
}

// A process that was opened is never taken for the next one with its pid.
func TestOpenProcessEndsWithItsLife(t *testing.T) {
	c := exec.CommandContext(t.Context(), "/bin/cat")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	f, pid := New("/proc"), int32(c.Process.Pid)
	p, err := f.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	opened, err1 := p.Stat()
	named, err2 := f.Stat(pid)
	if err1 != nil || err2 != nil || opened.Started != named.Started || opened.Parent != int32(os.Getpid()) {
		t.Errorf("%+v, %v; %+v, %v", opened, err1, named, err2)
	}
	if uid, err := p.Owner(); err != nil || int(uid) != os.Getuid() {
		t.Errorf("Owner: %d, %v", uid, err)
	}
	_ = in.Close()
	_ = c.Wait()
	_, err1 = p.Stat()
	_, err2 = p.Owner()
	_, err3 := p.Exe()
	_, err4 := p.CommandLine()
	for i, err := range []error{err1, err2, err3, err4} {
		if !errors.Is(err, ErrVanished) {
			t.Errorf("read %d after its end: %v", i, err)
		}
	}
}

// Every failure is counted as what it is: who ended is no fault, who cannot be read is.
func TestFailuresAreToldApart(t *testing.T) {
	f := folder(t, map[string]string{"1/stat": "2 (another)" + tail, "2/stat": "2 (x", "3/stat/is": "a folder"})
	for pid, want := range map[int32]error{1: ErrMalformed, 2: ErrMalformed, 3: ErrUnreadable, 4: ErrVanished} {
		if s, err := f.Stat(pid); !errors.Is(err, want) {
			t.Errorf("process %d: %+v, %v; want %v", pid, s, err, want)
		}
	}
	if _, err := f.Owner(9); !errors.Is(err, ErrVanished) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the owner of nobody: %v", err)
	}
	if got := f.Failures(); got != (Failures{Vanished: 2, Unreadable: 1, Malformed: 2}) {
		t.Errorf("%+v", got)
	}
	if _, err := New(filepath.Join(t.TempDir(), "none")).PIDs(); err == nil {
		t.Error("a folder that is not there was listed")
	}
}

// No file makes a read longer than its bound, however long it is.
func TestReadsAreBounded(t *testing.T) {
	f := folder(t, map[string]string{
		"1/cmdline": strings.Repeat("x", 3*MaxCommandLine), "1/stat": "1 (" + strings.Repeat("a", 4*maxStat) + ")" + tail,
		"1/status": strings.Repeat("x\n", maxStatus) + "Uid:\t0\t0\t0\t0\n", "1/io": strings.Repeat("rchar: 1\n", maxSmall),
	})
	const huge = 512 << 20 // holes: it takes no room
	if err := os.Truncate(filepath.Join(f.root, "1/cmdline"), huge); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	line, err := f.CommandLine(1)
	if err != nil || len(line.Text) != MaxCommandLine || !line.Truncated {
		t.Errorf("%d bytes, truncated %v, %v", len(line.Text), line.Truncated, err)
	}
	if s, err := f.Stat(1); !errors.Is(err, ErrMalformed) {
		t.Errorf("Stat: %+v, %v", s, err)
	}
	if uid, err := f.Owner(1); !errors.Is(err, ErrMalformed) {
		t.Errorf("Owner: %d, %v", uid, err)
	}
	if io, err := f.IO(1); err != nil || io.Transferred > maxSmall {
		t.Errorf("IO: %+v, %v", io, err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 256<<10 {
		t.Errorf("%d bytes were allocated", used)
	}
}

// gopsutil reads the same of this process in its own way.
func TestAgreesWithGopsutil(t *testing.T) {
	f, pid := New("/proc"), int32(os.Getpid())
	p, err := process.NewProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Stat(pid)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := p.Name(); err != nil || !strings.HasPrefix(name, s.Name) {
		t.Errorf("name %q, gopsutil %q, %v", s.Name, name, err)
	}
	if parent, err := p.Ppid(); err != nil || parent != s.Parent {
		t.Errorf("parent %d, gopsutil %d, %v", s.Parent, parent, err)
	}
	if exe, err := f.Exe(pid); err != nil || exe == "" {
		t.Error(err)
	} else if want, err := p.Exe(); err != nil || want != exe {
		t.Errorf("exe %q, gopsutil %q, %v", exe, want, err)
	}
	uid, err := f.Owner(pid)
	if uids, err2 := p.Uids(); err != nil || err2 != nil || uint32(uids[0]) != uid {
		t.Errorf("owner %d, gopsutil %v, %v, %v", uid, uids, err, err2)
	}
	line, err := f.CommandLine(pid)
	if want, err2 := p.CmdlineSlice(); err != nil || err2 != nil || strings.Join(want, "\x00")+"\x00" != line.Text {
		t.Errorf("command line %q, gopsutil %q, %v, %v", line.Text, want, err, err2)
	}
	if times, err := p.Times(); err != nil || times.User+times.System-s.CPU().Seconds() > 1 || s.CPU().Seconds()-times.User-times.System > 0.005 {
		t.Errorf("CPU %v, gopsutil %+v, %v", s.CPU(), times, err)
	}
	if m, err := p.MemoryInfo(); err != nil || float64(s.Resident)*float64(os.Getpagesize())/float64(m.RSS) < 0.5 {
		t.Errorf("memory %d pages, gopsutil %+v, %v", s.Resident, m, err)
	}
	pids, err := f.PIDs()
	if want, err2 := process.Pids(); err != nil || err2 != nil || !slices.Contains(pids, pid) || len(pids) < len(want)/2 {
		t.Errorf("%d processes, gopsutil %d, %v, %v", len(pids), len(want), err, err2)
	}
	busy, err := f.Machine().Busy()
	all, err2 := cpu.Times(false)
	if err != nil || err2 != nil || len(all) == 0 {
		t.Fatal(err, err2)
	}
	if want := all[0].User + all[0].Nice + all[0].System; want-busy.Seconds() > 1 || busy.Seconds()-want > 0.005 {
		t.Errorf("busy %v, gopsutil %.2f s", busy, want)
	}
}

// The kernel's own numbers are read without allocating, every tick.
func TestMachineAllocatesNothing(t *testing.T) {
	m := New("/proc").Machine()
	if n := testing.AllocsPerRun(50, func() {
		_, err1 := m.Busy()
		_, err2 := m.Load()
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkStat(b *testing.B) {
	f, pid := New("/proc"), int32(os.Getpid())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Stat(pid); err != nil {
			b.Fatal(err)
		}
	}
}
