package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

const (
	dayProcesses = 300
	dayCores     = 4
	dayLength    = 24 * time.Hour
)

// makeDay writes a recording of a made-up day at an office computer: 300 processes, read once a second, as the sampler
// would have told them. It is the same at every call.
func makeDay(ctx context.Context, file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the day cannot be written: %w", err)
	}
	if err := writeDay(ctx, f, dayLength); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func writeDay(ctx context.Context, w io.Writer, length time.Duration) error {
	header := trace.Header{
		Started: dayStart(), Cores: dayCores, IntervalMS: 1000, OS: "linux", Simulated: true,
		Load: "synthetic: a day of 300 processes at an office computer, made by a program and not recorded",
	}
	for _, err := range trace.Record(newDay().source(length), w, header)(ctx) {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func dayStart() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }

// day makes the snapshots.
type day struct {
	random *rand.Rand
	all    []*actor
	brief  []*actor // short-lived ones that are there now
	pid    int32
	at     time.Duration
	busy   time.Duration
}

// actor is one made-up process.
type actor struct {
	sample   heuristics.ProcessSample
	info     heuristics.ProcessInfo
	told     bool
	reported time.Duration
	heat     float64
	hot      bool
	// part decides what it uses of a core; shares say how its threads share that, the first being the main thread.
	part   part
	shares []float64
	// carry is the use that has not made a whole microsecond of each thread yet.
	carry time.Duration
}

// source yields length of the day, one snapshot a second.
func (d *day) source(length time.Duration) func(context.Context) iter.Seq2[heuristics.Snapshot, error] {
	return func(ctx context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			for n := 0; ; n++ {
				at := time.Duration(n) * time.Second
				if at >= length || ctx.Err() != nil {
					return
				}
				if n > 0 { // a tick comes up to two milliseconds late
					at += time.Duration(d.random.IntN(2000)) * time.Microsecond
				}
				if !yield(d.tick(at), nil) {
					return
				}
			}
		}
	}
}

// tick moves the day on to a time.
func (d *day) tick(at time.Duration) heuristics.Snapshot {
	dt := at - d.at
	d.at = at
	s := heuristics.Snapshot{Time: dayStart().Add(at).Truncate(time.Millisecond), At: at, Cores: dayCores}
	for _, a := range d.brief {
		s.Exited = append(s.Exited, a.sample.ID)
	}
	d.brief = d.brief[:0]
	const briefAnHour = 125
	if d.random.Float64() < briefAnHour/3600.0 {
		d.brief = append(d.brief, d.brieflyAlive())
	}
	for _, all := range [][]*actor{d.all, d.brief} {
		for _, a := range all {
			used := a.act(d, dt)
			d.busy += used
			if p, ok := a.advance(used, dt); ok {
				s.Processes = append(s.Processes, p)
			}
		}
	}
	s.Busy = d.busy
	return s
}

// act lets the actor use the processor for dt and returns how much it did.
func (a *actor) act(d *day, dt time.Duration) time.Duration {
	if a.part == nil {
		return 0
	}
	used := time.Duration(float64(dt)*a.part(d)) + a.carry
	a.carry = used % time.Microsecond
	used -= a.carry
	if used <= 0 {
		return 0
	}
	system := (used / 8).Truncate(time.Microsecond)
	a.sample.User += used - system
	a.sample.System += system
	for i := range a.sample.Threads {
		t := &a.sample.Threads[i]
		run := time.Duration(float64(used) * a.shares[i]).Truncate(time.Microsecond)
		t.Run += run
		t.Wait += time.Duration(float64(run) * 0.05 * d.random.Float64()).Truncate(time.Microsecond)
	}
	return used
}

// advance returns the actor as the sampler would list it: at first sight, and when it has used a hundredth of a second
// since it was last listed; with its threads while it is hot.
func (a *actor) advance(used, dt time.Duration) (heuristics.ProcessSample, bool) {
	const heatMemory, hotFrom, hotUntil, movedShare = 3.0, 0.08, 0.04, 0.01 // those of the sampler
	if dt > 0 {
		fade := math.Exp(-dt.Seconds() / heatMemory)
		a.heat = a.heat*fade + used.Seconds()/dt.Seconds()*(1-fade)
		a.hot = a.heat >= hotFrom || (a.hot && a.heat >= hotUntil)
	}
	cpu := a.sample.CPU()
	if a.told && cpu-a.reported < max(time.Duration(float64(dt)*movedShare), time.Microsecond) {
		return heuristics.ProcessSample{}, false
	}
	a.reported = cpu
	out := a.sample
	out.Threads = nil
	if a.hot {
		out.Threads = append(out.Threads, a.sample.Threads...)
	}
	if !a.told {
		info := a.info
		out.Info, a.told = &info, true
	}
	return out, true
}
