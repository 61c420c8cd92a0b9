package sampler

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/heuristics"
)

func TestNice(t *testing.T) {
	c := exec.CommandContext(t.Context(), "nice", "-n", "7", "sleep", "60")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	h, pid := newHost(), int32(c.Process.Pid)
	raw, err := readRaw(pid)
	if err != nil {
		t.Fatal(err)
	}
	k := &known{id: heuristics.ProcessID{PID: pid, StartTime: raw.start}}
	var who identity
	for range 100 { // nice sets it after it has started
		if who, _ = h.identify(t.Context(), k, nil); who.nice == 7 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("nice %d, want 7", who.nice)
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
	h := newHost()
	got := h.threads(&known{id: heuristics.ProcessID{PID: int32(os.Getpid())}})
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
	if got := h.threads(&known{id: heuristics.ProcessID{PID: 1 << 22}}); got != nil {
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

// Another user's list of processes may be closed; the detector must know.
func TestSeesAllHere(t *testing.T) {
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	if want := space == "pid:[4026531836]"; seesAll() != want {
		t.Errorf("seesAll %v in %s", seesAll(), space)
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
	if s.find(int32(load.Process.Pid)) == nil { // told of it may be later: it must have used something first
		t.Error("a new process was not found")
	}
}

// A process that is first seen before it has become its program is known by the program a tick later, also if it never
// uses the processor again.
func TestNewcomerBecomesItsProgram(t *testing.T) {
	s := New(Options{Interval: 50 * time.Millisecond})
	const work = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; " // enough to be worth a name
	c := exec.CommandContext(t.Context(), "sh", "-c", work+"read _; exec sleep 60")
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
			awaitWork(t, int32(c.Process.Pid), 5*time.Millisecond)
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

// awaitWork waits until a process has used the processor for so long.
func awaitWork(t *testing.T, pid int32, least time.Duration) {
	t.Helper()
	var s clockSweep
	for range 1000 {
		if used, ok := s.clock(pid); ok && used >= least {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("process %d did not use %v", pid, least)
}

// A newcomer that does nothing is neither opened nor reported, and its end is not reported either.
func TestIdleNewcomersAreNotOpened(t *testing.T) {
	s, err := newClockSweep(t.Context())
	if err != nil {
		t.Skipf("no CPU clocks here: %v", err)
	}
	seen := map[int32]int{}
	sweep := func(pretend time.Duration) []heuristics.ProcessID {
		t.Helper()
		s.last = s.last.Add(-pretend)
		gone, _, err := s.sweep(t.Context(), func(c counters) { seen[c.id.PID]++ })
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(gone)
	}
	sweep(0)
	idle := exec.CommandContext(t.Context(), "sleep", "60")
	if err := idle.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idle.Process.Kill(); _ = idle.Wait() })
	pid := int32(idle.Process.Pid)
	awaitName(t, idle.Process.Pid, "sleep")
	sweep(time.Hour) // a hundredth of an hour is more than anything uses here
	if k := s.find(pid); k == nil || k.told || seen[pid] > 0 {
		t.Fatalf("kept %+v, told of %d times", k, seen[pid])
	}
	s.visit = func(c counters) { seen[c.id.PID]++ }
	s.introduce(pid)
	s.introduce(pid)
	s.visit = nil
	if k := s.find(pid); k == nil || !k.told || seen[pid] != 1 {
		t.Errorf("asked for it: kept %+v, told of %d times", k, seen[pid])
	}
	_ = idle.Process.Kill()
	_ = idle.Wait()
	if gone := sweep(time.Hour); !slices.ContainsFunc(gone, func(id heuristics.ProcessID) bool { return id.PID == pid }) {
		t.Errorf("its end was not told: %v", gone)
	}
	other := exec.CommandContext(t.Context(), "sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	sweep(time.Hour)
	_ = other.Process.Kill()
	_ = other.Wait()
	for _, id := range sweep(time.Hour) {
		if int(id.PID) == other.Process.Pid {
			t.Errorf("the end of a process that nobody was told of was told: %v", id)
		}
	}
}

// A parent that does nothing is reported before its busy child, which has no place without it.
func TestQuietParentComesWithItsChild(t *testing.T) {
	s := New(Options{Interval: 300 * time.Millisecond})
	var parent *exec.Cmd
	var pid int32
	placed := false
	follow(t, s, 12, func(i int, snapshot heuristics.Snapshot) {
		if i == 0 {
			parent = exec.CommandContext(t.Context(), "sh", "-c", os.Args[0]+" & echo $!; wait")
			parent.Env = append(os.Environ(), loadTime+"=6s")
			parent.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			out, err := parent.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = syscall.Kill(-parent.Process.Pid, syscall.SIGKILL); _ = parent.Wait() })
			if _, err := fmt.Fscan(out, &pid); err != nil {
				t.Fatal(err)
			}
			return
		}
		known := -1
		for j, p := range snapshot.Processes {
			if p.ID.PID == int32(parent.Process.Pid) && p.Info != nil && p.Info.Name == "sh" {
				known = j
			}
			if p.ID.PID == pid && p.Info != nil && !placed {
				placed = true
				want := s.byPID[int32(parent.Process.Pid)]
				if want == nil || p.Info.Parent != want.id || (known < 0 && want.listed == s.tick) {
					t.Errorf("the child is told of with parent %v; its parent is %+v, told at place %d of this tick", p.Info.Parent, want, known)
				}
			}
		}
	})
	if !placed {
		t.Error("the child was never told of")
	}
}
