package daemon

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/agent/internal/extensions"
	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/heuristics"
)

// mine is the browser whose popup asks.
func mine() extensions.Peer {
	return extensions.Peer{PID: 9, Root: heuristics.ProcessID{PID: 1000, StartTime: 1}, User: "7"}
}

// tab is a verdict on a renderer of a browser.
func tab(peer extensions.Peer, renderer int, cores float64) alert.Finding {
	pid := int32(2000 + renderer) //nolint:gosec // small
	return alert.Finding{
		Verdict: heuristics.Verdict{
			Subject: heuristics.Subject{
				Key: fmt.Sprintf("%d.%d", peer.Root.PID, pid), Kind: heuristics.SubjectProcess,
				Process: heuristics.ProcessID{PID: pid, StartTime: 2},
				Info: heuristics.ProcessInfo{Name: "chromium", User: peer.User, Browser: &heuristics.BrowserProcess{
					Family: "chromium", Role: "renderer", Root: peer.Root, Renderer: renderer,
				}},
			},
			Now: cores, Features: heuristics.Features{Cores: cores}, State: heuristics.Watching,
		},
		Owner: attribution.Owner{Subject: "browser_tab", Level: api.Exact, Site: "films.test", Root: peer.Root, Renderer: renderer},
	}
}

func tickAt(second int, judged ...alert.Finding) *pipeline.Tick {
	at := time.Duration(second) * time.Second
	return &pipeline.Tick{Snapshot: heuristics.Snapshot{At: at, Cores: 2, Busy: at}, Findings: judged}
}

func TestLoadsOfOneBrowser(t *testing.T) {
	stranger, elsewhere := mine(), mine()
	stranger.User = "8"
	elsewhere.Root.PID = 1001
	program := tab(mine(), 5, 1)
	program.Verdict.Subject.Key, program.Verdict.Subject.Info.Browser = "program", nil
	var l loads
	l.observe(tickAt(1, tab(mine(), 2, 0.3), tab(stranger, 3, 1), tab(elsewhere, 4, 1), program, tab(mine(), 6, 0.5), tab(mine(), 8, 0.01)))
	got := l.told(mine(), "", nil, nil)
	var renderers []int
	for _, r := range got.Tabs {
		renderers = append(renderers, r.Renderer)
	}
	if diff := cmp.Diff([]int{6, 2}, renderers); diff != "" { // the busiest first, nobody else's
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r := got.Tabs[0]; r.Machine != 25 || r.Cores != 0.5 || r.State != "watching" || r.Alert != "" {
		t.Errorf("%+v", r)
	}
	allowed := l.told(mine(), "", nil, map[string]bool{"films.test": true}).Tabs[0]
	if !allowed.Allowed || got.Tabs[0].Allowed {
		t.Errorf("allowed: %+v, not allowed: %+v", allowed, got.Tabs[0])
	}
	for renderer, want := range map[int]string{6: "films.test", 3: "", 4: "", 7: ""} { // nobody else's
		if site := l.site(mine(), renderer); site != want {
			t.Errorf("renderer %d is of %q, want %q", renderer, site, want)
		}
	}
	l.observe(tickAt(2))
	if got := l.told(mine(), "", nil, nil); len(got.Tabs) > 0 {
		t.Errorf("quiet now, but told: %+v", got.Tabs)
	}
}

func TestLoadsRememberAMinute(t *testing.T) {
	var l loads
	for s := 1; s <= 100; s++ {
		l.observe(tickAt(s, tab(mine(), 2, float64(s)/100)))
	}
	got := l.told(mine(), "", nil, nil).Tabs[0].Samples
	want := make([]int, 60)
	for i := range want {
		want[i] = 41 + i
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A pause is a pause, and ticks of three seconds fill three places each.
	l.observe(tickAt(101))
	l.observe(tickAt(104))
	l.observe(tickAt(107, tab(mine(), 2, 0.9)))
	got = l.told(mine(), "", nil, nil).Tabs[0].Samples
	if diff := cmp.Diff([]int{99, 100, 0, 0, 0, 0, 90, 90, 90}, got[len(got)-9:]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	l.observe(tickAt(300))
	if len(l.of) > 0 {
		t.Errorf("still remembered: %d", len(l.of))
	}
}

// Whatever the detector says, the message fits the line to the extension.
func TestLoadsFit(t *testing.T) {
	var l loads
	var judged []alert.Finding
	for n := 1; n <= 30; n++ {
		j := tab(mine(), n, 9.99)
		j.Verdict.State, j.Verdict.Severity = heuristics.Suspected, heuristics.MiningLike
		for range 10 {
			j.Verdict.Evidence = append(j.Verdict.Evidence, heuristics.Evidence{Weight: 1, Text: strings.Repeat("映<", 500)})
		}
		judged = append(judged, j)
	}
	for s := 1; s <= 70; s++ {
		l.observe(tickAt(s, judged...))
	}
	got := l.told(mine(), "ja", nil, nil)
	if !nm.Fits(got) || len(got.Tabs) == 0 || len(got.Tabs)+got.More != 30 {
		t.Errorf("%d tabs and %d more", len(got.Tabs), got.More)
	}
	if w := got.Tabs[0].Why; len(w) != maxWhy || !strings.Contains(w[0], "マイニング") {
		t.Errorf("why: %.100q", w)
	}
}

// A popup may act on the alerts of its own browser and user alone.
func TestPopupOnlyAboutTheOwnBrowser(t *testing.T) {
	elsewhere, stranger := mine(), mine()
	elsewhere.Root.PID, stranger.User = 1001, "8"
	d := &Daemon{alerts: alert.NewManager("run", nil, nil)}
	var judged []alert.Finding
	for i, p := range []extensions.Peer{mine(), elsewhere, stranger} {
		j := tab(p, 2+i, 1)
		j.Owner.Site = fmt.Sprintf("site%d.test", i)
		j.Verdict.State, j.Verdict.Severity = heuristics.Suspected, heuristics.MiningLike
		judged = append(judged, j)
	}
	d.alerts.Observe(time.Unix(1000, 0), time.Second, judged)
	open := d.openIn(mine())
	if len(open) != 1 || open[2002] == nil || open[2002].Site != "site0.test" {
		t.Fatalf("the browser's alerts are %+v", open)
	}
	own := open[2002].ID
	for _, a := range d.alerts.Open("") {
		err := popup{d}.Snooze(t.Context(), mine(), a.ID, -1) // refused later if it is the own one
		if want := map[bool]string{true: "snooze for more", false: "no open alert"}[a.ID == own]; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", a.Site, err, want)
		}
	}
	if !slices.ContainsFunc(d.alerts.Open("8"), func(a api.Alert) bool { return a.State == api.Firing }) {
		t.Error("the stranger's alert is gone")
	}
}
