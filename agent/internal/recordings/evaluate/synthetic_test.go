package evaluate

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

// load is a made-up load for a made-up recording.
type load struct {
	name, site    string // with a site it is a tab of chromium
	workers       int
	duty          float64
	from, to      int // seconds
	mainThread    bool
	uneven        bool
	hostOnly      bool
	every, length int // seconds
	noFrames      bool
}

var (
	rootID = heuristics.ProcessID{PID: 4000, StartTime: 100}
	loadID = heuristics.ProcessID{PID: 4711, StartTime: 200}
)

// snapshots makes the recording of one load on a machine with four cores.
func (l load) snapshots() []heuristics.Snapshot {
	l.every, l.length = max(l.every, 1), max(l.length, 90)
	var out []heuristics.Snapshot
	var cpu time.Duration
	run := make([]time.Duration, max(l.workers, 1)+1)
	for s := 0; s <= l.length; s += l.every {
		if s > l.from && s <= l.to {
			for w := range run[1:] {
				use := time.Duration(float64(l.every) * l.duty * float64(time.Second))
				if l.uneven {
					use = use * time.Duration((s*7+w*3)%10) / 10
				}
				at := w + 1
				if l.mainThread {
					at = 0
				}
				run[at] += use
				cpu += use
			}
		} else {
			run[0] += time.Millisecond
			cpu += time.Millisecond
		}
		snap := heuristics.Snapshot{
			Time: time.Date(2026, 11, 22, 10, 0, s, 0, time.UTC), At: time.Duration(s) * time.Second, Cores: 4, Busy: time.Hour + cpu,
		}
		if l.hostOnly {
			snap.Gaps = []heuristics.Gap{{Kind: heuristics.GapHostOnly}}
		} else {
			snap.Processes = append(snap.Processes, l.sample(s == 0, cpu, run))
			if s == 0 && l.site != "" {
				snap.Processes = append(snap.Processes, heuristics.ProcessSample{ID: rootID, Info: &heuristics.ProcessInfo{
					Name: "chromium", Browser: &heuristics.BrowserProcess{Family: "chromium", Role: "browser", Root: rootID},
				}})
			}
			if l.site != "" && !l.noFrames && s%5 == 0 {
				snap.Renderers = []heuristics.Renderer{{Process: loadID, Frames: []heuristics.Frame{
					{Tab: 3, Origin: "https://" + l.site, TopOrigin: "https://" + l.site, Hidden: true},
				}}}
			}
		}
		out = append(out, snap)
	}
	return out
}

func (l load) sample(first bool, cpu time.Duration, run []time.Duration) heuristics.ProcessSample {
	p := heuristics.ProcessSample{ID: loadID, User: cpu}
	worker := "worker"
	if l.site != "" {
		worker = "DedicatedWorker"
	}
	if first {
		p.Info = &heuristics.ProcessInfo{Name: l.name, Exe: "/opt/" + l.name, User: "1000"}
		if l.site != "" {
			p.Info.Browser = &heuristics.BrowserProcess{Family: "chromium", Role: "renderer", Root: rootID, Renderer: 7}
			p.Info.Parent = rootID
		}
	}
	for i, r := range run {
		name := worker
		if i == 0 {
			name = l.name
		}
		p.Threads = append(p.Threads, heuristics.ThreadSample{TID: loadID.PID + int32(i), Name: name, Run: r})
	}
	return p
}

// write makes dir/name with a recording and, unless truth is empty, its label.
func (l load) write(t *testing.T, dir, name, truth string) {
	t.Helper()
	folder := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(folder, traceFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	source := func(context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			for _, s := range l.snapshots() {
				if !yield(s, nil) {
					return
				}
			}
		}
	}
	header := trace.Header{Cores: 4, IntervalMS: int64(max(l.every, 1)) * 1000, OS: "linux", Simulated: true}
	for _, err := range trace.Record(source, f, header)(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if truth == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(folder, truthFile), []byte(truth), 0o600); err != nil {
		t.Fatal(err)
	}
}
