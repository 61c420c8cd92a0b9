package heuristics

import (
	"math"
	"strconv"
	"time"
)

// group is the processes of one program, user and parent, judged together: a worker that restarts every second
// leaves no single process with a sustained load.
type group struct {
	key     string
	tracker *loadTracker
	used    time.Duration // this tick
	system  time.Duration // of it in the kernel
	known   time.Duration // this tick, by members that are judged by themselves
	lives   lives
	traffic traffic
	busiest use           // this tick
	leader  *processState // the busiest member lately
	members int           // that used the processor this tick
}

// explained is the share of a group's use above which members that live long explain it and the group is not judged.
const explained = 0.6

// lives tells how much the lives of a group's members differ, with fading sums.
type lives struct {
	ends, sum, squares float64 // of the CPU seconds used by those that ended
	wall               float64 // fading seconds observed
}

// livesMemory is the time constant of lives: long enough for some processes that live seconds.
const livesMemory = 15 * time.Second

// leastEnds is how many lives must be known before they are compared.
const leastEnds = 4

func (l *lives) advance(dt time.Duration) {
	fade := math.Exp(-dt.Seconds() / livesMemory.Seconds())
	l.ends, l.sum, l.squares, l.wall = l.ends*fade, l.sum*fade, l.squares*fade, l.wall*fade+dt.Seconds()
}

// traffic is bytes that went through read and write calls, and the CPU seconds used meanwhile.
type traffic struct{ bytes, cpu float64 }

// lifeStart is what a program may read to start, in bytes, before it counts as work: a short one starts all the time.
const lifeStart = 16 << 10

// leastTraffic is how many CPU seconds must be covered.
const leastTraffic = 0.5

// add takes what a member has read and written since it last told.
func (t *traffic) add(a *processState, s *ProcessSample) {
	if s.Transferred == 0 {
		return
	}
	now := traffic{float64(s.Transferred), s.CPU().Seconds()}
	before := a.read
	if before == (traffic{}) {
		before.bytes = min(lifeStart, now.bytes)
	}
	if now.bytes >= before.bytes && now.cpu >= before.cpu {
		t.bytes += now.bytes - before.bytes
		t.cpu += now.cpu - before.cpu
	}
	a.read = now
}

// fade lets time pass.
func (t *traffic) fade(dt time.Duration) {
	by := math.Exp(-dt.Seconds() / livesMemory.Seconds())
	t.bytes, t.cpu = t.bytes*by, t.cpu*by
}

func (t *traffic) fill(f *Features) {
	if t.cpu >= leastTraffic {
		f.Transfer = t.bytes / t.cpu
	}
}

func (l *lives) end(cpu time.Duration) {
	s := cpu.Seconds()
	l.ends++
	l.sum += s
	l.squares += s * s
}

func (l *lives) fill(f *Features) {
	if l.ends < leastEnds || l.sum <= 0 || l.wall <= 0 {
		return
	}
	mean := l.sum / l.ends
	f.Births = l.ends / l.wall
	f.LifeUneven = math.Sqrt(max(0, l.squares/l.ends-mean*mean)) / mean
}

// groupKey names the group of a process: its program, user and parent, or only the first two where the parent is gone.
// fits says that its file and parent are those of the browser that it says it belongs to. The key is empty for one that is only judged by itself: the processes of a browser are different tabs and helpers, and the
// kernel's threads different tasks, so their sums mean nothing.
func groupKey(i *ProcessInfo, parentKnown, fits bool) string {
	const kernel = 2 // kthreadd on Linux
	if i.Browser != nil && fits || i.Parent.PID == kernel {
		return ""
	}
	key := strconv.Quote(program(i)) + " " + strconv.Quote(i.User) + " "
	if parentKnown {
		key += strconv.Itoa(int(i.Parent.PID)) + "." + strconv.FormatInt(i.Parent.StartTime, 10)
	}
	return key
}

// program returns what tells one program from another: its path, or its name where the path may not be read.
func program(i *ProcessInfo) string {
	if i.Exe != "" {
		return i.Exe
	}
	return i.Name
}
