package main

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

func TestLines(t *testing.T) {
	var out bytes.Buffer
	s := sheet{out: &out}
	for _, err := range []error{
		s.ratio("sampler", 300, "top", 0.14, 0.2, nil),
		s.value("allocs", 300, "allocations_per_quiet_tick", 0, 0, map[string]float64{"bytes_per_tick": 1.0 / 3}),
		s.attributed("respawn-0.3s", 0.97, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := `{"type":"bench","what":"sampler","procs":300,"against":"top","ratio":0.14,"limit":0.2,"ok":true}
{"type":"bench","what":"allocs","procs":300,"measure":"allocations_per_quiet_tick","value":0,"limit":0,"ok":true,"figures":{"bytes_per_tick":0.3333}}
{"type":"bench","what":"respawner","against":"respawn-0.3s","ratio":0.97,"at_least":0.9,"ok":true}
`
	if diff := cmp.Diff(want, out.String()); diff != "" || s.missed {
		t.Errorf("missed %t, lines (-want +got):\n%s", s.missed, diff)
	}
}

// A measurement that failed must not look like a good one.
func TestWhatMissesALimit(t *testing.T) {
	for name, say := range map[string]func(*sheet) error{
		"above":          func(s *sheet) error { return s.ratio("sampler", 300, "top", 0.21, 0.2, nil) },
		"nothing used":   func(s *sheet) error { return s.ratio("sampler", 300, "top", 0, 0.2, nil) },
		"no rounds":      func(s *sheet) error { return s.ratio("sampler", 300, "top", median(nil), 0.2, nil) },
		"too much":       func(s *sheet) error { return s.value("soak", 1000, "files_leaked", 1, 0, nil) },
		"no value":       func(s *sheet) error { return s.value("accuracy", 0, "points", math.NaN(), 2, nil) },
		"too little":     func(s *sheet) error { return s.attributed("x", 0.89, nil) },
		"counted twice":  func(s *sheet) error { return s.attributed("x", 1.9, nil) },
		"truth was zero": func(s *sheet) error { return s.attributed("x", math.Inf(1), nil) },
	} {
		s := sheet{out: &bytes.Buffer{}}
		if err := say(&s); err != nil || !s.missed {
			t.Errorf("%s: missed %t, %v; want a missed limit", name, s.missed, err)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v", got)
	}
}

func TestCommandLine(t *testing.T) {
	o, _, err := parse([]string{"-only", "sampler, soak", "-procs", "20,40", "-soak", "10m"})
	if err != nil || !o.wants("soak") || o.wants("agent") || !cmp.Equal(o.procs, []int{20, 40}) || o.soak != 10*time.Minute {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []string{"-only miner", "-procs 5", "-procs x", "-rounds 0", "-soak 1s", "more", "-nothing"} {
		if o, _, err := parse(strings.Fields(bad)); err == nil {
			t.Errorf("%q is understood as %+v", bad, o)
		}
	}
}

// The day must be the same at every call, or its limits would mean nothing, and be one that the sampler could have told:
// counters never go back, and nobody uses more than there is.
func TestDay(t *testing.T) {
	write := func() []byte {
		var b bytes.Buffer
		if err := writeDay(t.Context(), &b, 10*time.Minute); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	file := write()
	if !bytes.Equal(file, write()) {
		t.Error("two days differ")
	}
	header, source, err := trace.Replay(bytes.NewReader(file), "day")
	if err != nil || !header.Simulated || header.Cores != dayCores {
		t.Fatalf("%+v, %v", header, err)
	}
	last := map[heuristics.ProcessID]time.Duration{}
	var ticks int
	var busy, at time.Duration
	for s, err := range source(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if ticks++; ticks == 1 && len(s.Processes) < dayProcesses {
			t.Errorf("the first snapshot lists %d processes, want %d", len(s.Processes), dayProcesses)
		}
		if s.Busy < busy || s.Busy-busy > (s.At-at)*dayCores {
			t.Errorf("%v: busy goes from %v to %v", s.At, busy, s.Busy)
		}
		busy, at = s.Busy, s.At
		for i := range s.Processes {
			p := &s.Processes[i]
			before, known := last[p.ID]
			if p.CPU() < before || known == (p.Info != nil) {
				t.Errorf("%v: %v from %v to %v, known %t, described %t", s.At, p.ID, before, p.CPU(), known, p.Info != nil)
			}
			last[p.ID] = p.CPU()
		}
		for _, id := range s.Exited {
			if _, ok := last[id]; !ok {
				t.Errorf("%v: %v ended and was never there", s.At, id)
			}
		}
	}
	if ticks != 600 {
		t.Errorf("%d ticks, want 600", ticks)
	}
}
