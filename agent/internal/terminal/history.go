package terminal

import (
	"strings"

	"github.com/minewatch/minewatch/agent/api"
)

const (
	// past is the time that a sparkline shows, in seconds.
	past = 60.0
	// maxRows bounds the rows taken from one tick, maxKeys the subjects whose past is kept, maxPoints the ticks of each.
	maxRows, maxKeys, maxPoints = 200, 1000, 240
)

// point is a use between two ticks, whose times are in seconds of the agent's clock.
type point struct{ from, to, use float64 }

// history keeps the last minute of each subject by its key, in cores, and that of the machine in percent.
type history struct {
	now     float64
	points  map[string][]point
	machine []point
}

func (h *history) add(l *api.Live) {
	if h.points == nil || l.T < h.now { // a new agent counts from 0
		*h = history{now: l.T, points: map[string][]point{}}
	}
	from := max(h.now, l.T-past)
	if from >= l.T {
		from = l.T - 1 // the first tick: nothing says how long it was
	}
	h.now = l.T
	h.machine = h.trim(append(h.machine, point{from, l.T, sane(l.Machine, 100)}))
	for i := range l.Hot[:min(len(l.Hot), maxRows)] {
		h.put(l.Hot[i].Key, point{from, l.T, sane(l.Hot[i].Cores, 99999)})
	}
	for key, p := range h.points {
		if h.points[key] = h.trim(p); len(h.points[key]) == 0 {
			delete(h.points, key)
		}
	}
}

// trim drops what is older than the sparkline.
func (h *history) trim(p []point) []point {
	for len(p) > 0 && (p[0].to <= h.now-past || len(p) > maxPoints) {
		p = p[1:]
	}
	return p
}

func (h *history) put(key string, p point) {
	if _, known := h.points[key]; known || len(h.points) < maxKeys {
		h.points[key] = append(h.points[key], p)
	}
}

// peak returns the highest use of any of the keys, at least one core: one scale makes rows comparable, and the floor
// keeps an idle machine's trembling flat.
func (h *history) peak(keys []string) float64 {
	top := 1.0
	for _, k := range keys {
		for _, p := range h.points[k] {
			top = max(top, p.use)
		}
	}
	return top
}

// spark draws the last minute in width columns, the newest at the right. A blank is a time in which the subject was not
// among the busy.
func (h *history) spark(points []point, width int, top float64) string {
	const bars = "▁▂▃▄▅▆▇█"
	step := past / float64(width)
	var b strings.Builder
	for i := range width {
		lo := h.now - past + float64(i)*step
		sum, weight := 0.0, 0.0
		for _, p := range points {
			if overlap := min(p.to, lo+step) - max(p.from, lo); overlap > 1e-6 { // more than rounding
				sum, weight = sum+p.use*overlap, weight+overlap
			}
		}
		if weight == 0 {
			b.WriteByte(' ')
			continue
		}
		level := min(7, int(8*sum/weight/top))
		b.WriteString(bars[3*level : 3*level+3]) // each bar is three bytes of UTF-8
	}
	return b.String()
}
