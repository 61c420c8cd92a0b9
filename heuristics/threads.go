package heuristics

import (
	"math"
	"slices"
	"strings"
	"time"
)

// threadMemory is the time constant over which a thread's past use fades.
const threadMemory = 10 * time.Second

const (
	// busyThread is the demand, in cores, from which a thread is counted: workers of a miner that gives each a little
	// are counted as well, and their sum decides.
	busyThread = 0.04
	// quietWorkers is the sum of all workers' demand below which they rest.
	quietWorkers = 0.03
	// firefoxDrawing is what drawing costs in Firefox beside what sending it to the main process costs a page: 0.3 % was
	// seen of the quietest honest page, where Chromium draws for 2 %.
	firefoxDrawing = 5
	// windowlessDrawing is what drawing costs in a window beside what it costs a browser without one, which shows nobody
	// what it draws: the same page drew for 1.6 and 2.0 % in a window, for 0.5 % without (measured; a hash loop for 0.0 %).
	windowlessDrawing = 3
	// ownWork is the share of a page's work from which it does it itself.
	ownWork = 0.5
	// smallThread is the share of the process above which a thread's name counts as work of its own.
	smallThread = 0.02
)

// maxThreads bounds how many threads of one process are followed.
const maxThreads = 1024

// threads follows the threads of one process with fading sums, at a cost of O(threads) per tick.
type threads struct {
	byTID map[int32]*thread
	// inOrder holds the same as they came: sums over a map would differ in their last bit from run to run, and the
	// detector must give the same verdict for the same snapshots.
	inOrder []*thread
	// need is what all threads used or waited for between the last two samples.
	need time.Duration
	// workers is what worker threads, in a program all threads, used or waited for.
	workers activity
	// main is what a process's first thread used or waited for.
	main window
	// drawing is what the threads that draw used.
	drawing window
	since   time.Duration // the last sample
	tick    int
}

type thread struct {
	tid       int32
	name      string
	job       job
	run, wait time.Duration // as last seen
	use, want float64       // fading seconds of CPU used, and used or waited for
	wall      float64       // fading seconds observed
	tick      int
	// ran and waited lie between the last two samples, where these could be compared.
	ran, waited time.Duration
	compared    bool
}

// rate returns the use in cores.
func (t *thread) rate() float64 {
	if t.wall <= 0 {
		return 0
	}
	return t.use / t.wall
}

// job is what a thread does in a browser.
type job uint8

const (
	otherJob job = iota
	workerJob
	drawingJob
)

// jobOf returns a thread's job from the name that the browser gave it, cut to 15 bytes by Linux: "DedicatedWorker
// thread", "SharedWorker thread" and "ServiceWorker thread" in Chromium, "DOM Worker" for all of them in Firefox.
// Chromium draws a page in threads that begin with "Compositor"; Firefox sends what is to be drawn to its main process.
func jobOf(name string) job {
	for _, prefix := range []string{"DedicatedWorker", "SharedWorker", "ServiceWorker", "DOM Worker"} {
		if strings.HasPrefix(name, prefix) {
			return workerJob
		}
	}
	if strings.HasPrefix(name, "Compositor") || strings.HasPrefix(name, "IPC I/O") {
		return drawingJob
	}
	return otherJob
}

func (t *threads) forget() {
	t.byTID, t.inOrder, t.need, t.since = nil, nil, 0, 0
	t.workers.begin(settle)
	t.main.reset()
	t.drawing.reset()
}

// wait lets time pass until the next sample.
func (t *threads) wait(dt time.Duration) { t.since += dt }

// longestGap is how far apart two samples of threads may be to be compared, unless ticks are longer: a process that
// rested was not looked at, and what it did when it began again is mixed with the rest.
const longestGap = 4 * time.Second

// observe takes the threads of a process as sampled at one tick of length dt and returns how much time lies between this sample and the
// one before, 0 where they cannot be compared. idle says that the process rests: then only the counters are taken.
func (t *threads) observe(pid int32, now []ThreadSample, dt time.Duration, idle bool) time.Duration {
	elapsed := t.since
	t.since = 0
	compared := t.take(now) && !idle && elapsed <= max(longestGap, dt*3/2)
	t.need = 0
	if !compared {
		return 0
	}
	var work, drawn time.Duration
	draws := false
	for _, th := range t.inOrder {
		t.need += th.ran + th.waited
		if th.tid == pid && th.compared {
			t.main.add(th.ran+th.waited, elapsed)
		}
		switch th.job {
		case workerJob:
			work += th.ran + th.waited
		case drawingJob:
			drawn, draws = drawn+th.ran, true
		case otherJob:
		}
	}
	t.workers.add(work, elapsed, quietWorkers)
	if draws {
		t.drawing.add(drawn, elapsed)
	}
	fade := math.Exp(-elapsed.Seconds() / threadMemory.Seconds())
	for _, th := range t.inOrder {
		if !th.compared || th.job == workerJob && t.workers.quiet > 0 {
			continue // workers that rest are judged by what they do when they work
		}
		th.use = th.use*fade + th.ran.Seconds()
		th.want = th.want*fade + (th.ran + th.waited).Seconds()
		th.wall = th.wall*fade + elapsed.Seconds()
	}
	return elapsed
}

// take reads the counters and reports whether any thread was there before.
func (t *threads) take(now []ThreadSample) (compared bool) {
	if t.byTID == nil {
		t.byTID = make(map[int32]*thread, len(now))
	}
	t.tick++
	kept := 0
	for i := range now {
		s := &now[i]
		th := t.byTID[s.TID]
		if th == nil && len(t.byTID) >= maxThreads {
			continue
		}
		if th == nil || s.Run < th.run || s.Wait < th.wait { // new, or another life of the number
			if th == nil {
				th = &thread{}
				t.byTID[s.TID] = th
				t.inOrder = append(t.inOrder, th)
			}
			*th = thread{tid: s.TID, run: s.Run, wait: s.Wait}
		} else {
			th.ran, th.waited, th.compared, compared = s.Run-th.run, s.Wait-th.wait, true, true
			th.run, th.wait = s.Run, s.Wait
		}
		if th.name != s.Name {
			th.name, th.job = s.Name, jobOf(s.Name)
		}
		if th.tick != t.tick {
			kept++
		}
		th.tick = t.tick
	}
	if kept < len(t.inOrder) {
		t.inOrder = slices.DeleteFunc(t.inOrder, func(th *thread) bool {
			if th.tick != t.tick {
				delete(t.byTID, th.tid)
			}
			return th.tick != t.tick
		})
	}
	return compared
}

// known reports whether at least two samples of threads were compared.
func (t *threads) known() bool {
	return slices.ContainsFunc(t.inOrder, func(th *thread) bool { return th.wall > 0 })
}

// named reports whether any thread has a name.
func (t *threads) named() bool {
	return slices.ContainsFunc(t.inOrder, func(th *thread) bool { return th.name != "" })
}

// fill sets the thread features. In a browser only worker threads count as workers; in another program every
// thread does, for a program of two equal threads may run one of them on its first.
func (t *threads) fill(f *Features, about *Subject) {
	inBrowser := about.Info.Browser != nil
	if !t.known() || inBrowser && !t.named() {
		return // a system that does not tell names cannot tell workers from the rest
	}
	main := about.Process.PID
	var all, workers, mainUse, drawing, sum, squares, most float64
	for _, th := range t.inOrder {
		use := th.rate()
		all += use
		isMain := th.tid == main
		switch {
		case isMain:
			mainUse = use
		case th.job == drawingJob:
			drawing += use
			if about.Info.Browser != nil && about.Info.Browser.Family == Firefox {
				drawing += (firefoxDrawing - 1) * use
			}
			if inBrowser && about.Info.Browser.Windowless {
				drawing += (windowlessDrawing - 1) * use
			}
		}
		if th.wall <= 0 || inBrowser && (isMain || th.job != workerJob) {
			continue
		}
		workers += use
		most = max(most, th.want/th.wall)
	}
	if all <= 0 {
		return
	}
	f.Workers, f.ThreadKinds = 0, float64(t.kinds(all))
	for _, th := range t.inOrder {
		if th.wall <= 0 || inBrowser && (th.tid == main || th.job != workerJob) {
			continue
		}
		if d := th.want / th.wall; d >= busyThread && d >= most/10 {
			f.Workers++
			sum += d
			squares += d * d
		}
	}
	f.WorkerShare, f.MainShare = workers/all, mainUse/all
	if inBrowser {
		f.MainDemand = t.main.mean()
		// A page that does its work itself is as steady as its own thread: others wait for one another on a crowded computer.
		if s := t.main.spread(); f.MainShare >= ownWork && s < f.Spread {
			f.Spread = s
		}
		f.DrawShare, f.DrawCores = drawing/max(mainUse, 0.01), drawing
		f.DrawQuiet = t.drawing.quiet()
		t.fillWorkers(f)
	}
	if n := float64(f.Workers); n >= 1 {
		mean := sum / n
		f.WorkerDemand, f.WorkerMost = mean, most
		if n >= 2 {
			f.WorkerUneven = math.Sqrt(max(0, squares/n-mean*mean)) / mean
		}
	}
}

// fillWorkers sets what the workers of a page come to together.
func (t *threads) fillWorkers(f *Features) {
	f.WorkerCores, f.WorkerSpread = t.workers.mean(), t.workers.spread()
	// A page that was busy with other things for long may only now have started its workers.
	if f.Workers > 0 && f.WorkerShare >= 0.3 && f.Busy > t.workers.lasted+10*time.Second {
		f.Busy = t.workers.lasted + settle
	}
	if f.WorkerShare >= 0.3 {
		f.Pauses = max(f.Pauses, t.workers.pauses)
	}
}

// kinds returns how many kinds of thread do a part of the work that counts, told apart by their names less numbers.
func (t *threads) kinds(all float64) int {
	var seen []string
	for _, th := range t.inOrder {
		if th.rate() < smallThread*all {
			continue
		}
		if name := ThreadKind(th.name); !slices.Contains(seen, name) {
			seen = append(seen, name)
		}
	}
	return len(seen)
}
