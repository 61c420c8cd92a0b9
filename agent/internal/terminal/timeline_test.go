package terminal

import (
	"math"
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
)

// minedTab is a tab that mines from 20 s on, beside a program that is busy for 10 s.
func minedTab() *Timeline {
	tl := NewTimeline()
	for s := range 61 {
		var rows []api.LiveRow
		if s > 20 {
			r := api.LiveRow{Key: "tab", Subject: tab, Process: "chromium", PID: 7, Cores: 1.5, State: "watching"}
			if s > 25 {
				r.Site, r.SiteConfidence = "films.test", "exact"
			}
			if s > 40 {
				r.State, r.Severity = suspected, miningLike
			}
			rows = append(rows, r)
		}
		if s > 5 && s <= 15 {
			rows = append(rows, api.LiveRow{Key: "cc1", Subject: "process", Process: "cc1", PID: 8, Cores: 0.4, State: "watching"})
		}
		rows = append(rows, api.LiveRow{Key: "idle", Subject: "process", Process: "idle", PID: 9, Cores: 0.01, State: "watching"})
		tl.Add(float64(s), rows)
	}
	return tl
}

func TestTimeline(t *testing.T) {
	want := []string{
		strings.Repeat(" ", 28) + "0 s                     30 s                    60 s",
		"films.test (exact)          " + strings.Repeat(" ", 17) + "▆" + strings.Repeat("█", 34),
		"  up to 1.50 cores          " + strings.Repeat(" ", 17) + strings.Repeat("·", 17) + strings.Repeat("M", 18),
		"cc1 (process 8)                 ▂▃▃▃▃▃▃▃▃",
		"  up to 0.40 cores              ·········",
		"Full height is 1.50 cores, a column 1.15 s. · watching  h heavy  M mining-like",
	}
	got := minedTab().Lines(80)
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d\n got %q\nwant %q", i, got[i], want[i])
		}
	}
}

func TestTimelineFitsAnyWidth(t *testing.T) {
	for _, width := range []int{0, 40, 52, 80, 81, 133, 200, 10000} {
		for _, line := range minedTab().Lines(width) {
			if n := cells(line); n > max(width, leastWidth+27) || n > mostWidth {
				t.Errorf("width %d: %d columns in %q", width, n, line)
			}
		}
	}
	for _, line := range Plain(minedTab().Lines(80), func(k string) string { return map[string]string{"LANG": "C"}[k] }) {
		if strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("not ASCII: %q", line)
		}
	}
}

// Hours cost no more memory than minutes, the busiest are kept, and what a stranger's recording says breaks no line.
func TestTimelineIsBounded(t *testing.T) {
	tl := NewTimeline()
	for s := range 20_000 {
		rows := []api.LiveRow{
			{Key: "steady", Subject: "process", Process: "steady\n\x1b[31m", Cores: 1, State: suspected, Severity: "heavy"},
			{Key: strings.Repeat("x", s%100) + "passing", Subject: "process", Process: "passing", Cores: math.NaN()},
			{Key: "bent", Subject: "process", Cores: math.Inf(1)},
		}
		tl.Add(float64(s)*60, rows)
	}
	tl.Add(5, nil) // the time goes back
	if len(tl.lanes) > maxLanes || tl.lanes["steady"] == nil {
		t.Errorf("%d lanes", len(tl.lanes))
	}
	tl.Add(7e10, []api.LiveRow{{Key: "steady", Cores: 1}})
	for _, line := range tl.Lines(80) {
		if cells(line) > 80 || strings.ContainsAny(line, "\n\x1b") {
			t.Errorf("line %q", line)
		}
	}
	if lines := NewTimeline().Lines(80); lines != nil {
		t.Errorf("nothing is drawn as %q", lines)
	}
}

// The use of all columns together is that of the recording, however it was split into ticks.
func TestTimelineKeepsTheSum(t *testing.T) {
	tl, at := NewTimeline(), 0.0
	tl.Add(0, nil)
	want := 0.0
	for i := range 3000 {
		step := 0.1 + float64(i%7)*0.3
		at += step
		want += step * float64(i%3)
		tl.Add(at, []api.LiveRow{{Key: "a", Cores: float64(i % 3)}})
	}
	got := 0.0
	for _, u := range tl.uses(tl.lanes["a"], 52) {
		got += u * at / 52
	}
	if math.Abs(got-want) > 1e-3*want { // the first tick has no length, so what it says is not drawn
		t.Errorf("%.3f core seconds are drawn, want %.3f", got, want)
	}
}
