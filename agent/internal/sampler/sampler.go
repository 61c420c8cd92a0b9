// Package sampler reads the machine: a live Source of snapshots.
//
// Reading is in two tiers, because most processes sleep: a sweep over all of them finds those whose counters moved,
// and only the hot ones among these are looked at thread by thread. What costs more (names, paths, command lines) is
// read once per life of a process, and of newcomers only once they have used the processor.
package sampler

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/process"

	"github.com/minewatch/minewatch/heuristics"
)

// Owners says which pages a renderer process runs; extensions.Service does. Neither method may block.
type Owners interface {
	// Ask requests an answer about a hot renderer, by its process, its browser's main process and the browser's own
	// number of it.
	Ask(renderer, root heuristics.ProcessID, number int)
	// Answers returns what has been answered since the last call.
	Answers() []heuristics.Renderer
}

// Options holds the sampler's settings.
type Options struct {
	// Interval is the time between two ticks. Default 1 s.
	Interval time.Duration
	// Owners may be nil: then no site is ever known.
	Owners Owners
	// Rest is the time between two ticks while the machine is quiet; at most Interval means that it never rests.
	Rest time.Duration
	// Attended reports whether somebody looks on; then it does not rest. It may be nil.
	Attended func() bool
}

const (
	// hotFrom is the load, in cores, from which a process is looked at thread by thread, hotUntil that at which it is
	// let go again. A miner at a fifth of one core is well above.
	hotFrom, hotUntil = 0.08, 0.04
	// heatMemory is the time constant of the load that these are compared with.
	heatMemory = 3 * time.Second
	// askAfter is how long a renderer has been hot before its browser is asked whose it is.
	askAfter = 3 * time.Second
	// renewInfo is how often name and path of a hot process are read again: both can change.
	renewInfo = 30 * time.Second
	// slowEvery is the number of ticks between two readings of memory and I/O of a hot process.
	slowEvery = 5
	// countCores is the number of ticks between two looks at the number of cores.
	countCores = 60
	// clockSlack is how far wall clock and steady clock may drift apart in one tick.
	clockSlack = 2 * time.Second
)

// Sampler reads this machine. One Source at a time may use it.
type Sampler struct {
	options   Options
	host      host
	sweep     sweeper
	why       string // a cheaper sweep is not used
	table     map[heuristics.ProcessID]*known
	byPID     map[int32]*known
	young     []*known // first seen at the last tick
	tick      int
	cores     int
	clock     clock
	alive     atomic.Int64
	every     atomic.Int64 // the interval in nanoseconds
	spent     atomic.Int64 // CPU time in nanoseconds
	renderers atomic.Pointer[rendererIndex]
	reindex   bool // the renderers may have changed since they were indexed
	pace      pace
	// introduced counts the ancestors that are being told of for one process.
	introduced int
}

// known is what the sampler remembers of one process.
type known struct {
	id      heuristics.ProcessID
	handle  *process.Process
	info    heuristics.ProcessInfo
	told    bool // info stands in an earlier snapshot
	command commandLine
	// engine is set for a browser that its children have proven to be one: not installed by root, or on no list.
	engine  heuristics.Family
	user    time.Duration // as last told
	system  time.Duration
	listed  int     // the tick at which it was last told of
	heat    float64 // load in cores, fading
	hot     time.Duration
	renewed time.Duration
	names   threadNames
}

// New returns a sampler of this machine.
func New(o Options) *Sampler {
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	process.EnableBootTimeCache(true) // saves a third of a sweep (docs/decisions.md)
	sweep, why := newSweep(context.Background())
	s := &Sampler{
		options: o, host: newHost(), sweep: sweep, why: why,
		table: map[heuristics.ProcessID]*known{}, byPID: map[int32]*known{},
	}
	s.every.Store(int64(o.Interval))
	return s
}

// Interval returns the time between two ticks; SetInterval changes it from the next tick on. Both are safe for use while
// a Source runs.
func (s *Sampler) Interval() time.Duration { return time.Duration(s.every.Load()) }

// SetInterval changes the time between two ticks.
func (s *Sampler) SetInterval(d time.Duration) { s.every.Store(int64(max(d, 10*time.Millisecond))) }

// Name returns the way the machine is read, for people, and if a cheaper one is not used, why.
func (s *Sampler) Name() string {
	if s.why != "" {
		return s.sweep.name() + " (" + s.why + ")"
	}
	return s.sweep.name()
}

// Spent returns the CPU time that measuring has used so far: every tick from its first reading to its snapshot. What is
// made of the snapshot, and what others ask of the program, is not in it. 0 on systems that do not tell. Safe for use
// while a Source runs.
func (s *Sampler) Spent() time.Duration { return time.Duration(s.spent.Load()) }

// Processes returns the number of living processes at the last tick. Safe for use while a Source runs.
func (s *Sampler) Processes() int { return int(s.alive.Load()) }

// Alive reports whether a process still lives, and is not another with its pid. Safe for use while a Source runs.
func (s *Sampler) Alive(id heuristics.ProcessID) bool { return s.sweep.same(id) }

// begin starts the snapshot of this moment: everything but the processes.
func (s *Sampler) begin(ctx context.Context) (heuristics.Snapshot, error) {
	out := heuristics.Snapshot{Cores: s.cores, Time: time.Now()}
	out.At, out.Gaps = s.clock.advance(out.Time, sleptSoFar(), s.Interval())
	out.Time = out.Time.UTC().Truncate(time.Millisecond)
	busy, err := s.host.busy(ctx)
	if err != nil {
		return out, fmt.Errorf("the processor's counters cannot be read: %w", err)
	}
	out.Busy = busy
	return out, nil
}

// read takes a whole tick. since is the length of the time that it covers.
func (s *Sampler) read(ctx context.Context, out heuristics.Snapshot, since time.Duration) (heuristics.Snapshot, error) {
	s.tick++
	s.pace.hot = false
	if s.tick == 1 && !seesAll() {
		out.Gaps = append(out.Gaps, heuristics.Gap{Kind: heuristics.GapHidden})
	}
	s.settle(ctx)
	gone, gaps, err := s.sweep.sweep(ctx, func(c counters) {
		p := s.sample(ctx, &c, since) // may tell of others before it
		out.Processes = append(out.Processes, p)
	})
	if err != nil {
		return out, fmt.Errorf("the processes cannot be listed: %w", err)
	}
	if s.tick == 1 {
		s.link(out.Processes)
	}
	out.Gaps = append(out.Gaps, gaps...)
	out.Exited = slices.Clone(gone) // the sweep uses its slice again, the snapshot may be kept
	out.Processes = s.askParents(out.Processes, gone)
	s.forget(gone)
	s.alive.Store(int64(s.count()))
	if s.options.Owners != nil {
		s.indexRenderers()
		out.Renderers = s.options.Owners.Answers()
	}
	return out, nil
}

// count returns the number of living processes, also of those that nobody was told of.
func (s *Sampler) count() int {
	if c, ok := s.sweep.(interface{ count() int }); ok {
		return c.count()
	}
	return len(s.table)
}

// sample turns the counters of one process into its sample.
func (s *Sampler) sample(ctx context.Context, c *counters, dt time.Duration) heuristics.ProcessSample {
	p := heuristics.ProcessSample{ID: c.id, User: micro(c.user), System: micro(c.system), Children: micro(c.children)}
	k := s.table[c.id]
	if k == nil {
		k = &known{id: c.id, handle: c.handle}
		s.table[c.id], s.byPID[c.id.PID] = k, k
		if !s.describe(ctx, k, c) { // it ended while being looked at; its CPU still counts
			s.introduce(k)
		}
		if s.tick > 1 {
			k.warm(p.CPU(), dt)
			s.young = append(s.young, k)
		}
	} else {
		k.warm(p.CPU()-k.user-k.system, dt)
	}
	k.user, k.system, k.listed = p.User, p.System, s.tick
	if k.hot > 0 {
		s.pace.hot = true
		s.lookClosely(ctx, k, c, &p)
	}
	if !k.told {
		info := k.info
		p.Info, k.told = &info, true
	}
	return p
}

// warm updates how hot a process is with what it used during dt.
func (k *known) warm(used, dt time.Duration) {
	if dt <= 0 {
		return
	}
	fade := math.Exp(-dt.Seconds() / heatMemory.Seconds())
	k.heat = k.heat*fade + max(0, used.Seconds()/dt.Seconds())*(1-fade)
	switch {
	case k.heat >= hotFrom, k.hot > 0 && k.heat >= hotUntil:
		k.hot += dt
	case k.hot > 0:
		k.hot = 0
		k.names = threadNames{}
	}
}

// lookClosely reads what is only read of hot processes.
func (s *Sampler) lookClosely(ctx context.Context, k *known, c *counters, p *heuristics.ProcessSample) {
	at := s.clock.at
	if k.renewed == 0 || at-k.renewed >= renewInfo {
		k.renewed = max(at, 1)
		s.renew(ctx, k)
	}
	p.Threads = s.threads(k)
	if s.tick%slowEvery == 0 || k.hot <= 2*s.Interval() {
		s.host.footprint(ctx, k, c, p)
	}
	if b := k.info.Browser; b != nil && b.Role == "renderer" && k.hot >= askAfter && s.options.Owners != nil && b.Root.PID != 0 {
		s.options.Owners.Ask(k.id, b.Root, b.Renderer)
	}
}

// askParents appends the parents of processes that ended: what these used after they were last seen stands in their
// parent's counters, and a parent that only waits does not move by itself.
func (s *Sampler) askParents(told []heuristics.ProcessSample, gone []heuristics.ProcessID) []heuristics.ProcessSample {
	for _, id := range gone {
		child := s.table[id]
		if child == nil {
			continue
		}
		parent := s.table[child.info.Parent]
		if parent == nil || parent.listed == s.tick {
			continue
		}
		parent.listed = s.tick
		raw, err := readRaw(parent.id.PID)
		if err != nil || raw.start != parent.id.StartTime {
			continue
		}
		told = append(told, heuristics.ProcessSample{
			ID: parent.id, User: parent.user, System: parent.system, Children: micro(raw.children),
		})
	}
	return told
}

func (s *Sampler) forget(gone []heuristics.ProcessID) {
	for _, id := range gone {
		if k := s.table[id]; k != nil {
			delete(s.table, id)
			if s.byPID[id.PID] == k {
				delete(s.byPID, id.PID)
			}
			s.reindex = s.reindex || k.info.Browser != nil
		}
	}
}

// maxText bounds names and paths in bytes: both are chosen by whoever wrote the program.
const maxText = 4096

func clip(s string) string {
	if len(s) > maxText {
		return s[:maxText]
	}
	return s
}

// micro drops what a recording cannot hold, so that a live run and its replay see the same numbers.
func micro(d time.Duration) time.Duration { return d.Truncate(time.Microsecond) }

func seconds(s float64) time.Duration {
	if !(s > 0) || s > math.MaxInt64/float64(4*time.Second) {
		return 0
	}
	return time.Duration(math.Round(s*1e6)) * time.Microsecond
}

func countProcessors() int {
	if n, err := cpu.Counts(true); err == nil && n > 0 {
		return n
	}
	return runtime.NumCPU()
}

// threads returns the threads of a hot process, from the sweep where that knows them.
func (s *Sampler) threads(k *known) []heuristics.ThreadSample {
	if t, ok := s.sweep.(threadTeller); ok {
		return t.threads(k.id)
	}
	return s.host.threads(k)
}
