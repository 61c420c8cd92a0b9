package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/recordings/evaluate"
)

// The geometry of a plot, in the units of its viewBox. They are about as large as a pixel both on a telephone, where a
// plot fills the width, and on a desktop, where three stand side by side, so that letters stay readable on both.
const (
	plotWidth  = 350.0
	plotHeight = 170.0
	plotLeft   = 34.0
	plotRight  = 340.0
	plotTop    = 18.0
	plotBottom = 126.0
	// maxDrawn is the number of points of a curve: more cannot be seen.
	maxDrawn = 300
	// maxTold is the number of alerts of a recording that are told in words.
	maxTold = 12
	// letter is about the width of a letter.
	letter = 6.0
)

// tick is a mark on an axis.
type tick struct {
	At   float64
	Text string
}

// span of a plot along the time axis.
type band struct {
	X, Width float64
	Class    api.Severity
	Text     string // "" where there is no room
}

// mark is a moment.
type mark struct {
	X, TextX float64
	Anchor   string
	Text     string
}

// plot is a drawing as its template needs it. Numbers are in the units of the viewBox.
type plot struct {
	Label                    string // what it shows, for those who cannot see it
	Width, Height            float64
	Left, Right, Top, Bottom float64
	X, Y                     []tick
	XName, YName             string
	Curve                    string // the d of a path
	Bands                    []band
	Truth                    *band
	Alerts                   []mark
}

// The places that follow from a plot's size.

// PlotHeight is the height of the area of the curve.
func (p *plot) PlotHeight() float64 { return p.Bottom - p.Top }

// YText is where the marks of the upright axis end, XText where those of the other stand.
func (p *plot) YText() float64 { return p.Left - 5 }

// XText is the line of the marks of the time axis.
func (p *plot) XText() float64 { return p.Bottom + 16 }

// TruthTop and TruthMiddle are where the true load's bracket is drawn, Below the line of text under it.
func (p *plot) TruthTop() float64 { return p.Bottom + 21 }

// TruthMiddle is the line of the true load's bracket.
func (p *plot) TruthMiddle() float64 { return p.Bottom + 25 }

// Below is the last line of text.
func (p *plot) Below() float64 { return p.Height - 4 }

// scale maps a value to the units of a plot.
type scale struct{ from, to, low, high float64 }

func (s scale) at(v float64) float64 {
	if s.to <= s.from {
		return s.low
	}
	return tenth(s.low + (s.high-s.low)*(min(max(v, s.from), s.to)-s.from)/(s.to-s.from))
}

func tenth(x float64) float64 { return math.Round(x*10) / 10 }

func emptyPlot() plot {
	return plot{Width: plotWidth, Height: plotHeight, Left: plotLeft, Right: plotRight, Top: plotTop, Bottom: plotBottom}
}

// tracePlot draws the use of a recording's subject, what was said of it, and the truth.
func tracePlot(t *evaluate.Trace) *plot {
	if len(t.Plot.Points) == 0 {
		return nil
	}
	p := emptyPlot()
	unit, name := unitOf(t.Length)
	p.XName, p.YName = name, "cores"
	most := 0.0
	for _, pt := range t.Plot.Points {
		most = max(most, pt.Cores)
	}
	top, step := nice(max(most*1.1, 0.5), 4) // room for the words at the top
	x, y := scale{0, max(t.Length, 1), plotLeft, plotRight}, scale{0, top, plotBottom, plotTop}
	for v := 0.0; v <= top+step/2; v += step {
		p.Y = append(p.Y, tick{y.at(v), fmt.Sprintf("%.4g", v)})
	}
	_, every := nice(t.Length/unit, 5)
	for v := 0.0; v <= t.Length/unit; v += every {
		p.X = append(p.X, tick{x.at(v * unit), fmt.Sprintf("%.4g", v)})
	}
	p.Curve = curve(t.Plot.Points, x, y)
	p.Bands = bands(t, x)
	p.Truth = truthBand(t, x)
	for i := range t.Alerts {
		a := &t.Alerts[i]
		at := x.at(a.T)
		m := mark{X: at, TextX: at, Anchor: "middle", Text: fmt.Sprintf("alert %.0f s", a.T)}
		if near := len(p.Alerts); near > 0 && at-p.Alerts[near-1].X < 12*letter {
			m.Text = "" // the texts would lie on each other
		}
		m.TextX = min(max(at, plotLeft+6*letter), plotRight-5*letter)
		p.Alerts = append(p.Alerts, m)
	}
	p.Label = describe(t, most)
	return &p
}

// unitOf returns the unit for the time axis of a recording, in seconds and in words.
func unitOf(length float64) (seconds float64, name string) {
	switch {
	case length < 15*60:
		return 1, "seconds"
	case length < 4*3600:
		return 60, "minutes"
	default:
		return 3600, "hours"
	}
}

// curve returns the path of the points; of those that fall on one spot the highest is drawn.
func curve(points []evaluate.Point, x, y scale) string {
	var b strings.Builder
	each := (len(points) + maxDrawn - 1) / maxDrawn
	for i := 0; i < len(points); i += each {
		pt := points[i]
		for _, other := range points[i:min(i+each, len(points))] {
			if other.Cores > pt.Cores {
				pt = other
			}
		}
		command := byte('L')
		if i == 0 {
			command = 'M'
		}
		fmt.Fprintf(&b, "%c%g %g", command, x.at(pt.T), y.at(pt.Cores))
	}
	return b.String()
}

// bands returns the times at which something was suspected.
func bands(t *evaluate.Trace, x scale) []band {
	var out []band
	points := t.Plot.Points
	for i := 0; i < len(points); {
		j := i
		for j < len(points) && points[j].Said == points[i].Said {
			j++
		}
		if points[i].Said != "" {
			from, to := x.at(points[i].T), x.at(points[min(j, len(points)-1)].T)
			b := band{X: from, Width: tenth(max(to-from, 1)), Class: api.Heavy, Text: "heavy"}
			if points[i].Said == api.MiningLike {
				b.Class, b.Text = api.MiningLike, "mining-like"
			}
			if b.Width < letter*float64(len(b.Text)+2) {
				b.Text = ""
			}
			out = append(out, b)
		}
		i = j
	}
	return out
}

// truthBand returns when the label says that the load ran.
func truthBand(t *evaluate.Trace, x scale) *band {
	from, to := t.Truth.LoadStart, t.Truth.LoadEnd
	if from == nil && to == nil {
		return nil
	}
	low, high := x.at(0), x.at(t.Length)
	if from != nil {
		low = x.at(*from)
	}
	if to != nil {
		high = x.at(*to)
	}
	b := band{X: low, Width: tenth(max(high-low, 1)), Text: "true load"}
	if b.Width < letter*10 {
		b.Text = ""
	}
	return &b
}

// describe says in words what a trace's plot shows.
func describe(t *evaluate.Trace, most float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CPU use of %s over %.0f seconds, at most %.2f cores.", words.Clean(t.Plot.Subject), t.Length, most)
	if f := t.Truth.LoadStart; f != nil {
		fmt.Fprintf(&b, " The true load begins at %.0f s.", *f)
	}
	if e := t.Truth.LoadEnd; e != nil {
		fmt.Fprintf(&b, " The true load ends at %.0f s.", *e)
	}
	if len(t.Alerts) == 0 {
		b.WriteString(" There was no alert.")
	}
	for i := range t.Alerts[:min(len(t.Alerts), maxTold)] {
		fmt.Fprintf(&b, " Alert at %.0f s: %s, %s.", t.Alerts[i].T, t.Alerts[i].Severity, about(&t.Alerts[i]))
	}
	return b.String()
}

// detectPlot draws the share of all mining recordings that were detected by each time after the load's start.
func detectPlot(times []float64, all int) *plot {
	if all == 0 {
		return nil
	}
	p := emptyPlot()
	p.XName = "seconds after the load began"
	last := 60.0
	if len(times) > 0 {
		last = max(last, times[len(times)-1])
	}
	end, step := nice(last, 6)
	x, y := scale{0, end, plotLeft, plotRight}, scale{0, 1, plotBottom, plotTop}
	for v := 0.0; v <= end+step/2; v += step {
		p.X = append(p.X, tick{x.at(v), fmt.Sprintf("%.4g", v)})
	}
	for _, v := range []float64{0, 0.5, 0.9, 1} {
		text := fmt.Sprintf("%.0f %%", 100*v)
		if v == 1 {
			text = "all"
		}
		p.Y = append(p.Y, tick{y.at(v), text})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "M%g %g", x.at(0), y.at(0))
	for i, t := range times {
		fmt.Fprintf(&b, "H%gV%g", x.at(t), y.at(float64(i+1)/float64(all)))
	}
	fmt.Fprintf(&b, "H%g", x.at(end))
	p.Curve = b.String()
	p.Label = fmt.Sprintf("Share of %d mining recordings found by each time: %d in all.", all, len(times))
	return &p
}

// nice returns an end of an axis at or above most, and the step of about n marks up to it.
func nice(most float64, n int) (end, step float64) {
	most = max(most, 1e-3)
	rough := most / float64(n)
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, k := range []float64{1, 2, 5, 10} {
		if step = k * unit; step >= rough*0.999 {
			break
		}
	}
	return math.Ceil(most/step-1e-9) * step, step
}
