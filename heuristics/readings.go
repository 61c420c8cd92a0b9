package heuristics

import (
	"math"
	"time"
)

// maxReadings bounds the readings of memory and I/O kept of one subject; a hot process is read every fifth tick.
const maxReadings = 12

// stepWithin is how long after the first reading of a load its memory may still be set up: fast RandomX allocates
// 2,336 MiB at its start (2,080 MiB of data and 256 MiB of cache).
const stepWithin = 20 * time.Second

// readings keeps what is read of a hot process now and then: memory and the bytes of its calls.
type readings struct {
	kept  []reading     // oldest first
	since time.Duration // of the present load
	first float64       // memory at the first reading of the load, 0 before
	step  float64       // what memory had grown by at the end of stepWithin
}

type reading struct {
	cpu         time.Duration // used by the process in its life
	at          time.Duration
	resident    float64
	transferred float64 // 0: may not be read
}

// startUp is what a program may read while it starts, in bytes, before its reading counts as work.
const startUp = 8 << 20

// observe takes one sample of a process, dt after the one before.
func (r *readings) observe(s *ProcessSample, dt time.Duration) {
	r.since += dt
	if s.Resident == 0 && s.Transferred == 0 {
		return
	}
	now := reading{cpu: s.CPU(), at: r.since, resident: float64(s.Resident), transferred: float64(s.Transferred)}
	if n := len(r.kept); n > 0 && now.transferred < r.kept[n-1].transferred {
		r.kept = r.kept[:0] // a counter that goes back cannot be compared
	}
	if len(r.kept) == maxReadings { // the first of the load stays: some programs read a block and work on it for a minute
		r.kept = append(r.kept[:1], r.kept[2:]...)
	}
	r.kept = append(r.kept, now)
	if r.first == 0 {
		r.first = now.resident
	}
	if now.at <= stepWithin {
		r.step = max(0, now.resident-r.first)
	}
}

// forget starts over: what was read belongs to a load that ended.
func (r *readings) forget() { *r = readings{kept: r.kept[:0]} }

// fill sets the features of memory and I/O.
func (r *readings) fill(f *Features) {
	n := len(r.kept)
	if n == 0 {
		return
	}
	last := r.kept[n-1]
	if last.resident > 0 {
		low, high := math.Inf(1), 0.0
		for _, k := range r.kept {
			if k.resident > 0 && (k.at > stepWithin || last.at <= stepWithin) { // set up by then
				low, high = min(low, k.resident), max(high, k.resident)
			}
		}
		f.Memory, f.MemoryStep = last.resident, r.step
		if n >= 3 && high > 0 {
			f.MemoryMoves = (high - low) / high
		}
	}
	if first := r.kept[0]; n >= 2 && first.transferred > 0 && last.cpu-first.cpu >= time.Second/2 {
		f.Transfer = (last.transferred - first.transferred) / (last.cpu - first.cpu).Seconds()
		// Some programs read a block and work on it for a minute: what was read in the whole life counts as well.
		f.Transfer = max(f.Transfer, (last.transferred-startUp)/last.cpu.Seconds())
	}
}
