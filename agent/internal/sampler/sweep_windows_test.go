package sampler

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/shirou/gopsutil/v3/process"
	"golang.org/x/sys/windows"

	"github.com/minewatch/minewatch/heuristics"
)

func TestNTLayout(t *testing.T) {
	var p windows.SYSTEM_PROCESS_INFORMATION
	for name, offsets := range map[string][2]uintptr{
		"next entry":   {unsafe.Offsetof(p.NextEntryOffset), ntNextEntry},
		"thread count": {unsafe.Offsetof(p.NumberOfThreads), ntThreadCount},
		"created":      {unsafe.Offsetof(p.CreateTime), ntCreated},
		"user":         {unsafe.Offsetof(p.UserTime), ntUser},
		"kernel":       {unsafe.Offsetof(p.KernelTime), ntKernel},
		"name length":  {unsafe.Offsetof(p.ImageName), ntNameLength},
		"name address": {unsafe.Offsetof(p.ImageName) + unsafe.Offsetof(p.ImageName.Buffer), ntNameAddress},
		"pid":          {unsafe.Offsetof(p.UniqueProcessID), ntPID},
		"parent":       {unsafe.Offsetof(p.InheritedFromUniqueProcessID), ntParent},
		"working set":  {unsafe.Offsetof(p.WorkingSetSize), ntWorkingSet},
		"size":         {unsafe.Sizeof(p), ntProcessSize},
	} {
		if offsets[0] != offsets[1] {
			t.Errorf("%s: %d, not %d", name, offsets[0], offsets[1])
		}
	}
}

func openNT(t *testing.T) *windowsSweep {
	t.Helper()
	s, why := newSweep(t.Context())
	w, ok := s.(*windowsSweep)
	if !ok {
		t.Fatalf("%s is used: %s", s.name(), why)
	}
	return w
}

// underWine reports whether this is not Windows but Wine, whose GetProcessTimes gives the CPU time of the calling process
// for every other one as well (its source says so, and 20 ms were seen for a process with 140 ms).
func underWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

// TestNTAgainstGopsutil compares one sweep with what gopsutil says of every process before and after it.
func TestNTAgainstGopsutil(t *testing.T) {
	s := openNT(t)
	pids, err := process.PidsWithContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := map[int32]time.Duration{}
	for _, pid := range pids {
		if cpu, ok := cpuOf(t.Context(), pid); ok {
			before[pid] = cpu
		}
	}
	if len(before) < 3 {
		t.Fatalf("gopsutil reads %d processes", len(before))
	}
	seen := map[int32]counters{}
	if _, _, err := s.sweep(t.Context(), func(c counters) { seen[c.id.PID] = c }); err != nil {
		t.Fatal(err)
	}
	for pid, low := range before {
		c, listed := seen[pid]
		high, alive := cpuOf(t.Context(), pid)
		if !alive {
			continue
		}
		if !listed {
			t.Errorf("process %d is not listed", pid)
			continue
		}
		comparable := pid == int32(os.Getpid()) || !underWine()
		if cpu := c.user + c.system; comparable && (cpu < low-sweepSlack || cpu > high+sweepSlack) {
			t.Errorf("process %d has used %v, gopsutil says %v to %v", pid, cpu, low, high)
		}
		if !s.same(c.id) || s.same(heuristics.ProcessID{PID: pid, StartTime: c.id.StartTime + 1}) {
			t.Errorf("process %d: %v is not told from another life", pid, c.id)
		}
		name, err := c.handle.NameWithContext(t.Context())
		// The kernel's own processes go by names of its choice.
		if b, ok := s.basics(c.id); err == nil && strings.HasSuffix(name, ".exe") && (!ok || b.name != name) {
			t.Errorf("process %d is called %q (%v), gopsutil says %q", pid, b.name, ok, name)
		}
	}
	t.Logf("%d processes listed, %d compared", len(seen), len(before))
}

func TestNTFollowsLoad(t *testing.T) {
	s := openNT(t)
	tellSweep(t, s.ntSweep)
	load := startLoad(t, time.Minute)
	var id heuristics.ProcessID
	var used, run time.Duration
	for end := time.Now().Add(60 * time.Second); used < time.Second && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
		if _, _, err := s.sweep(t.Context(), func(c counters) {
			if c.id.PID != int32(load.Process.Pid) {
				return
			}
			id, used, run = c.id, c.user+c.system, 0
			for _, thread := range s.threads(c.id) {
				run = max(run, thread.Run)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	if used < time.Second || run < used*8/10 || run > used+sweepSlack {
		t.Errorf("the load has used %v, its busiest thread %v", used, run)
	}
	if b, ok := s.basics(id); !ok || b.name != filepath.Base(os.Args[0]) {
		t.Errorf("%+v, %v", b, ok)
	}
	if !s.same(id) {
		t.Error("it counts as ended while it lives")
	}
	_ = load.Process.Kill()
	_ = load.Wait()
	if s.same(id) {
		t.Error("it counts as alive after its end")
	}
	gone := tellSweep(t, s.ntSweep).Gone
	found := false
	for _, g := range gone {
		found = found || g == id
	}
	if !found {
		t.Errorf("its end was not told: %v", gone)
	}
}

func TestNTQueryGrowsAndThenKeepsItsBuffer(t *testing.T) {
	q := ntQuery{buffer: make([]uint64, 8)}
	if _, err := q.read(); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() {
		if _, err := q.read(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestRecordNT writes testdata for TestNTRecorded to the file that this variable names.
func TestRecordNT(t *testing.T) {
	path := os.Getenv("MINEWATCH_RECORD_NT")
	if path == "" {
		t.Skip("no file to record to")
	}
	compute(time.Second)
	var q ntQuery
	l, err := q.read()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(binary.LittleEndian.AppendUint64(nil, l.base), l.buffer...), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := collectNT(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.PID == int32(os.Getpid()) {
			t.Logf("%+v", p)
		}
	}
}
