package terminal

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
)

// Timeline draws a recording: for each subject that mattered its use over time, and below it what the detector thought of
// it. Its memory does not grow with the recording's length.
type Timeline struct {
	lanes map[string]*lane
	// step is the length of a bin in seconds; it doubles when the recording outgrows the bins.
	step  float64
	last  float64
	begun bool
}

const (
	// maxLanes bounds the subjects followed; the one that has used least gives way.
	maxLanes = 64
	// laneBins is how finely a lane is kept: finer than any terminal draws it. firstStep is a bin's length at first.
	laneBins  = 512
	firstStep = 0.25
	// maxShown bounds the lanes drawn; leastUse is the use in cores below which nothing is worth a lane.
	maxShown = 5
	leastUse = 0.08
	// laneLabel is the width of the names beside the lanes, least and most the widths drawn in.
	laneLabel, leastWidth, mostWidth = 28, 52, 200
)

// mark is what was thought of a subject: the worst of the time that a column stands for.
type mark uint8

const (
	unseen mark = iota
	watched
	markedHeavy
	markedMining
)

// sign is readable without colour and where only ASCII can be shown.
func (m mark) sign() string {
	return [...]string{" ", "·", "h", "M"}[m]
}

// lane is one subject over time.
type lane struct {
	about api.Alert
	worst mark
	total float64 // core seconds
	used  [laneBins]float64
	marks [laneBins]mark
}

// NewTimeline returns an empty timeline.
func NewTimeline() *Timeline { return &Timeline{lanes: map[string]*lane{}, step: firstStep} }

// Add takes what was busy between the tick before and the one at t seconds. Of the rows it uses no evidence.
func (tl *Timeline) Add(t float64, rows []api.LiveRow) {
	from := tl.last
	tl.last = t
	if !tl.begun || t <= from { // the first tick only opens the counters
		tl.begun = true
		return
	}
	for t >= tl.step*laneBins {
		tl.step *= 2
		for _, l := range tl.lanes {
			l.halve()
		}
	}
	for i := range rows {
		tl.lane(&rows[i]).add(from, t, tl.step, &rows[i])
	}
}

// lane returns the lane of a row's subject.
func (tl *Timeline) lane(r *api.LiveRow) *lane {
	if l := tl.lanes[r.Key]; l != nil {
		return l
	}
	if len(tl.lanes) >= maxLanes {
		delete(tl.lanes, tl.least())
	}
	l := &lane{}
	tl.lanes[r.Key] = l
	return l
}

// least returns the key of the lane that mattered least.
func (tl *Timeline) least() string {
	key := ""
	for k, l := range tl.lanes {
		if key == "" || cmp.Or(compareLanes(tl.lanes[key], l), cmp.Compare(k, key)) < 0 {
			key = k
		}
	}
	return key
}

// compareLanes puts those first of which more was said, then those that used more.
func compareLanes(a, b *lane) int {
	return cmp.Or(cmp.Compare(b.worst, a.worst), cmp.Compare(b.total, a.total))
}

func markOf(r *api.LiveRow) mark {
	switch {
	case r.State != suspected:
		return watched
	case r.Severity == miningLike:
		return markedMining
	default:
		return markedHeavy
	}
}

func (l *lane) add(from, to, step float64, r *api.LiveRow) {
	m := markOf(r)
	if l.about.Subject == "" || m > l.worst || (l.about.Site == "" && r.Site != "") || (l.about.Subject != group && r.Subject == group) {
		l.about = aboutRow(r, 0)
		l.about.Processes = 0 // it differs from moment to moment
	}
	l.worst = max(l.worst, m)
	use := sane(r.Cores, 99999)
	l.total += use * (to - from)
	for i := int(from / step); i < laneBins && float64(i)*step < to; i++ {
		overlap := min(to, float64(i+1)*step) - max(from, float64(i)*step)
		if overlap <= 0 {
			continue
		}
		l.used[i] += use * overlap
		l.marks[i] = max(l.marks[i], m)
	}
}

// halve makes one bin of two.
func (l *lane) halve() {
	for i := range laneBins / 2 {
		l.used[i] = l.used[2*i] + l.used[2*i+1]
		l.marks[i] = max(l.marks[2*i], l.marks[2*i+1])
	}
	clear(l.used[laneBins/2:])
	clear(l.marks[laneBins/2:])
}

// Lines draws the lanes in width columns: none when nothing was busy.
func (tl *Timeline) Lines(width int) []string {
	width = min(max(width, leastWidth), mostWidth)
	columns := width - laneLabel
	lanes := tl.shown()
	if len(lanes) == 0 {
		return nil
	}
	drawn := make([][]float64, len(lanes))
	top := 1.0 // one scale makes lanes comparable; the floor keeps an idle machine's trembling flat
	for i, l := range lanes {
		drawn[i] = tl.uses(l, columns)
		top = max(top, slices.Max(drawn[i]))
	}
	lines := []string{strings.Repeat(" ", laneLabel) + tl.axis(columns)}
	for i, l := range lanes {
		peak := "  up to " + cores(slices.Max(drawn[i])) + " cores"
		lines = append(lines,
			left(exactly(&l.about), laneLabel-2)+"  "+bars(drawn[i], top),
			left(peak, laneLabel)+tl.signs(l, columns))
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return append(lines, fmt.Sprintf("Full height is %s cores, a column %s. · watching  h heavy  M mining-like",
		cores(top), fine(tl.last/float64(columns))))
}

// shown returns the lanes worth drawing: those that something was said of, and the busiest.
func (tl *Timeline) shown() []*lane {
	var lanes []*lane
	keys := map[*lane]string{}
	for k, l := range tl.lanes {
		if l.worst > watched || slices.ContainsFunc(l.used[:], func(u float64) bool { return u >= leastUse*tl.step }) {
			lanes = append(lanes, l)
			keys[l] = k
		}
	}
	slices.SortFunc(lanes, func(a, b *lane) int { return cmp.Or(compareLanes(a, b), cmp.Compare(keys[a], keys[b])) })
	return lanes[:min(len(lanes), maxShown)]
}

// uses returns the mean use in each column, in cores.
func (tl *Timeline) uses(l *lane, columns int) []float64 {
	out := make([]float64, columns)
	tl.each(columns, func(column, bin int, overlap float64) {
		out[column] += l.used[bin] * overlap / tl.step
	})
	for i := range out {
		out[i] /= tl.last / float64(columns)
	}
	return out
}

// signs returns the worst mark of each column.
func (tl *Timeline) signs(l *lane, columns int) string {
	out := make([]mark, columns)
	tl.each(columns, func(column, bin int, _ float64) { out[column] = max(out[column], l.marks[bin]) })
	var b strings.Builder
	for _, m := range out {
		b.WriteString(m.sign())
	}
	return b.String()
}

// each calls f for every bin that a column overlaps, with the seconds that they share.
func (tl *Timeline) each(columns int, f func(column, bin int, overlap float64)) {
	wide := tl.last / float64(columns)
	for c := range columns {
		lo, hi := float64(c)*wide, float64(c+1)*wide
		for i := int(lo / tl.step); i < laneBins && float64(i)*tl.step < hi; i++ {
			if overlap := min(hi, float64(i+1)*tl.step) - max(lo, float64(i)*tl.step); overlap > 1e-9*wide {
				f(c, i, overlap)
			}
		}
	}
}

// bars draws one column for each use; a blank is no use at all.
func bars(uses []float64, top float64) string {
	const levels = "▁▂▃▄▅▆▇█"
	var b strings.Builder
	for _, u := range uses {
		if u < 0.005 {
			b.WriteByte(' ')
			continue
		}
		level := min(7, int(8*u/top))
		b.WriteString(levels[3*level : 3*level+3]) // each bar is three bytes of UTF-8
	}
	return b.String()
}

// axis writes the times of the beginning, the middle and the end.
func (tl *Timeline) axis(columns int) string {
	middle, end := span(tl.last/2), span(tl.last)
	return left("0 s", columns/2-cells(middle)/2) + left(middle, columns-columns/2+cells(middle)/2-cells(end)) + end
}

// fine writes a short time in seconds.
func fine(seconds float64) string {
	if seconds >= 100 {
		return span(seconds)
	}
	return strconv.FormatFloat(math.Round(sane(seconds, 100)*100)/100, 'g', 3, 64) + " s"
}

// Plain rewrites lines for this process's terminal where that can only show ASCII.
func Plain(lines []string, environment func(string) string) []string {
	if !onlyASCII(environment) {
		return lines
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = ascii(l)
	}
	return out
}
