package cli

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/terminal"
	"github.com/minewatch/minewatch/heuristics"
)

// What --explain prints adds up to what it says in the end, and leaves no rule or figure out.
func TestExplanationAddsUp(t *testing.T) {
	file := filepath.Join("..", "..", "..", "testdata", "traces", "mining-cr-2x70-hidden-reading", "trace.jsonl.zst")
	for _, moment := range []string{"alert", "18s", "23s"} {
		c := replayCommand()
		var out bytes.Buffer
		c.SetOut(&out)
		c.SetArgs([]string{"--json", "--explain", moment, file})
		if err := c.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		var e terminal.Explanation
		if err := json.Unmarshal(out.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		sum, said := e.Bias, map[string]bool{}
		for _, r := range e.Rules {
			sum += r.Weight
			said[r.Rule] = true
			if r.Silent && (r.Weight != 0 || r.Text != "") {
				t.Errorf("%s: the silent rule %s says %q", moment, r.Rule, r.Text)
			}
			if r.Needs == "" {
				t.Errorf("%s: %s needs nothing", moment, r.Rule)
			}
		}
		if math.Abs(sum-e.LogOdds) > 1e-9 || math.Abs(1/(1+math.Exp(-e.LogOdds))-e.Confidence) > 1e-12 {
			t.Errorf("%s: the sum is %v, log-odds %v, confidence %v", moment, sum, e.LogOdds, e.Confidence)
		}
		if len(said) != len(heuristics.Rules()) || len(e.Rules) != len(said) {
			t.Errorf("%s: %d of %d rules", moment, len(said), len(heuristics.Rules()))
		}
		if len(e.Features) != len((&heuristics.Features{}).List()) {
			t.Errorf("%s: %d figures", moment, len(e.Features))
		}
	}
}

func TestMoments(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"41s": 41 * time.Second, "41": 41 * time.Second, "+24.0s": 24 * time.Second, "1m30s": 90 * time.Second, "0": 0, "24.5": 24500 * time.Millisecond,
	} {
		if m, err := parseMoment(text); err != nil || m.at != want || m.firstAlert {
			t.Errorf("%q: %+v, %v", text, m, err)
		}
	}
	if m, err := parseMoment("alert"); err != nil || !m.firstAlert {
		t.Errorf("alert: %+v, %v", m, err)
	}
	for _, text := range []string{"", "-1s", "soon", "1 s", "NaN"} {
		if m, err := parseMoment(text); err == nil {
			t.Errorf("%q is taken for %+v", text, m)
		}
	}
}

// ticks hands snapshots of a busy program, interval apart, through the detector into a detail.
func ticks(t *testing.T, n int, interval time.Duration, change func(*heuristics.Snapshot)) string {
	t.Helper()
	detector := heuristics.NewDetector(heuristics.Config{})
	var d detail
	for i := range n {
		at := time.Duration(i) * interval
		s := heuristics.Snapshot{At: at, Cores: 2, Processes: []heuristics.ProcessSample{{
			ID: heuristics.ProcessID{PID: 5}, User: at, Transferred: uint64(i + 1), Resident: 1 << 20,
			Threads: []heuristics.ThreadSample{{TID: 5, Name: "x", Run: at}},
		}}}
		if i == 0 {
			s.Processes[0].Info = &heuristics.ProcessInfo{Name: "x", Exe: "/usr/bin/x"}
		}
		change(&s)
		tick := pipeline.Tick{Snapshot: s}
		for _, v := range detector.Observe(s) {
			tick.Findings = append(tick.Findings, alert.Finding{Verdict: v})
		}
		d.observe(&tick)
	}
	return d.lacks()
}

func TestDetail(t *testing.T) {
	tests := map[string]struct {
		n        int
		interval time.Duration
		change   func(*heuristics.Snapshot)
		want     string
	}{
		"enough": {60, time.Second, func(*heuristics.Snapshot) {}, ""},
		"empty":  {0, 0, nil, "Not enough detail: the recording holds no sample."},
		"short":  {5, time.Second, func(*heuristics.Snapshot) {}, "Not enough detail: the recording lasts 4s, and nothing can be said of a load before 10s."},
		"host only": {60, time.Second, func(s *heuristics.Snapshot) {
			s.Processes = nil
			s.Gaps = []heuristics.Gap{{Kind: heuristics.GapHostOnly}}
		}, "Not enough detail: only the whole computer's load is in this recording and no process, so nothing in it can be judged."},
		"coarse": {60, time.Minute, func(*heuristics.Snapshot) {}, "Not enough detail: this recording lacks samples at most 5s apart (these are 1m0s). " +
			"What needs that was left out, so a load may go unnoticed or be called less than it is."},
		"no threads": {60, time.Second, func(s *heuristics.Snapshot) { s.Processes[0].Threads = nil }, "Not enough detail: this recording lacks CPU time per thread. " +
			"What needs that was left out, so a load may go unnoticed or be called less than it is."},
		"no bytes": {60, time.Second, func(s *heuristics.Snapshot) { s.Processes[0].Transferred = 0 }, "Not enough detail: this recording lacks bytes read and written by programs. " +
			"What needs that was left out, so a load may go unnoticed or be called less than it is."},
		"idle without threads": {60, time.Second, func(s *heuristics.Snapshot) { s.Processes[0].User, s.Processes[0].Threads = 0, nil }, ""},
	}
	for name, test := range tests {
		if got := ticks(t, test.n, test.interval, test.change); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
