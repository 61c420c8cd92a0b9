package importer

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/heuristics"
)

const (
	// maxRows bounds the rows of one block; maxKept the threads that are remembered; maxCores what is believed of a machine.
	maxRows  = 100_000
	maxKept  = 200_000
	maxCores = 4096
	// maxSpan bounds every sum of times: half of what a Duration holds.
	maxSpan = 146 * 365 * 24 * time.Hour
	// forgotten is how many blocks a process may be left out before it counts as ended: most tools leave out what idles.
	forgotten = 600
	// gapFactor is how many intervals a step may last before part of it counts as not seen.
	gapFactor = 3
)

// builder turns blocks into snapshots.
type builder struct {
	*log
	kept  map[int32]*kept
	at    time.Duration
	last  float64
	begun bool
	n     int
	cores int
	busy  time.Duration
	rows  int
	used  float64 // seconds, by all processes in the present block
	// passed is how long the present step took, threads counts those kept of all processes, born all processes ever:
	// such logs do not say when a process began, so that its number stands for it.
	passed  time.Duration
	threads int
	born    int64
}

// kept is what is remembered of one process.
type kept struct {
	id      heuristics.ProcessID
	name    string
	cpu     time.Duration
	counter float64 // as last seen, of logs with counters
	total   float64
	seen    int
	// called is another name that the process had in the last blocks, times in how many of them.
	called  string
	times   int
	threads map[int32]*keptThread
	read    uint64 // bytes added up from rates
	written uint64
}

type keptThread struct {
	name      string
	run, wait time.Duration
	seen      int
}

// snapshots returns the Source of a log whose first blocks were read ahead.
func snapshots(l *log, first []block, broken error, next func() (block, error, bool), stop func()) pipeline.Source {
	return func(ctx context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			defer stop()
			b := &builder{log: l, kept: map[int32]*kept{}, cores: l.found.Cores}
			for {
				blk, err, ok := block{}, broken, true
				switch {
				case len(first) > 0:
					blk, first, err = first[0], first[1:], nil
				case err == nil:
					blk, err, ok = next()
				}
				if !ok || ctx.Err() != nil {
					return
				}
				s := heuristics.Snapshot{}
				if err == nil {
					s, err = b.snapshot(&blk)
				}
				if !yield(s, err) || err != nil {
					return
				}
			}
		}
	}
}

// snapshot turns one block into a snapshot.
func (b *builder) snapshot(blk *block) (heuristics.Snapshot, error) {
	var s heuristics.Snapshot
	lasted := b.step(blk.at, &s)
	b.n++
	s.At, s.Cores = b.at, max(b.cores, 1)
	s.Time = moment(blk.at)
	if b.found.HostOnly {
		if b.n == 1 {
			s.Gaps = append(s.Gaps, heuristics.Gap{Kind: heuristics.GapHostOnly})
		}
		host := blk.host
		if blk.whole {
			host *= float64(b.found.Cores)
		}
		b.busy = min(b.busy+span(min(host, float64(b.found.Cores))*lasted.Seconds()), maxSpan)
		s.Busy = b.busy + time.Microsecond // 0 would mean that it is not known
		return s, nil
	}
	at := map[int32]int{}
	b.used = 0
	if len(blk.rows) >= maxRows {
		return s, b.fail("more than %d rows in one sample; take a part of the log, and see that its times are right", maxRows)
	}
	for i := range blk.rows {
		r := &blk.rows[i]
		if blk.whole || b.o.AllCores {
			r.cores *= float64(b.found.Cores)
		}
		if b.beyond(r, lasted) {
			b.found.LeftOut++
			s.Gaps = append(s.Gaps, heuristics.Gap{Kind: heuristics.GapUnreadable, PID: r.pid})
			b.note("line %d says more of process %d than %d cores can do: left out", r.line, r.pid, b.found.Cores)
			r.cores, r.wait = math.NaN(), math.NaN()
			if !math.IsNaN(r.cpu) {
				b.recount(r)
			}
		}
		b.enter(&s, at, r, lasted)
	}
	b.rows += len(blk.rows)
	if b.found.LeftOut > 5 && b.found.LeftOut > b.rows/10 {
		return s, b.fail("%d of %d figures are above what %d cores can do; is --cores or --unit right?", b.found.LeftOut, b.rows, b.found.Cores)
	}
	// Nobody can use more cores than there are: where the log does not say how many, the load tells at least.
	if from := b.found.CoresFrom; from == "guess" || from == "estimate" {
		b.cores = max(b.cores, int(min(math.Ceil(b.used/b.passed.Seconds()-guessSlack), maxCores)))
	}
	s.Cores = max(b.cores, 1)
	b.forget(&s)
	switch {
	case len(b.kept) > b.o.MaxLive:
		return s, b.fail("more than %d processes at a time; take a part of the log, or raise --max-live", b.o.MaxLive)
	case b.born > int64(b.o.MaxProcesses):
		return s, b.fail("more than %d processes; take a part of the log, or raise --max-processes", b.o.MaxProcesses)
	}
	return s, nil
}

// beyond reports whether a row says more than the cores can do of a computer of which they are known. Tools measure the
// time between two samples themselves, so that a tenth more is no lie.
func (b *builder) beyond(r *row, lasted time.Duration) bool {
	if from := b.found.CoresFrom; from != "log" && from != "option" {
		return false
	}
	most := 1.1*float64(b.found.Cores) + 0.1
	if k := b.kept[r.pid]; k != nil && r.cpu > k.counter { // counters in whole seconds may be a second off
		return r.cpu-k.counter > most*lasted.Seconds()+1
	}
	return r.cores > most
}

// recount takes a counter as it stands without counting what it rose by.
func (b *builder) recount(r *row) {
	if k := b.kept[r.pid]; k != nil {
		k.counter = r.cpu
	}
}

// step advances the steady clock and returns how much of the step the log covers.
func (b *builder) step(at float64, s *heuristics.Snapshot) time.Duration {
	defer func() { b.last, b.begun = at, true }()
	b.passed = b.found.Interval
	if !b.begun {
		return b.found.Interval
	}
	d, interval := span(at-b.last), b.found.Interval
	lasted, passed := d, d
	switch {
	case at < b.last: // the clock was set back: one interval has passed, as far as one can know
		s.Gaps = append(s.Gaps, heuristics.Gap{Kind: heuristics.GapClockJumped, Length: span(b.last - at)})
		lasted, passed = interval, interval
	case d == 0 || (b.found.coarse && d <= interval+time.Second): // the log's clock counts in whole seconds
		lasted, passed = interval, interval
	case d > gapFactor*interval+time.Second:
		s.Gaps = append(s.Gaps, heuristics.Gap{Kind: heuristics.GapLateTick, Length: d - interval})
		lasted = interval
	}
	if b.at > maxSpan-passed { // a log of centuries: time goes on, but no more than it must
		passed = time.Microsecond
	}
	b.passed = max(passed, time.Microsecond)
	b.at += b.passed
	return max(lasted, time.Microsecond)
}

// enter adds one row to the snapshot. at holds the places of the processes listed so far.
func (b *builder) enter(s *heuristics.Snapshot, at map[int32]int, r *row, lasted time.Duration) {
	k := b.kept[r.pid]
	again := k != nil && r.tid == 0 && b.another(k, r)
	if k == nil || again { // new, or another life of the pid
		if k == nil && r.tid != 0 {
			return
		}
		if again {
			s.Exited = append(s.Exited, k.id)
			b.threads -= len(k.threads)
			delete(at, r.pid)
		}
		b.born++
		k = &kept{id: heuristics.ProcessID{PID: r.pid, StartTime: b.born}, name: r.name, counter: math.NaN(), total: math.NaN()}
		b.kept[r.pid] = k
	}
	place, listed := at[r.pid]
	if !listed {
		p := heuristics.ProcessSample{ID: k.id, User: k.cpu}
		if k.seen == 0 {
			p.Info = &heuristics.ProcessInfo{Name: k.name, User: r.user, Nice: r.nice}
		}
		place = len(s.Processes)
		at[r.pid] = place
		s.Processes = append(s.Processes, p)
	}
	p := &s.Processes[place]
	k.seen = b.n
	if r.tid != 0 {
		b.thread(k, p, r, lasted)
		return
	}
	if renamed(k, r) {
		p.Info = &heuristics.ProcessInfo{Name: k.name, User: r.user, Nice: r.nice}
	}
	if !math.IsNaN(r.total) {
		k.total = r.total
	}
	used := 0.0
	switch {
	case !math.IsNaN(r.cpu):
		if !math.IsNaN(k.counter) {
			used = r.cpu - k.counter
		}
		k.counter = r.cpu
	case r.cores > 0:
		used = min(r.cores, maxCores) * lasted.Seconds()
	}
	b.used += used
	k.cpu = min(k.cpu+span(used), maxSpan)
	p.User = k.cpu
	if r.rates {
		k.read = capped(k.read, float64(r.read)*lasted.Seconds())
		k.written = capped(k.written, float64(r.written)*lasted.Seconds())
		r.read, r.written = k.read, k.written
	}
	p.Resident, p.ReadBytes, p.WriteBytes, p.Transferred = r.resident, r.read, r.written, r.moved
}

// another reports whether a row is of another life of its pid. A process may write what it likes over its name, so that
// a new name alone says little: while its CPU time goes on, or while it is in every sample and they are close, it is the
// same one. A pid is given out again only after all others.
func (b *builder) another(k *kept, r *row) bool {
	const close = time.Minute
	switch {
	case r.cpu < k.counter, r.total < k.total-1: // NaN compares false; a second may be rounded away
		return true
	case k.name == r.name, !math.IsNaN(r.cpu), !math.IsNaN(r.total) && !math.IsNaN(k.total):
		return false
	}
	return k.seen < b.n-1 || b.passed > close
}

// renamed reports whether a process has kept another name for so long that it is that of another program which it turned
// into, and takes it over. A name that changes all the time is none.
func renamed(k *kept, r *row) bool {
	const settled = 3
	switch {
	case r.name == k.name:
		k.called, k.times = "", 0
		return false
	case r.name != k.called:
		k.called, k.times = r.name, 1
		return false
	}
	k.times++
	if k.times < settled {
		return false
	}
	k.name, k.called, k.times = r.name, "", 0
	return true
}

// capped adds bytes to a sum that is bounded.
func capped(sum uint64, more float64) uint64 {
	const most = 1 << 62
	return uint64(min(float64(sum)+more, most))
}

// maxThreads bounds the threads kept of one process.
const maxThreads = 1024

// thread adds a thread to its process.
func (b *builder) thread(k *kept, p *heuristics.ProcessSample, r *row, lasted time.Duration) {
	if k.threads == nil {
		k.threads = map[int32]*keptThread{}
	}
	t := k.threads[r.tid]
	if t == nil {
		if len(k.threads) >= maxThreads || b.threads >= maxKept {
			b.forgetThreads(k)
		}
		if len(k.threads) >= maxThreads || b.threads >= maxKept {
			return
		}
		t = &keptThread{name: r.name}
		k.threads[r.tid] = t
		b.threads++
	}
	t.seen = b.n
	if r.cores > 0 {
		t.run = min(t.run+span(min(r.cores, 1)*lasted.Seconds()), maxSpan)
	}
	if r.wait > 0 {
		t.wait = min(t.wait+span(min(r.wait, 1)*lasted.Seconds()), maxSpan)
	}
	p.Threads = append(p.Threads, heuristics.ThreadSample{TID: r.tid, Name: t.name, Run: t.run, Wait: t.wait})
}

// forgetThreads makes room by forgetting the threads of a process that were left out of the last block and this one.
func (b *builder) forgetThreads(k *kept) {
	for tid, t := range k.threads {
		if t.seen < b.n-1 {
			delete(k.threads, tid)
			b.threads--
		}
	}
}

// forget ends processes that were left out for long.
func (b *builder) forget(s *heuristics.Snapshot) {
	if b.n%60 != 0 {
		return
	}
	limit := b.n - forgotten
	for pid, k := range b.kept {
		if k.seen < limit {
			s.Exited = append(s.Exited, k.id)
			b.threads -= len(k.threads)
			delete(b.kept, pid)
		}
	}
	slices.SortFunc(s.Exited, func(x, y heuristics.ProcessID) int {
		return cmp.Or(cmp.Compare(x.PID, y.PID), cmp.Compare(x.StartTime, y.StartTime))
	})
}
