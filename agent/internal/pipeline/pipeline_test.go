package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

// run passes a source through the whole path and returns every tick.
func run(t *testing.T, source pipeline.Source) []pipeline.Tick {
	t.Helper()
	var ticks []pipeline.Tick
	err := pipeline.Run(t.Context(), source, heuristics.NewDetector(heuristics.Config{}), alert.NewManager("run", nil, nil),
		func(tick pipeline.Tick) { ticks = append(ticks, tick) })
	if err != nil {
		t.Fatal(err)
	}
	return ticks
}

// A live run and the replay of its recording must come to the same verdicts and alerts, tick by tick: there is one path.
func TestReplayEqualsLive(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	for range 2 {
		go func() { // something to judge
			runtime.LockOSThread()
			for x := uint64(1); ; x = x*6364136223846793005 + 1 {
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
	}
	var file bytes.Buffer
	machine := sampler.New(sampler.Options{Interval: 100 * time.Millisecond})
	const n = 40
	recorded := trace.Record(machine.Source, &file, trace.Header{Cores: 1, IntervalMS: 100})
	live := run(t, func(ctx context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			i := 0
			for s, err := range recorded(ctx) {
				if !yield(s, err) || err != nil {
					return
				}
				if i++; i == n {
					return
				}
			}
		}
	})
	_, source, err := trace.Replay(&file, "recording")
	if err != nil {
		t.Fatal(err)
	}
	again := run(t, source)
	if len(live) != n || len(again) != n {
		t.Fatalf("%d ticks live, %d replayed, want %d", len(live), len(again), n)
	}
	findings := 0
	same := cmp.Options{cmp.Comparer(func(a, b float64) bool { return a == b || (math.IsNaN(a) && math.IsNaN(b)) })}
	for i := range live {
		findings += len(live[i].Findings)
		if diff := cmp.Diff(live[i].Findings, again[i].Findings, same); diff != "" {
			t.Fatalf("tick %d differs (-live +replay):\n%s", i, diff)
		}
		if diff := cmp.Diff(live[i].Alerts, again[i].Alerts); diff != "" {
			t.Fatalf("tick %d alerts differently (-live +replay):\n%s", i, diff)
		}
	}
	if findings == 0 {
		t.Error("nothing was found, so nothing was compared")
	}
}

func TestSourceErrorEndsTheRun(t *testing.T) {
	broken := errors.New("no counters")
	source := func(context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) { yield(heuristics.Snapshot{}, broken) }
	}
	err := pipeline.Run(t.Context(), source, heuristics.NewDetector(heuristics.Config{}), alert.NewManager("run", nil, nil),
		func(pipeline.Tick) { t.Error("a tick without a snapshot") })
	if !errors.Is(err, broken) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}
