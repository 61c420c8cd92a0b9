package trace_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

// benchTicks is the number of snapshots that one operation of the benchmarks below writes or reads.
const benchTicks = 1000

// ticksOfDay returns snapshots as a day has them: three processes that moved a little, and in every sixth one that is
// hot with all its threads.
func ticksOfDay() []heuristics.Snapshot {
	all := make([]heuristics.Snapshot, benchTicks)
	for n := range all {
		at := time.Duration(n)*time.Second + time.Duration(n*7919%2000)*time.Microsecond
		s := heuristics.Snapshot{
			Time: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).Add(at).Truncate(time.Millisecond), At: at, Cores: 4,
			Busy: time.Duration(n) * 431 * time.Millisecond,
		}
		for i := range 3 {
			s.Processes = append(s.Processes, heuristics.ProcessSample{
				ID:   heuristics.ProcessID{PID: int32(400 + i), StartTime: int64(8000 + i)},
				User: time.Duration(n*(17+i)) * time.Millisecond, System: time.Duration(n*(3+i)) * time.Millisecond,
			})
		}
		if n%6 == 0 {
			p := &s.Processes[0]
			for i := range 14 {
				p.Threads = append(p.Threads, heuristics.ThreadSample{
					TID: int32(400 + i), Name: "ThreadPoolForeg", Run: time.Duration(n*i) * 999 * time.Microsecond,
					Wait: time.Duration(n*i) * 13 * time.Microsecond,
				})
			}
		}
		all[n] = s
	}
	return all
}

func sourceOfTicks(all []heuristics.Snapshot) pipeline.Source {
	return func(context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			for _, s := range all {
				if !yield(s, nil) {
					return
				}
			}
		}
	}
}

func encodeTicks(tb testing.TB, all []heuristics.Snapshot, w io.Writer) {
	tb.Helper()
	header := trace.Header{Cores: 4, IntervalMS: 1000, OS: "linux", Simulated: true}
	for _, err := range trace.Record(sourceOfTicks(all), w, header)(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkEncode writes 1,000 ticks, compressed.
func BenchmarkEncode(b *testing.B) {
	all := ticksOfDay()
	var file bytes.Buffer
	encodeTicks(b, all, &file)
	b.ReportAllocs()
	for b.Loop() {
		encodeTicks(b, all, io.Discard)
	}
	b.ReportMetric(float64(file.Len())/benchTicks, "file-B/tick")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchTicks, "ns/tick")
}

// BenchmarkDecode reads the same 1,000 ticks.
func BenchmarkDecode(b *testing.B) {
	var file bytes.Buffer
	encodeTicks(b, ticksOfDay(), &file)
	b.ReportAllocs()
	for b.Loop() {
		_, source, err := trace.Replay(bytes.NewReader(file.Bytes()), "benchmark")
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for _, err := range source(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != benchTicks {
			b.Fatalf("%d ticks came back, want %d", n, benchTicks)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchTicks, "ns/tick")
}
