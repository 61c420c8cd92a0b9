package sampler

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/agent/internal/procfs"
	"github.com/minewatch/minewatch/heuristics"
)

// hugeLine is set, in MiB, when the test program is started again as a process whose command line is that long.
const hugeLine = "MINEWATCH_TEST_HUGE_LINE"

// memoryMap is struct prctl_mm_map of linux/prctl.h.
type memoryMap struct {
	startCode, endCode, startData, endData, startBrk, brk, startStack uint64
	argStart, argEnd, envStart, envEnd                                uint64
	auxv                                                              uint64
	auxvSize, exe                                                     uint32
}

// pretendHugeLine makes memory that was never touched the command line of this process, which any process may do with
// itself, says so, and computes for a while.
func pretendHugeLine(mib int) {
	room, err := unix.Mmap(-1, 0, mib<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		panic(err)
	}
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	words := strings.Fields(rest)
	field := func(n int) uint64 {
		v, err := strconv.ParseUint(words[n-3], 10, 64)
		if err != nil {
			panic(err)
		}
		return v
	}
	start := uint64(uintptr(unsafe.Pointer(&room[0])))
	m := memoryMap{
		startCode: field(26), endCode: field(27), startStack: field(28), startData: field(45), endData: field(46), startBrk: field(47),
		brk: field(47), argStart: start, argEnd: start + uint64(mib)<<20, envStart: field(50), envEnd: field(51), exe: ^uint32(0),
	}
	if err := unix.Prctl(unix.PR_SET_MM, unix.PR_SET_MM_MAP, uintptr(unsafe.Pointer(&m)), unsafe.Sizeof(m), 0); err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n")
		return
	}
	_, _ = os.Stdout.WriteString("ready\n")
	compute(20 * time.Second)
	runtime.KeepAlive(room)
}

// A process whose command line is half a gigabyte costs the sampler no more than another.
func TestHugeCommandLineCostsNothing(t *testing.T) {
	const mib, most = 512, 4 << 20
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), hugeLine+"="+strconv.Itoa(mib))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	said := make([]byte, 100)
	if n, err := out.Read(said); err != nil || string(said[:n]) != "ready\n" {
		t.Skipf("this kernel lets no process choose its command line: %q, %v", said[:n], err)
	}
	line, err := procfs.New(procRoot).CommandLine(int32(c.Process.Pid))
	if err != nil || !line.Truncated {
		t.Fatalf("the command line is no trap: %d bytes, %v", len(line.Text), err)
	}
	s := New(Options{Interval: 200 * time.Millisecond})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	seen := 0
	follow(t, s, 6, func(_ int, snapshot heuristics.Snapshot) {
		for _, p := range snapshot.Processes {
			if p.ID.PID == int32(c.Process.Pid) {
				seen++
			}
		}
	})
	runtime.ReadMemStats(&after)
	if seen < 2 {
		t.Errorf("it was seen %d times", seen)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > most {
		t.Errorf("the sampler took %d bytes of memory", used)
	}
}
