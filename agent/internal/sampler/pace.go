package sampler

import (
	"context"
	"iter"
	"runtime"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// DefaultRest is the longest time between two ticks that a quiet machine allows: what begins meanwhile is noticed by the
// machine's own counter.
const DefaultRest = 5 * time.Second

const _ = uint64(heuristics.Coarse - DefaultRest) // slower, and no load could be told from another

const (
	// quietBelow is the load of the whole machine, in cores, below which it is quiet: no process can then be of interest
	// (hotFrom).
	quietBelow = 0.06
	// restAfter is how long the machine must have been quiet before the sampler rests: whatever was judged has come to
	// its end by then.
	restAfter = 12 * time.Second
)

// pace decides how often the whole machine is read. While it is quiet only its own counter is looked at, once an
// interval; the processes are swept when that moves, and after Options.Rest in any case.
type pace struct {
	hot   bool // a process was looked at closely at the last tick
	quiet time.Duration
	at    time.Duration // of the last look
	busy  time.Duration // the machine's counter at that time
}

// look takes the machine's counter and reports whether the time since the last look was quiet. A counter that stands at 0
// says nothing: some containers have one.
func (p *pace) look(s *heuristics.Snapshot) bool {
	wall, used := s.At-p.at, s.Busy-p.busy
	p.at, p.busy = s.At, s.Busy
	if wall <= 0 || used < 0 || s.Busy == 0 || float64(used) >= quietBelow*float64(wall) || len(s.Gaps) > 0 {
		p.quiet = 0
		return false
	}
	p.quiet += wall
	return true
}

// rests reports whether the next tick may wait.
func (s *Sampler) rests() bool {
	if s.pace.hot || s.pace.quiet < restAfter || s.options.Rest <= s.Interval() {
		return false
	}
	return s.options.Attended == nil || !s.options.Attended()
}

// Longest returns the longest time between two ticks.
func (s *Sampler) Longest() time.Duration { return max(s.Interval(), s.options.Rest) }

// Source yields a snapshot at once and then one each interval until ctx ends, or less often while the machine is quiet.
// When load returns after a rest, a snapshot without processes comes first: it says until when it was quiet, so that the
// load is known to have begun after that, live as well as in a replay.
func (s *Sampler) Source(ctx context.Context) iter.Seq2[heuristics.Snapshot, error] {
	return func(yield func(heuristics.Snapshot, error) bool) {
		interval := s.Interval()
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		s.clock, s.pace = clock{}, pace{}
		for t := (turn{}); ; {
			s.take(ctx, &t)
			if ctx.Err() != nil {
				return
			}
			for _, snapshot := range t.out {
				if !yield(snapshot, nil) {
					return
				}
			}
			if t.err != nil {
				yield(heuristics.Snapshot{}, t.err)
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

// turn is what one interval comes to.
type turn struct {
	out  []heuristics.Snapshot // to yield now
	err  error
	last time.Duration // when the processes were last swept
	// waiting is the quiet moment that was looked at last and not yielded.
	waiting *heuristics.Snapshot
}

// take reads the machine once, and its processes unless it is quiet.
func (s *Sampler) take(ctx context.Context, t *turn) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := threadTime()
	defer func() { s.spent.Add(int64(threadTime() - began)) }()
	t.out, t.err = t.out[:0], nil
	if s.tick%countCores == 0 {
		s.cores = countProcessors()
	}
	now, err := s.begin(ctx)
	if err != nil {
		t.err = err
		return
	}
	resting := s.rests() // as it was decided after the last look
	quiet := s.pace.look(&now)
	if resting && quiet && now.At-t.last < s.options.Rest-s.Interval()/2 {
		t.waiting = &now
		return
	}
	since := now.At - t.last
	if t.waiting != nil && !quiet {
		since = now.At - t.waiting.At
		t.out = append(t.out, *t.waiting)
	}
	t.waiting, t.last = nil, now.At
	snapshot, err := s.read(ctx, now, since)
	if err != nil {
		t.err = err
		return
	}
	t.out = append(t.out, snapshot)
}
