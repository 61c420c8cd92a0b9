package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"golang.org/x/net/html"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/recordings/evaluate"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
)

// markup is a name that breaks out of markup, attributes and lines, and turns text around.
const markup = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x1b[31m\u202e\nx"

// outcomes has one recording of every kind, with a markup name wherever a name can stand.
func outcomes() ([]evaluate.Trace, []evaluate.Summary) { return outcomesOf(markup) }

func outcomesOf(name string) ([]evaluate.Trace, []evaluate.Summary) {
	points := func(said api.Severity) evaluate.Plot {
		p := evaluate.Plot{Subject: name}
		for i := range 90 {
			pt := evaluate.Point{T: float64(i), Cores: 0.01}
			if i >= 10 && i < 80 {
				pt.Cores = 1.5
			}
			if i >= 25 && i < 83 {
				pt.Said = said
			}
			p.Points = append(p.Points, pt)
		}
		return p
	}
	alert := func(severity api.Severity) evaluate.Alert {
		return evaluate.Alert{T: 25, Severity: severity, Confidence: 0.91, Subject: "process", ProcessName: name}
	}
	of := func(folder, label string, outcome api.Severity, alerts ...evaluate.Alert) evaluate.Trace {
		t := evaluate.Trace{
			Name: folder, Split: evaluate.Test, Label: label, Outcome: outcome, Detail: evaluate.Enough, Length: 90, MachineCores: 4,
			Alerts: alerts, Rules: map[string]float64{"flatness": 1.5, "active_user": -0.75, name: 0.2}, Plot: points(outcome),
		}
		if outcome == "none" {
			t.Plot = points("")
		}
		t.Truth.Note = name
		if label == evaluate.Mining {
			t.Duty, t.Cores, t.MeasuredCores = new(0.75), new(1.5), new(1.49)
			t.Truth.LoadStart, t.Truth.LoadEnd = new(10.0), new(80.0)
		}
		return t
	}
	found := alert("mining_like")
	found.Subject, found.Site, found.SiteConfidence, found.Right, found.SiteRight, found.TimeToDetect = "browser_tab", name, "exact", true, true, new(15.0)
	wrong := found
	wrong.Right, wrong.SiteRight, wrong.SiteWrong, wrong.TimeToDetect = false, false, true, nil
	all := []evaluate.Trace{
		of("found", evaluate.Mining, "mining_like", found), of("missed", evaluate.Mining, "none"), of("wrong", evaluate.Mining, "none", wrong),
		of("build", evaluate.Benign, "heavy", alert("heavy")), of("quiet", evaluate.Benign, "none"), of("chess", evaluate.Lookalike, "mining_like", alert("mining_like")),
		of(name, evaluate.Mining, "none"), of("damaged", "", ""), of("empty", evaluate.Benign, "none"),
	}
	all[0].TimeToDetect = new(15.0)
	all[6].Detail = evaluate.NotEnough
	all[7].Problem = errors.New(name)
	all[7].Error = name
	all[8].Plot, all[8].Rules = evaluate.Plot{}, nil
	return all, evaluate.Summarise(all, "")
}

func page(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	all, sums := outcomes()
	if err := Evaluation(all, sums, "Made by "+markup).Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elements calls see for every element of a page, with its attributes and its text.
func elements(t *testing.T, page string, see func(n *html.Node, attr map[string]string)) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			attr := map[string]string{}
			for _, a := range n.Attr {
				attr[a.Key] = a.Val
			}
			see(n, attr)
		}
	}
}

func TestPageLoadsNothingAndRunsNothing(t *testing.T) {
	elements(t, page(t), func(n *html.Node, attr map[string]string) {
		switch n.Data {
		case "script", "img", "link", "iframe", "object", "embed", "base", "form", "a", "use", "image", "foreignobject":
			t.Errorf("there is a <%s>", n.Data)
		}
		for key := range attr {
			if strings.HasPrefix(key, "on") || key == "src" || key == "href" || key == "xlink:href" || key == "srcset" {
				t.Errorf("<%s> has %q", n.Data, key)
			}
		}
	})
	if p := page(t); strings.Contains(p, "@import") || strings.Contains(p, "url(") || strings.ContainsAny(p, "\x1b\u202e") || strings.Contains(p, "ZgotmplZ") {
		t.Error("the page names something outside, holds a control character or a value that its template refused")
	}
}

func TestPageIsAccessible(t *testing.T) {
	ids, count := map[string]bool{}, map[string]int{}
	var refers []string
	elements(t, page(t), func(n *html.Node, attr map[string]string) {
		count[n.Data]++
		if id := attr["id"]; id != "" {
			if ids[id] {
				t.Errorf("two elements are %q", id)
			}
			ids[id] = true
		}
		if to := attr["aria-labelledby"]; to != "" {
			refers = append(refers, to)
		}
		switch n.Data {
		case "html":
			if attr["lang"] == "" {
				t.Error("no language")
			}
		case "svg":
			if attr["aria-hidden"] != "true" && (attr["role"] != "img" || attr["aria-label"] == "") {
				t.Errorf("a drawing without words: %v", attr)
			}
		case "th":
			if attr["scope"] == "" {
				t.Error("a table heading without a scope")
			}
		case "article":
			if attr["aria-label"] == "" {
				t.Error("a recording without a name")
			}
		}
	})
	for _, to := range refers {
		if !ids[to] {
			t.Errorf("nothing is %q", to)
		}
	}
	if count["h1"] != 1 || count["main"] != 1 || count["table"] == 0 || count["caption"] != count["table"] || count["summary"] != count["details"] {
		t.Errorf("elements: %v", count)
	}
}

// What is wrong must be told by more than a colour, and what is wrong must come first.
func TestTroubleIsSaid(t *testing.T) {
	p := html.UnescapeString(page(t))
	last := -1
	for _, want := range []string{
		"Where it was wrong", "✗ missed", "✗ missed, wrong site", "✗ false alarm", "✗ lookalike called mining-like", "✗ not enough detail", "✗ not evaluated",
		"Mining that was found", "Benign and left alone",
	} {
		at := strings.Index(p, want)
		if at < 0 || at < last {
			t.Errorf("%q stands at %d, after what comes before it at %d", want, at, last)
		}
		last = at
	}
	for _, want := range []string{"wrong site", "true load", ">mining-like<", ">heavy<", "alert 25 s", "15 s after the load began", "+1.50", "-0.75"} {
		if !strings.Contains(p, want) {
			t.Errorf("nowhere is %q", want)
		}
	}
}

func TestPlotsStayInTheirFrame(t *testing.T) {
	all, _ := outcomes()
	for i := range all {
		p := tracePlot(&all[i])
		if p == nil {
			continue
		}
		for _, b := range p.Bands {
			if b.X < p.Left || b.X+b.Width > p.Right+1 {
				t.Errorf("%s: band %+v", all[i].Name, b)
			}
		}
		for _, m := range p.Alerts {
			if m.X < p.Left || m.X > p.Right {
				t.Errorf("%s: alert %+v", all[i].Name, m)
			}
		}
		for part := range strings.FieldsFuncSeq(p.Curve, func(r rune) bool { return r == 'M' || r == 'L' }) {
			var x, y float64
			if n, _ := fmt.Sscanf(part, "%g %g", &x, &y); n != 2 || x < p.Left || x > p.Right || y < p.Top || y > p.Bottom {
				t.Fatalf("%s: point %q", all[i].Name, part)
			}
		}
	}
}

func TestTimeToDetectCurve(t *testing.T) {
	if detectPlot(nil, 0) != nil {
		t.Error("a curve of nothing")
	}
	p := detectPlot([]float64{10, 20}, 4)
	// 0 to 60 s are 34 to 340 wide; none to all are 126 to 18 high.
	if want := "M34 126H85V99H136V72H340"; p.Curve != want {
		t.Errorf("curve %s, want %s", p.Curve, want)
	}
}

func TestLongRecordingsCountInHours(t *testing.T) {
	p := tracePlot(&evaluate.Trace{Length: 6 * 3600, Plot: evaluate.Plot{Points: []evaluate.Point{{T: 0}, {T: 21600, Cores: 1}}}})
	if p.XName != "hours" || len(p.X) != 4 || p.X[3] != (tick{p.Right, "6"}) {
		t.Errorf("%s: %+v", p.XName, p.X)
	}
}

func TestHostileNames(t *testing.T) {
	for _, name := range hostile.Names() {
		all, sums := outcomesOf(name)
		for i := range all {
			all[i].Name, all[i].Kind = all[i].Name+name, name
		}
		var table, page strings.Builder
		if err := errors.Join(Table(&table, all, sums), Evaluation(all, sums, name).Write(&page)); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{table.String(), page.String()} {
			if err := hostile.Check(strings.ReplaceAll(text, "\t", "")); err != nil {
				t.Errorf("%.40q: %v", name, err)
			}
		}
	}
}

func TestNiceAxes(t *testing.T) {
	for _, c := range []struct {
		most      float64
		n         int
		end, step float64
	}{{1, 4, 1, 0.5}, {1.65, 4, 2, 0.5}, {90, 5, 100, 20}, {0, 4, 0.001, 0.0005}, {64, 4, 80, 20}} {
		if end, step := nice(c.most, c.n); fmt.Sprint(end, step) != fmt.Sprint(c.end, c.step) {
			t.Errorf("%v in %d: %v by %v", c.most, c.n, end, step)
		}
	}
}

func TestBars(t *testing.T) {
	got, more := bars(map[string]float64{"a": 2, "b": -4, "c": 0, "d": 1, "e": 1, "f": 1, "g": 1, "h": 0.5})
	if more != 1 || len(got) != maxBars || got[0].Rule != "b" || got[0].For || got[0].X != 0 || got[0].Width != 50 || got[1].X != 50 || got[1].Width != 25 {
		t.Errorf("%+v and %d more", got, more)
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	all, sums := outcomes()
	if err := Table(&b, all, sums); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if w := runewidth.StringWidth(line); w > tableWidth || strings.ContainsAny(line, "\x1b\u202e\r") {
			t.Errorf("%d columns: %q", w, line)
		}
	}
	last := -1
	for _, want := range []string{
		"Missed mining: 2\n  missed ", "Wrong site: 1\n  wrong ", "False alarms on benign recordings: 1\n  build ", "Lookalikes called mining_like: 1\n  chess ",
		"Not enough detail for a verdict: 1\n", "Not evaluated (see the errors): 1\n  damaged\n", "Test split: 8 recordings (4 mining, 3 benign, 1 lookalike)\n",
		"Mining found (recall)        0.333 ", "Wrong sites named            1 ",
	} {
		at := strings.Index(b.String(), want)
		if at < last || at < 0 {
			t.Errorf("%q stands at %d, after %d:\n%s", want, at, last, b.String())
		}
		last = at
	}
}

func TestTableIsCutWhenLong(t *testing.T) {
	all, _ := outcomes()
	var many []evaluate.Trace
	for range maxRows + 7 {
		many = append(many, all[1])
	}
	var b strings.Builder
	if err := Table(&b, many, nil); err != nil || strings.Count(b.String(), "\n") > maxRows+4 || !strings.Contains(b.String(), "… and 7 more") {
		t.Errorf("%v:\n%s", err, b.String())
	}
}

func TestRatioIsNeverRoundedUp(t *testing.T) {
	for x, want := range map[float64]string{0.9799: "0.979", 0.98: "0.980", 1: "1.000", 0.9999999: "0.999"} {
		if got := ratio(&x); got != want {
			t.Errorf("%v is shown as %s", x, got)
		}
	}
}

func TestAFailedWriteIsTold(t *testing.T) {
	all, sums := outcomes()
	if err := Evaluation(all, sums, "").Write(broken{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	if err := Table(broken{}, all, sums); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
