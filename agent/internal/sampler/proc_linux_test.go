package sampler

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/process"
	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/heuristics"
)

func TestParseStat(t *testing.T) {
	tail := " S 1 1 1 0 -1 4194560 1 2 3 4 50 60 700 800 20 0 1 0 123456 1 1"
	for _, name := range []string{"sh", "a) R 1 (b", "x\n) S 9", "((((", ")"} {
		got, err := parseStat([]byte("42 (" + name + ")" + tail))
		if err != nil || got.start != 123456 || got.children != 15*time.Second {
			t.Errorf("name %q: %+v, %v", name, got, err)
		}
	}
	for _, bad := range []string{"", "42", "42 (x)", "42 (x) S 1 2 3", "42 (x)" + strings.ReplaceAll(tail, "123456", "-1"), "42 (x)" + strings.ReplaceAll(tail, "700", "99999999999999999")} {
		if got, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("parseStat(%q) = %+v, want an error", bad, got)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	if b, err := os.ReadFile("/proc/self/stat"); err == nil {
		f.Add(b)
	}
	f.Add([]byte("1 (a) b) S 1 1 1 0 -1 4194560 1 2 3 4 50 60 700 800 20 0 1 0 123456 1 1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := parseStat(b); err == nil && (got.start < 0 || got.children < 0) {
			t.Errorf("%+v", got)
		}
	})
}

func FuzzParseSchedstat(f *testing.F) {
	f.Add([]byte("837873 496285 2\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if run, wait, ok := parseSchedstat(b); ok && (run < 0 || wait < 0) {
			t.Errorf("run %v wait %v", run, wait)
		}
	})
}

func TestNice(t *testing.T) {
	c := exec.CommandContext(t.Context(), "nice", "-n", "7", "sleep", "60")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	p := &process.Process{Pid: int32(c.Process.Pid)}
	for range 100 { // nice sets it after it has started
		if n, err := readNice(t.Context(), p); err == nil && n == 7 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	n, err := readNice(t.Context(), p)
	t.Errorf("nice %d, %v; want 7", n, err)
}

// A pid that belongs to another process now must never continue the life of the one before.
func TestReusedPid(t *testing.T) {
	g := newGopsutilSweep()
	pid := int32(os.Getpid())
	if _, _, err := g.sweep(t.Context(), func(counters) {}); err != nil {
		t.Fatal(err)
	}
	old := g.kept[pid].id
	g.kept[pid].id.StartTime-- // as if an earlier process had had the number
	before := g.kept[pid].id
	g.kept[pid].user = -1 // and other counters
	var seen []counters
	gone, _, err := g.sweep(t.Context(), func(c counters) {
		if c.id.PID == pid {
			seen = append(seen, c)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(gone) == 0 || !slices.Contains(gone, before) {
		t.Errorf("the earlier life was not reported as ended: %v", gone)
	}
	if len(seen) != 1 || seen[0].id != old {
		t.Errorf("seen %+v, want one with id %v", seen, old)
	}
}

// Threads of this very program: names and times as the kernel tells them.
func TestThreads(t *testing.T) {
	var names threadNames
	got := names.threads(int32(os.Getpid()))
	if len(got) < 2 {
		t.Fatalf("%d threads", len(got))
	}
	var main *heuristics.ThreadSample
	for i := range got {
		if got[i].TID == int32(os.Getpid()) {
			main = &got[i]
		}
	}
	comm, err := os.ReadFile("/proc/self/task/" + strconv.Itoa(os.Getpid()) + "/comm")
	if err != nil {
		t.Fatal(err)
	}
	if main == nil || main.Name != strings.TrimSpace(string(comm)) || main.Run <= 0 {
		t.Errorf("main thread %+v, want name %q and some time", main, comm)
	}
	if got := names.threads(1 << 22); got != nil {
		t.Errorf("threads of no process: %v", got)
	}
}

// The fast sweep and gopsutil's must see the same processes with the same times.
func TestClockSweepAgreesWithGopsutil(t *testing.T) {
	fast, err := newClockSweep(t.Context())
	if err != nil {
		t.Skipf("no CPU clocks here: %v", err)
	}
	startLoad(t, 3*time.Second)
	base := newGopsutilSweep()
	sums := func(s sweeper, into map[heuristics.ProcessID]time.Duration) {
		t.Helper()
		gone, _, err := s.sweep(t.Context(), func(c counters) { into[c.id] = c.user + c.system })
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range gone {
			delete(into, id)
		}
	}
	quick, slow := map[heuristics.ProcessID]time.Duration{}, map[heuristics.ProcessID]time.Duration{}
	for range 5 {
		sums(fast, quick)
		sums(base, slow)
		time.Sleep(100 * time.Millisecond)
	}
	agree := 0
	for id, want := range slow {
		got, ok := quick[id]
		if !ok {
			continue // born or gone between the two
		}
		if (got - want).Abs() > 60*time.Millisecond {
			t.Errorf("process %v: %v by its clock, %v by gopsutil", id, got, want)
			continue
		}
		agree++
	}
	if agree < 5 || agree < len(slow)-10 {
		t.Errorf("only %d of %d processes were seen by both", agree, len(slow))
	}
}

func TestClockSweepTellsLivesApart(t *testing.T) {
	s, err := newClockSweep(t.Context())
	if err != nil {
		t.Skipf("no CPU clocks here: %v", err)
	}
	pid := int32(os.Getpid())
	find := func() *clockKept {
		for i := range s.kept {
			if s.kept[i].pid == pid {
				return &s.kept[i]
			}
		}
		t.Fatal("this process is not listed")
		return nil
	}
	if _, _, err := s.sweep(t.Context(), func(counters) {}); err != nil {
		t.Fatal(err)
	}
	for name, forge := range map[string]func(*clockKept){
		"more CPU than the life before": func(k *clockKept) { k.start--; k.reported = 0 },
		"less CPU than the life before": func(k *clockKept) { k.start--; k.seen += time.Hour; k.reported += time.Hour },
	} {
		k := find()
		now := heuristics.ProcessID{PID: pid, StartTime: k.start}
		forge(k)
		before := heuristics.ProcessID{PID: pid, StartTime: k.start}
		var seen []counters
		gone, _, err := s.sweep(t.Context(), func(c counters) {
			if c.id.PID == pid {
				seen = append(seen, c)
			}
		})
		if err != nil || !slices.Contains(gone, before) || len(seen) != 1 || seen[0].id != now {
			t.Errorf("%s: gone %v, seen %+v, %v", name, gone, seen, err)
		}
	}
}

func TestAppendPIDs(t *testing.T) {
	entry := func(name string, length int) []byte {
		b := make([]byte, length)
		b[16], b[17] = byte(length), byte(length>>8)
		copy(b[19:], name)
		return b
	}
	all := append(append(append(entry("self", 24), entry("1", 24)...), entry("4194304", 32)...), entry("12x", 24)...)
	all = append(all, entry("99999999999", 32)...)
	if got := appendPIDs(nil, all); len(got) != 2 || got[0] != 1 || got[1] != 4194304 {
		t.Errorf("pids %v", got)
	}
}

func FuzzAppendPIDs(f *testing.F) {
	f.Add([]byte("0123456789012345\x18\x00\x04123\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, pid := range appendPIDs(nil, b) {
			if pid <= 0 {
				t.Errorf("pid %d", pid)
			}
		}
	})
}

// Another user's list of processes may be closed; the judge must know.
func TestSeesAllHere(t *testing.T) {
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	if want := space == "pid:[4026531836]"; seesAll() != want {
		t.Errorf("seesAll %v in %s", seesAll(), space)
	}
}

func TestParseBusy(t *testing.T) {
	if got, err := parseBusy([]byte("cpu  100 20 3 9999 8 7 6 5 4 3\ncpu0 1 1")); err != nil || got != 1230*time.Millisecond {
		t.Errorf("busy %v, %v", got, err)
	}
	for _, bad := range []string{"", "cpu0 1 2 3", "cpu 1 2", "cpu 1 -2 3", "cpu 1 x 3", "cpu 1 99999999999999999999 3"} {
		if got, err := parseBusy([]byte(bad)); err == nil {
			t.Errorf("parseBusy(%q) = %v, want an error", bad, got)
		}
	}
}

func TestMachineBusyAgreesWithGopsutil(t *testing.T) {
	got, err := machineBusy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := cpu.TimesWithContext(t.Context(), false)
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	if want := seconds(all[0].User + all[0].Nice + all[0].System); (got - want).Abs() > time.Second {
		t.Errorf("busy %v, by gopsutil %v", got, want)
	}
}

func TestLastPID(t *testing.T) {
	if got, ok := lastPID([]byte("0.20 0.18 0.12 1/80 11206\n")); !ok || got != 11206 {
		t.Errorf("last pid %d, %v", got, ok)
	}
	for _, bad := range []string{"", "\n", "0.1 1/2 x\n", "0.1 1/2 99999999999\n", "0.1 1/2 11206", "0.1 1/2 -5\n", "1/2 \n"} {
		if got, ok := lastPID([]byte(bad)); ok {
			t.Errorf("lastPID(%q) = %d", bad, got)
		}
	}
}

// Between two full lists new processes are found by the numbers given out, and threads are not taken for processes.
func TestNewProcessesAreFoundWithoutListing(t *testing.T) {
	s, err := newClockSweep(t.Context())
	if err != nil {
		t.Skipf("no CPU clocks here: %v", err)
	}
	seen := map[int32]bool{}
	sweep := func() {
		if _, _, err := s.sweep(t.Context(), func(c counters) { seen[c.id.PID] = true }); err != nil {
			t.Error(err)
		}
	}
	for range 3 { // the cursor of two ticks ago must be known
		sweep()
	}
	load := startLoad(t, 5*time.Second)
	// The clock of a process answers to the very thread that asks, under that thread's number too. So the asking thread is
	// a new one: its number is among those tried.
	hold := make(chan struct{})
	defer close(hold)
	before, own := s.sinceAll, make(chan int)
	known := int(s.cursors[1])
	for asked := 0; asked <= known; {
		go func() {
			runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
			tid := unix.Gettid()
			if tid > known {
				sweep()
				sweep()
			}
			own <- tid
			<-hold // so that the next goroutine needs another thread
		}()
		asked = <-own
		if seen[int32(asked)] && asked != os.Getpid() {
			t.Errorf("thread %d was taken for a process", asked)
		}
	}
	if s.sinceAll < before {
		t.Skip("so many processes began meanwhile that /proc was listed")
	}
	if !seen[int32(load.Process.Pid)] {
		t.Error("a new process was not found")
	}
}

func TestParseIO(t *testing.T) {
	const text = "rchar: 100\nwchar: 20\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n"
	read, written, transferred := parseIO([]byte(text))
	if read != 4096 || written != 8192 || transferred != 120 {
		t.Errorf("read %d, written %d, transferred %d", read, written, transferred)
	}
	for _, bad := range []string{"", "rchar", "rchar: -1", "rchar: 99999999999999999999999", "rchar: x\nread_bytes: "} {
		if r, w, m := parseIO([]byte(bad)); r+w+m != 0 {
			t.Errorf("parseIO(%q) = %d, %d, %d", bad, r, w, m)
		}
	}
}

// A process that is first seen before it has become its program is known by the program a tick later, also if it never
// uses the processor again.
func TestNewcomerBecomesItsProgram(t *testing.T) {
	s := New(Options{Interval: 50 * time.Millisecond})
	c := exec.CommandContext(t.Context(), "sh", "-c", "read _; exec sleep 60")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	var early, late string
	know := func() (name string) {
		if k := s.byPID[int32(c.Process.Pid)]; k != nil {
			name = k.info.Name + " " + k.command.program
		}
		return name
	}
	follow(t, s, 4, func(i int, _ heuristics.Snapshot) {
		switch i {
		case 0:
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
			awaitName(t, c.Process.Pid, "sh")
		case 1:
			early = know()
			if _, err := in.Write([]byte("\n")); err != nil {
				t.Fatal(err)
			}
			awaitName(t, c.Process.Pid, "sleep")
		case 2:
			late = know()
		}
	})
	if early != "sh sh" || late != "sleep sleep" {
		t.Errorf("it was known as %q and then as %q, want \"sh sh\" and \"sleep sleep\"", early, late)
	}
}

// awaitName waits until a process has a name.
func awaitName(t *testing.T, pid int, want string) {
	t.Helper()
	for range 500 {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
		if err == nil && strings.TrimSpace(string(b)) == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("process %d did not become %s", pid, want)
}
