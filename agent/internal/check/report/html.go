package report

import (
	"cmp"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/minewatch/minewatch/agent/internal/check"
)

//go:embed page.html
var pageHTML string

// maxPlots bounds the plots of one page.
const maxPlots = 20

// document is what the template shows; every text in it is cleaned.
type document struct {
	Title, When, Browser, Agent string
	Pages                       []article
}

type article struct {
	URL, Word, Sentence string
	Verdict             check.Verdict
	Finding             *check.Finding
	Scripts             []row
	Modules             []check.Module
	Plots               []plot
	Screenshot          template.URL
	Facts, NotCovered   []string
}

type row struct {
	URL, SHA256, In, Frame, Duty, Share string
	Bytes, Threads                      int
}

// plot is the load of one visit, in the coordinates of the picture.
type plot struct {
	Title, Label  string
	Bands         []band
	Rows, Columns []tick
	Lines         []line
}

type band struct {
	X, W, T string
	Name    string
}

type tick struct{ X, Y, T, Name string }

type line struct{ Class, Key, Name, Points string }

// HTML writes a report that needs no other file, and loads none.
func HTML(w io.Writer, pages []check.Page) error {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return err
	}
	d := document{Title: "Nothing was checked"}
	worst := check.NothingFound
	for i := range pages {
		p := &pages[i]
		d.When, d.Browser, d.Agent = p.Checked.Format("2006-01-02 15:04 UTC"), clean(p.Browser), clean(p.Agent)
		d.Pages = append(d.Pages, articleOf(p))
		if i == 0 || p.Verdict.Outweighs(worst) {
			worst = p.Verdict
		}
	}
	switch {
	case len(pages) == 1:
		d.Title = clean(pages[0].Sentence)
	case len(pages) > 1:
		d.Title = fmt.Sprintf("%d pages checked, the weightiest answer: %s", len(pages), strings.ToLower(verdictOf(worst)))
	}
	return t.Execute(w, d)
}

func articleOf(p *check.Page) article {
	a := article{URL: clean(p.URL), Word: verdictOf(p.Verdict), Sentence: clean(p.Sentence), Verdict: p.Verdict}
	for _, s := range p.NotCovered {
		a.NotCovered = append(a.NotCovered, clean(s))
	}
	if _, f := p.Finding(); f != nil {
		c := *f
		c.Chain, c.Evidence = nil, nil
		for _, l := range f.Chain {
			c.Chain = append(c.Chain, check.Link{Kind: kind(l.Kind), Name: clean(l.Name)})
		}
		for _, e := range f.Evidence {
			c.Evidence = append(c.Evidence, check.Evidence{Text: clean(e.Text)})
		}
		c.Advice = clean(f.Advice)
		a.Finding = &c
	}
	shown := 0
	for i := range p.Visits {
		v := &p.Visits[i]
		if shown < maxPlots && len(v.Load) > 1 {
			shown++
			a.Plots = append(a.Plots, plotOf(v, i, len(p.Visits)))
		}
		if len(v.Screenshot) > 0 && a.Screenshot == "" {
			a.Screenshot = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(v.Screenshot)) //nolint:gosec // a picture of ours
		}
		a.Facts = append(a.Facts, factsOf(v, i))
	}
	if v := shownVisit(p); v != nil {
		for i := range v.Busy {
			s := &v.Busy[i]
			a.Scripts = append(a.Scripts, row{
				URL: clean(s.URL), SHA256: clean(s.SHA256), In: kind(s.In), Frame: clean(s.Frame), Duty: percent(s.Duty), Share: percent(s.Share), Bytes: s.Bytes, Threads: s.Threads,
			})
		}
		for _, m := range v.Modules {
			a.Modules = append(a.Modules, check.Module{Name: clean(m.Name), By: clean(m.By), In: clean(m.In), Bytes: m.Bytes, SHA256: clean(m.SHA256)})
		}
	}
	return a
}

// shownVisit is the visit whose scripts are shown: the first of the page's verdict.
func shownVisit(p *check.Page) *check.Visit {
	for i := range p.Visits {
		if p.Visits[i].Verdict == p.Verdict {
			return &p.Visits[i]
		}
	}
	return nil
}

func factsOf(v *check.Visit, i int) string {
	text := fmt.Sprintf("Visit %d: %s, watched for %.0f s, %d frames, %d workers, %d WebAssembly modules, %d hosts asked, %d bytes received", i+1,
		strings.ToLower(verdictOf(v.Verdict)), v.WatchedS, v.Frames, v.Workers, len(v.Modules), len(v.Hosts), v.ReceivedBytes)
	if len(v.Sockets) > 0 {
		text += ", WebSockets to " + clean(strings.Join(v.Sockets[:min(len(v.Sockets), 8)], ", "))
	}
	if n := v.Popups + v.Dialogs + v.Downloads; n > 0 {
		text += fmt.Sprintf(", %d windows, dialogs and downloads not let through", n)
	}
	if v.Detail != "" {
		text += ": " + clean(v.Detail)
	}
	return text + "."
}

func percent(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) }

// plotOf draws the load of a visit: in all, what its workers asked for and what the page's own thread used.
func plotOf(v *check.Visit, i, of int) plot {
	p := plot{Title: "Load"}
	if of > 1 {
		p.Title = fmt.Sprintf("Load in visit %d", i+1)
	}
	length, most := 1.0, 0.5
	for _, pt := range v.Load {
		length, most = max(length, pt.AtS), max(most, pt.Cores)
	}
	most = math.Ceil(most*2) / 2
	x := func(s float64) float64 { return 45 + 580*min(s, length)/length }
	y := func(c float64) float64 { return 180 - 165*min(c, most)/most }
	for n, ph := range v.Phases {
		if n%2 == 0 && len(v.Phases) > 1 {
			p.Bands = append(p.Bands, band{X: number(x(ph.FromS)), W: number(x(ph.ToS) - x(ph.FromS)), T: number(x(ph.FromS) + 4), Name: phase(ph.Name)})
		} else {
			p.Bands = append(p.Bands, band{X: number(x(ph.FromS)), W: "0", T: number(x(ph.FromS) + 4), Name: phase(ph.Name)})
		}
	}
	for k := range 3 {
		c := most * float64(k) / 2
		p.Rows = append(p.Rows, tick{Y: number(y(c)), T: number(y(c) + 4), Name: fmt.Sprintf("%.2g", c)})
	}
	for k := range 5 {
		s := length * float64(k) / 4
		p.Columns = append(p.Columns, tick{X: number(x(s)), Name: fmt.Sprintf("%.0f", s)})
	}
	draw := func(name string, of func(check.Point) float64) {
		points := make([]string, 0, len(v.Load))
		for _, pt := range v.Load {
			points = append(points, number(x(pt.AtS))+","+number(y(of(pt))))
		}
		n := len(p.Lines)
		p.Lines = append(p.Lines, line{Class: fmt.Sprintf("l%d", n), Key: fmt.Sprintf("k%d", n), Name: clean(name), Points: strings.Join(points, " ")})
	}
	draw("all processes of the page", func(pt check.Point) float64 { return pt.Cores })
	for _, name := range busiest(v.Load) {
		draw(name, func(pt check.Point) float64 { return pt.Threads[name] })
	}
	p.Label = fmt.Sprintf("Load over %.0f seconds, at most %.2f cores", length, most)
	return p
}

// busiest returns the names of the threads that used most, at most five.
func busiest(load []check.Point) []string {
	sum := map[string]float64{}
	for _, pt := range load {
		for name, c := range pt.Threads {
			sum[name] += c
		}
	}
	names := slices.SortedFunc(maps.Keys(sum), func(a, b string) int { return cmp.Or(cmp.Compare(sum[b], sum[a]), strings.Compare(a, b)) })
	names = slices.DeleteFunc(names, func(n string) bool { return sum[n] < 0.01*float64(len(load)) })
	return names[:min(len(names), 5)]
}

func number(x float64) string { return fmt.Sprintf("%.1f", x) }
