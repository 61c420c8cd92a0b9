package heuristics

import (
	"math"
	"slices"
	"time"
)

// maxSamples bounds a window's length, so that a tick costs the same whatever the interval.
const maxSamples = 64

// leastSamples is how many samples a spread needs. A window holds at least as many, however far apart they are.
const leastSamples = 8

// window keeps the rates (amount per wall time) of the last span of time. Adding a sample costs a bounded number of
// steps: the sorted copy that gives the quartiles is kept up to date by insertion.
type window struct {
	span    time.Duration
	samples []windowSample // oldest first
	sorted  []float64
	amount  time.Duration // sum over samples
	wall    time.Duration
}

type windowSample struct {
	amount, wall time.Duration
	rate         float64
}

func newWindow(span time.Duration) window {
	return window{span: span} // it takes memory only when something is added: most groups end before
}

// add appends what was used during the last wall time and drops what is older than the span, but for the last
// leastSamples samples.
func (w *window) add(amount, wall time.Duration) {
	s := windowSample{amount: amount, wall: wall, rate: float64(amount) / float64(wall)}
	w.samples = append(w.samples, s)
	w.amount += amount
	w.wall += wall
	at, _ := slices.BinarySearch(w.sorted, s.rate)
	w.sorted = slices.Insert(w.sorted, at, s.rate)
	for len(w.samples) > 1 && (w.wall-w.samples[0].wall >= w.span && len(w.samples) > leastSamples || len(w.samples) > maxSamples) {
		w.drop()
	}
}

func (w *window) drop() {
	old := w.samples[0]
	w.samples = append(w.samples[:0], w.samples[1:]...)
	w.amount -= old.amount
	w.wall -= old.wall
	if at, ok := slices.BinarySearch(w.sorted, old.rate); ok {
		w.sorted = slices.Delete(w.sorted, at, at+1)
	}
}

func (w *window) reset() {
	w.samples, w.sorted = w.samples[:0], w.sorted[:0]
	w.amount, w.wall = 0, 0
}

// mean returns the mean rate, NaN of an empty window.
func (w *window) mean() float64 {
	if w.wall <= 0 {
		return math.NaN()
	}
	return float64(w.amount) / float64(w.wall)
}

// spread returns IQR / 1.35 / median, which equals the coefficient of variation for normal noise and ignores up to a
// quarter of outliers on either side. NaN below leastSamples samples or when the median is zero.
func (w *window) spread() float64 {
	n := len(w.sorted)
	if n < leastSamples {
		return math.NaN()
	}
	median := quantile(w.sorted, 0.5)
	if median <= 0 {
		return math.NaN()
	}
	return (quantile(w.sorted, 0.75) - quantile(w.sorted, 0.25)) / 1.35 / median
}

// quiet returns the lower quartile as a share of the mean, NaN below leastSamples samples or when the mean is zero.
func (w *window) quiet() float64 {
	mean := w.mean()
	if len(w.sorted) < leastSamples || mean <= 0 {
		return math.NaN()
	}
	return quantile(w.sorted, 0.25) / mean
}

// interval returns the mean time between two samples, 0 of an empty window.
func (w *window) interval() time.Duration {
	if len(w.samples) == 0 {
		return 0
	}
	return w.wall / time.Duration(len(w.samples))
}

// quantile interpolates linearly between the two nearest of the sorted values.
func quantile(sorted []float64, q float64) float64 {
	pos := q * float64(len(sorted)-1)
	lo := int(pos)
	if lo+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[lo] + (pos-float64(lo))*(sorted[lo+1]-sorted[lo])
}
