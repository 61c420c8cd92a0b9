package sampler

import (
	"context"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/agent/internal/procfs"
	"github.com/minewatch/minewatch/heuristics"
)

// procRoot is where the kernel shows processes.
const procRoot = "/proc"

// newSweep returns the cheapest way to read this machine that gives the same answers as gopsutil, and why a cheaper one
// is not used.
func newSweep(ctx context.Context) (s sweeper, why string) {
	fast, err := newClockSweep(ctx)
	if err != nil {
		return newGopsutilSweep(), err.Error()
	}
	return fast, ""
}

// readRaw reads what tells two lives of a pid apart.
func readRaw(pid int32) (rawTimes, error) {
	s, err := procfs.New(procRoot).Stat(pid)
	return rawTimes{start: s.Started, children: s.Children}, err
}

// opened is a process that is held open while it is looked at.
type opened = procfs.Process

// boundToLife says that identify cannot mix two lives of a pid.
const boundToLife = true

// host is what the sampler reads besides the sweep.
type host struct {
	proc    *procfs.FS
	machine *procfs.Machine
	page    uint64 // bytes
	// programs are what was seen of programs, ptrace that the files of others may be seen.
	programs map[fileKey]program
	ptrace   bool
}

func newHost() host {
	fs := procfs.New(procRoot)
	return host{
		proc: fs, machine: fs.Machine(), page: uint64(os.Getpagesize()), //nolint:gosec // positive
		programs: map[fileKey]program{}, ptrace: hasPtrace(),
	}
}

// busy returns the CPU time of processes on all cores.
func (h *host) busy(context.Context) (time.Duration, error) { return h.machine.Busy() }

// identify reads who a process is; false if it is gone or another. The command line is read before the name: when a
// process becomes another program in between, the old line with the new name is put right a tick later.
func (h *host) identify(_ context.Context, k *known, c *counters) (identity, bool) {
	if c == nil || !c.held {
		p, err := h.proc.Open(k.id.PID)
		if err != nil {
			return identity{}, false
		}
		defer p.Close()
		stat, err := p.Stat()
		if err != nil || stat.Started != k.id.StartTime {
			return identity{}, false // what would be read belongs to another life of the pid
		}
		return describeLife(p, &stat), true
	}
	return describeLife(c.life, &c.stat), true
}

func describeLife(p opened, stat *procfs.Stat) identity {
	line, _ := p.CommandLine() // empty of a process that ends just now
	text := strings.Join(strings.FieldsFunc(line.Text, func(r rune) bool { return r == 0 }), " ")
	first, _, _ := strings.Cut(line.Text, "\x00")
	w := identity{name: programName(stat.Name, first), nice: stat.Nice, parent: stat.Parent, command: parseCommandLine(text)}
	w.exe, _ = p.Exe() // kernel threads have none, those of other users are closed
	if uid, err := p.Owner(); err == nil {
		w.user = strconv.FormatUint(uint64(uid), 10)
	}
	return w
}

// kernelName is the length, in bytes, from which the kernel's name of a program may have been cut.
const kernelName = 15

// programName returns the kernel's name of a program, or, where that was cut, the first word of the command line if it
// begins with it. Line ends are written as the kernel itself writes them in status.
func programName(name, first string) string {
	if len(name) >= kernelName {
		if whole := path.Base(first); strings.HasPrefix(whole, name) {
			name = whole
		}
	}
	if strings.ContainsAny(name, "\\\n") {
		name = strings.NewReplacer("\\", "\\\\", "\n", "\\n").Replace(name)
	}
	return name
}

// footprint reads memory and I/O of a process; what the agent may not see stays 0.
func (h *host) footprint(_ context.Context, k *known, c *counters, p *heuristics.ProcessSample) {
	stat := &c.stat
	if stat.PID == 0 {
		s, err := h.proc.Stat(k.id.PID)
		if err != nil {
			return
		}
		stat = &s
	}
	p.Resident = uint64(stat.Resident) * h.page //nolint:gosec // not negative
	if io, err := h.proc.IO(k.id.PID); err == nil {
		p.ReadBytes, p.WriteBytes, p.Transferred = io.Read, io.Written, io.Transferred
	}
}

// threadNames keeps the names of one process's threads: a thread is named shortly after it starts.
type threadNames struct {
	byTID map[int32]*threadName
	round int
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
func (h *host) threads(k *known) []heuristics.ThreadSample {
	t := &k.names
	if t.byTID == nil {
		t.byTID = map[int32]*threadName{}
	}
	t.round++
	out := make([]heuristics.ThreadSample, 0, len(t.byTID))
	if err := h.proc.Threads(k.id.PID, maxThreads, func(thread procfs.Thread) {
		run, wait, ok := thread.Times()
		if !ok {
			return
		}
		n := t.byTID[thread.TID]
		if n == nil {
			n = &threadName{}
			t.byTID[thread.TID] = n
		}
		if n.round = t.round; n.seen < nameReads {
			n.seen++
			n.name = thread.Name()
		}
		out = append(out, heuristics.ThreadSample{TID: thread.TID, Name: n.name, Run: micro(run), Wait: micro(wait)})
	}); err != nil {
		return nil
	}
	for tid, n := range t.byTID {
		if n.round != t.round {
			delete(t.byTID, tid)
		}
	}
	return out
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

// threadTime returns the CPU time of the calling thread so far, which the caller has locked itself to.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
