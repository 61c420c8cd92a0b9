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
	own     jobs          // what its members use, to be held against all that their parent starts
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

// jobs is CPU seconds that fade, with livesMemory as the time constant.
type jobs struct {
	cpu float64
	at  time.Duration
}

// add adds what was used until now.
func (j *jobs) add(cpu, now time.Duration) {
	j.cpu, j.at = j.since(now)+cpu.Seconds(), now
}

// since returns what is left of it.
func (j *jobs) since(now time.Duration) float64 {
	return j.cpu * math.Exp(-(now-j.at).Seconds()/livesMemory.Seconds())
}

// generations is how far up the starters of a short process are told of it: a script starts a compiler, which starts
// its parts.
const generations = 3

// leastJobs is how many CPU seconds must be covered before it is said what else a parent starts.
const leastJobs = 2

// started tells the ancestors of a process what it used, unless it lives long enough to be judged by itself.
func (d *Detector) started(a *processState, used time.Duration) {
	if used <= 0 || a.tracker != nil && a.tracker.load.lasted >= explainedFrom {
		return
	}
	for range generations {
		parent := d.deltas.processes[a.info.Parent]
		if parent == nil || parent == a {
			return
		}
		parent.jobs.add(used, d.deltas.at)
		a = parent
	}
}

// company returns the share of other programs in what the parent of a group's members has run lately, NaN where there is
// no such parent or too little to tell.
func (d *Detector) company(g *group) float64 {
	parent := d.deltas.processes[g.leader.info.Parent]
	if parent == nil {
		return math.NaN()
	}
	all := parent.jobs.since(d.deltas.at)
	if all < leastJobs {
		return math.NaN()
	}
	return max(0, 1-g.own.since(d.deltas.at)/all)
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
