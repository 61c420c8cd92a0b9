//go:build linux

package sampler

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// sleepers starts n processes that sleep until the test ends.
func sleepers(tb testing.TB, n int) {
	tb.Helper()
	const script = `i=0; while [ $i -lt %d ]; do sleep 300 & i=$((i+1)); done; wait`
	c := exec.CommandContext(tb.Context(), "sh", "-c", fmt.Sprintf(script, n))
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	pid := strconv.Itoa(c.Process.Pid)
	tb.Cleanup(func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL); _ = c.Wait() })
	for range 600 {
		children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
		if err != nil {
			tb.Fatal(err)
		}
		if len(bytes.Fields(children)) == n {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatalf("%d processes could not be started within 30 s", n)
}

// settledSweep returns a sweep of this machine that knows every process, and a function that does one more tick and
// returns what it told of. The tick before seems an hour ago, so that no process has moved by a hundredth of the time
// between: whatever else this machine does, only births and deaths make such a tick unquiet.
func settledSweep(tb testing.TB) (tick func() (told int)) {
	tb.Helper()
	s, err := newClockSweep(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	told := 0
	visit := func(counters) { told++ }
	ctx := tb.Context()
	tick = func() int {
		told = 0
		s.last = s.last.Add(-time.Hour)
		gone, gaps, err := s.sweep(ctx, visit)
		if err != nil {
			tb.Fatal(err)
		}
		return told + len(gone) + len(gaps)
	}
	for range 3 { // the buffers grow to their size
		tick()
	}
	return tick
}

func TestQuietSweepAllocatesNothing(t *testing.T) {
	sleepers(t, 50)
	tick := settledSweep(t)
	quiet := 0
	for range 200 {
		unquiet := 0
		allocs := testing.AllocsPerRun(1, func() { unquiet += tick() })
		if unquiet > 0 {
			continue // a process was born or died somewhere
		}
		if quiet++; allocs > 0 {
			t.Fatalf("a tick in which nothing moved allocated %v times", allocs)
		}
	}
	if quiet < 50 {
		t.Errorf("only %d of 200 ticks were quiet: nothing was shown", quiet)
	}
}

// BenchmarkQuietSweep is the sweep of a tick in which nothing moved. `make bench` reads its allocations.
func BenchmarkQuietSweep(b *testing.B) {
	for _, procs := range []int{300, 2000} {
		b.Run(strconv.Itoa(procs), func(b *testing.B) {
			sleepers(b, procs)
			tick := settledSweep(b)
			b.ReportAllocs()
			for b.Loop() {
				tick()
			}
		})
	}
}

// BenchmarkGopsutilSweep is the portable sweep of the same processes, for comparison.
func BenchmarkGopsutilSweep(b *testing.B) {
	sleepers(b, 300)
	s := newGopsutilSweep()
	tick := func() {
		if _, _, err := s.sweep(b.Context(), func(counters) {}); err != nil {
			b.Fatal(err)
		}
	}
	tick() // the first opens every process
	b.ReportAllocs()
	for b.Loop() {
		tick()
	}
}

// BenchmarkMachineBusy reads the counters of the whole machine, once a tick.
func BenchmarkMachineBusy(b *testing.B) {
	h := newHost()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.busy(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadRaw is what a process that moved costs at least.
func BenchmarkReadRaw(b *testing.B) {
	pid := int32(os.Getpid())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readRaw(pid); err != nil {
			b.Fatal(err)
		}
	}
}
