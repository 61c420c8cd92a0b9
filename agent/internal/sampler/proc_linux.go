package sampler

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v3/process"
	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/heuristics"
)

// newSweep returns the cheapest way to read this machine that gives the same answers as gopsutil, and why a cheaper one
// is not used.
func newSweep(ctx context.Context) (s sweeper, why string) {
	fast, err := newClockSweep(ctx)
	if err != nil {
		return newGopsutilSweep(), err.Error()
	}
	return fast, ""
}

// tick is the unit of the times in /proc/PID/stat: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

var errStat = errors.New("not the form of /proc/PID/stat")

// readRaw reads what tells two lives of a pid apart.
func readRaw(pid int32) (rawTimes, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(int(pid)) + "/stat")
	if err != nil {
		return rawTimes{}, err
	}
	return parseStat(b)
}

// parseStat reads fields 14 to 17 and 22 of /proc/PID/stat (proc(5)). The name in field 2 may hold anything, also ")"
// and newlines, so fields are counted from the last ")".
func parseStat(b []byte) (rawTimes, error) {
	end := bytes.LastIndexByte(b, ')')
	if end < 0 || end+2 > len(b) {
		return rawTimes{}, errStat
	}
	fields := bytes.Fields(b[end+1:]) // the first is field 3
	const first = 3
	if len(fields) <= 22-first {
		return rawTimes{}, errStat
	}
	const most = math.MaxInt64 / int64(tick) / 4 // keeps the sum within a Duration
	number := func(field int) (int64, bool) {
		n, err := strconv.ParseInt(string(fields[field-first]), 10, 64)
		return n, err == nil && n >= 0
	}
	var times [4]time.Duration
	for i, field := range []int{14, 15, 16, 17} {
		n, ok := number(field)
		if !ok || n > most {
			return rawTimes{}, errStat
		}
		times[i] = time.Duration(n) * tick
	}
	start, ok := number(22)
	if !ok {
		return rawTimes{}, errStat
	}
	return rawTimes{start: start, user: times[0], system: times[1], children: times[2] + times[3]}, nil
}

// machineBusy returns the CPU time of processes on all cores: neither idle, waiting for I/O, taken by the hypervisor nor
// spent on interrupts, which no process accounts for.
func machineBusy(context.Context) (time.Duration, error) {
	fd, err := unix.Open("/proc/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = unix.Close(fd) }()
	var b [256]byte // the first line is the sum of all cores
	n, err := unix.Read(fd, b[:])
	if err != nil {
		return 0, err
	}
	return parseBusy(b[:n])
}

// parseBusy adds user, nice and system time of the first line of /proc/stat (proc(5)).
func parseBusy(b []byte) (time.Duration, error) {
	fields := bytes.Fields(b)
	if len(fields) < 4 || string(fields[0]) != "cpu" {
		return 0, errors.New("not the form of /proc/stat")
	}
	var sum time.Duration
	for _, f := range fields[1:4] {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(tick)/4 {
			return 0, errors.New("not the form of /proc/stat")
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// threadNames keeps the names of one process's threads: a thread is named shortly after it starts.
type threadNames struct {
	byTID map[int32]*threadName
	round int
	buf   []byte
}

type threadName struct {
	name  string
	seen  int
	round int
}

const (
	// maxThreads bounds the threads read of one process.
	maxThreads = 1024
	// nameReads is how often a name is read before it counts as settled.
	nameReads = 3
)

// threads returns the threads of a process: name, CPU time and time spent waiting for a core.
func (t *threadNames) threads(pid int32) []heuristics.ThreadSample {
	dir := "/proc/" + strconv.Itoa(int(pid)) + "/task"
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, err := d.Readdirnames(maxThreads)
	if err != nil {
		return nil
	}
	if t.byTID == nil {
		t.byTID = make(map[int32]*threadName, len(names))
		t.buf = make([]byte, 256)
	}
	t.round++
	out := make([]heuristics.ThreadSample, 0, len(names))
	for _, name := range names {
		tid, err := strconv.ParseInt(name, 10, 32)
		if err != nil {
			continue
		}
		base := dir + "/" + name
		run, wait, ok := parseSchedstat(t.read(base + "/schedstat"))
		if !ok {
			continue
		}
		n := t.byTID[int32(tid)]
		if n == nil {
			n = &threadName{}
			t.byTID[int32(tid)] = n
		}
		if n.round = t.round; n.seen < nameReads {
			n.seen++
			n.name = string(bytes.TrimSuffix(t.read(base+"/comm"), []byte("\n")))
		}
		out = append(out, heuristics.ThreadSample{TID: int32(tid), Name: n.name, Run: micro(run), Wait: micro(wait)})
	}
	for tid, n := range t.byTID {
		if n.round != t.round {
			delete(t.byTID, tid)
		}
	}
	return out
}

// read returns the beginning of a small file of /proc, valid until the next call; nothing on an error.
func (t *threadNames) read(path string) []byte {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = unix.Close(fd) }()
	n, err := unix.Read(fd, t.buf)
	if err != nil || n < 0 {
		return nil
	}
	return t.buf[:n]
}

// parseSchedstat reads "run wait slices" in nanoseconds.
func parseSchedstat(b []byte) (run, wait time.Duration, ok bool) {
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0, 0, false
	}
	r, err1 := strconv.ParseInt(string(fields[0]), 10, 64)
	w, err2 := strconv.ParseInt(string(fields[1]), 10, 64)
	if err1 != nil || err2 != nil || r < 0 || w < 0 {
		return 0, 0, false
	}
	return time.Duration(r), time.Duration(w), true
}

// readNice returns the priority as `nice` shows it. gopsutil gives the kernel's 20 - nice on some systems and nice on
// others, so the system is asked itself.
func readNice(_ context.Context, h *process.Process) (int, error) {
	raw, err := unix.Getpriority(unix.PRIO_PROCESS, int(h.Pid))
	if err != nil {
		return 0, err
	}
	return 20 - raw, nil // the system call returns 1..40, so that no result looks like an error
}

// seesAll reports whether every process of the machine is visible: not in a container, and without hidepid.
func seesAll() bool {
	// The first pid namespace has a fixed number, PROC_PID_INIT_INO in the kernel's sources.
	const first = "pid:[4026531836]"
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil || space != first {
		return false
	}
	_, err = os.Stat("/proc/1/stat")
	return err == nil
}

// sleptSoFar returns how long the machine has been suspended since it started.
func sleptSoFar() time.Duration {
	var boot, mono unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - mono.Nano())
}

// readIO returns what a process read from and wrote to storage, and what went through its read and write calls, in
// bytes; zeros where the agent may not look.
func readIO(_ context.Context, h *process.Process) (read, written, transferred uint64) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(int(h.Pid)) + "/io")
	if err != nil {
		return 0, 0, 0
	}
	return parseIO(b)
}

// parseIO reads /proc/PID/io (proc(5)); gopsutil leaves rchar and wchar out.
func parseIO(b []byte) (read, written, transferred uint64) {
	for line := range bytes.Lines(b) {
		key, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		n, err := strconv.ParseUint(string(value), 10, 64)
		if !ok || err != nil || n > math.MaxInt64/4 {
			continue
		}
		switch string(key) {
		case "rchar", "wchar":
			transferred += n
		case "read_bytes":
			read = n
		case "write_bytes":
			written = n
		}
	}
	return read, written, transferred
}
