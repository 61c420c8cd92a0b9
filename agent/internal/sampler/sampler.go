// Package sampler reads the machine: a live Source of snapshots.
//
// Reading is in two tiers, because most processes sleep: a sweep over all of them finds those whose counters moved,
// and only the hot ones among these are looked at thread by thread. What costs more (names, paths, command lines) is
// read once per life of a process.
package sampler

import (
	"context"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/process"

	"github.com/minewatch/minewatch/heuristics"
)

// Owners tells who lives in a renderer process; browser.Bridge does. Neither method may block.
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
}

const (
	// hotFrom is the load, in cores, from which a process is looked at thread by thread, hotUntil that at which it is
	// let go again. A miner at a fifth of one core is well above.
	hotFrom, hotUntil = 0.08, 0.04
	// heatMemory is the time constant of the load that these are compared with.
	heatMemory = 3 * time.Second
	// askAfter is how long a renderer has been hot before its browser is asked whose it is.
	askAfter = 3 * time.Second
	// renewInfo is how often name and path of a hot process are read anew: both can change.
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
	options Options
	sweep   sweeper
	why     string // a cheaper sweep is not used
	table   map[heuristics.ProcessID]*known
	byPID   map[int32]*known
	young   []*known // first seen at the last tick
	tick    int
	cores   int
	clock   clock
	alive   atomic.Int64
	every   atomic.Int64 // the interval in nanoseconds
	renders atomic.Pointer[census]
}

// known is what the sampler remembers of one process.
type known struct {
	id      heuristics.ProcessID
	handle  *process.Process
	info    heuristics.ProcessInfo
	told    bool // info stands in an earlier snapshot
	command commandLine
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
		options: o, sweep: sweep, why: why,
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

// Source yields a snapshot at once and then one each interval until ctx ends.
func (s *Sampler) Source(ctx context.Context) iter.Seq2[heuristics.Snapshot, error] {
	return func(yield func(heuristics.Snapshot, error) bool) {
		interval := s.Interval()
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		s.clock = clock{}
		for {
			snapshot, err := s.read(ctx)
			if ctx.Err() != nil {
				return
			}
			if !yield(snapshot, err) || err != nil {
				return
			}
			if now := s.Interval(); now != interval {
				interval = now
				ticker.Reset(interval)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}
}

// Processes returns the number of living processes at the last tick. Safe for use while a Source runs.
func (s *Sampler) Processes() int { return int(s.alive.Load()) }

// Alive reports whether a process still lives, and is not another with its pid. Safe for use while a Source runs.
func (s *Sampler) Alive(id heuristics.ProcessID) bool { return s.sweep.same(id) }

func (s *Sampler) read(ctx context.Context) (heuristics.Snapshot, error) {
	if s.tick%countCores == 0 {
		s.cores = countProcessors()
	}
	s.tick++
	out := heuristics.Snapshot{Cores: s.cores}
	var dt time.Duration
	out.Time = time.Now()
	out.At, dt, out.Gaps = s.clock.advance(out.Time, sleptSoFar(), s.Interval())
	out.Time = out.Time.UTC().Truncate(time.Millisecond)
	if s.tick == 1 && !seesAll() {
		out.Gaps = append(out.Gaps, heuristics.Gap{Kind: heuristics.GapHidden})
	}
	busy, err := machineBusy(ctx)
	if err != nil {
		return out, fmt.Errorf("the processor's counters cannot be read: %w", err)
	}
	out.Busy = busy
	s.settle(ctx)
	gone, gaps, err := s.sweep.sweep(ctx, func(c counters) {
		out.Processes = append(out.Processes, s.sample(ctx, c, dt))
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
	s.alive.Store(int64(len(s.table)))
	if s.options.Owners != nil {
		s.count()
		out.Renderers = s.options.Owners.Answers()
	}
	return out, nil
}

// sample turns the counters of one process into its sample.
func (s *Sampler) sample(ctx context.Context, c counters, dt time.Duration) heuristics.ProcessSample {
	p := heuristics.ProcessSample{ID: c.id, User: micro(c.user), System: micro(c.system), Children: micro(c.children)}
	k := s.table[c.id]
	if k == nil {
		k = &known{id: c.id, handle: c.handle}
		s.table[c.id], s.byPID[c.id.PID] = k, k
		if !s.describe(ctx, k) { // it ended while being looked at; its CPU still counts
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
		s.lookClosely(ctx, k, &p)
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
func (s *Sampler) lookClosely(ctx context.Context, k *known, p *heuristics.ProcessSample) {
	at := s.clock.at
	if k.renewed == 0 || at-k.renewed >= renewInfo {
		k.renewed = max(at, 1)
		s.renew(ctx, k)
	}
	p.Threads = s.threads(k)
	if k.handle != nil && (s.tick%slowEvery == 0 || k.hot <= 2*s.Interval()) {
		if m, err := k.handle.MemoryInfoWithContext(ctx); err == nil {
			p.Resident = m.RSS
		}
		p.ReadBytes, p.WriteBytes, p.Transferred = readIO(ctx, k.handle)
	}
	if b := k.info.Browser; b != nil && b.Role == "renderer" && k.hot >= askAfter && s.options.Owners != nil && b.Root.PID != 0 {
		s.options.Owners.Ask(k.id, b.Root, b.Renderer)
	}
}

// settle describes once more what was new at the last tick: a process that was caught between its start and its program
// still had the name and the command line of the one that started it. Seen of 1 in 50 processes of a browser on a full
// machine.
func (s *Sampler) settle(ctx context.Context) {
	for _, k := range s.young {
		s.renew(ctx, k)
	}
	clear(s.young)
	s.young = s.young[:0]
}

// link gives the processes of the first tick their parents and browsers: where pids have begun anew from 1, children
// come before their parents.
func (s *Sampler) link(first []heuristics.ProcessSample) {
	for _, p := range first {
		k := s.table[p.ID]
		if parent := s.byPID[k.info.Parent.PID]; parent != nil {
			k.info.Parent = parent.id
		}
		k.info.Browser = s.placeInBrowser(k)
		*p.Info = k.info
	}
}

// renew describes a process anew, and tells of it again if that changed.
func (s *Sampler) renew(ctx context.Context, k *known) {
	before := k.info
	if s.describe(ctx, k) && !sameInfo(&before, &k.info) {
		k.told = false
	}
}

// describe reads name, path, owner and parent; false if the process is gone or another.
func (s *Sampler) describe(ctx context.Context, k *known) bool {
	if k.handle == nil {
		return false
	}
	h := &process.Process{Pid: k.id.PID} // the kept one would give the name that it read first
	name, err := h.NameWithContext(ctx)
	if err != nil {
		return false
	}
	info := heuristics.ProcessInfo{Name: clip(name)}
	if exe, err := h.ExeWithContext(ctx); err == nil {
		info.Exe = clip(exe)
	}
	if uids, err := h.UidsWithContext(ctx); err == nil && len(uids) > 0 {
		info.User = strconv.Itoa(int(uids[0]))
	} else if name, err := h.UsernameWithContext(ctx); err == nil {
		info.User = clip(name)
	}
	if nice, err := readNice(ctx, h); err == nil {
		info.Nice = nice
	}
	if ppid, err := h.PpidWithContext(ctx); err == nil {
		info.Parent = heuristics.ProcessID{PID: ppid}
		if parent := s.byPID[ppid]; parent != nil {
			info.Parent = parent.id
		}
	}
	if line, err := h.CmdlineWithContext(ctx); err == nil {
		k.command = parseCommandLine(line)
	}
	if !s.sweep.same(k.id) {
		return false // what was read belongs to another life of the pid
	}
	k.info = info
	k.info.Browser = s.placeInBrowser(k)
	return true
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
		}
	}
}

func sameInfo(a, b *heuristics.ProcessInfo) bool {
	if (a.Browser == nil) != (b.Browser == nil) || (a.Browser != nil && *a.Browser != *b.Browser) {
		return false
	}
	return a.Parent == b.Parent && a.Name == b.Name && a.Exe == b.Exe && a.User == b.User && a.Nice == b.Nice
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
	return k.names.threads(k.id.PID)
}

// introduce describes a process that could not be looked at with what the sweep knows of it.
func (s *Sampler) introduce(k *known) {
	k.info = heuristics.ProcessInfo{Name: "(ended)"}
	i, ok := s.sweep.(introducer)
	if !ok {
		return
	}
	b, ok := i.basics(k.id)
	if !ok {
		return
	}
	if b.name != "" {
		k.info.Name = clip(b.name)
	}
	k.info.User, k.info.Parent = b.user, heuristics.ProcessID{PID: b.parent}
	if parent := s.byPID[b.parent]; parent != nil {
		k.info.Parent = parent.id
	}
}
