package trace

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/heuristics"
)

// maxSpan is the longest time that a recording holds.
const maxSpan = time.Duration(maxMicros) * time.Microsecond

// liar makes snapshots out of bytes: their form is always right, and their figures are whatever the bytes say.
type liar struct{ rest []byte }

// number takes a number below most, and now and then the largest there is.
func (l *liar) number(most int64) int64 {
	if len(l.rest) == 0 {
		return 0
	}
	kind := l.rest[0]
	l.rest = l.rest[1:]
	var b [8]byte
	l.rest = l.rest[copy(b[:], l.rest[:min(len(l.rest), int(kind%4))]):]
	switch n := int64(binary.LittleEndian.Uint64(b[:])); {
	case kind > 250:
		return most - 1
	case kind > 240:
		return max(0, most-1-n)
	default:
		return n % most
	}
}

func (l *liar) time() time.Duration { return time.Duration(l.number(maxMicros)) * time.Microsecond }

func (l *liar) text() string {
	all := []string{"", "chromium", "xmrig", "DOM Worker", "Compositor", "\x1b[2J\u202e", "https://films.test", "https://[::", "a) b", "/usr/lib/chromium/chromium", "renderer", "1000"}
	return all[l.number(int64(len(all)))]
}

func (l *liar) id() heuristics.ProcessID {
	return heuristics.ProcessID{PID: int32(l.number(6)), StartTime: l.number(3)}
}

func (l *liar) process() heuristics.ProcessSample {
	p := heuristics.ProcessSample{
		ID: l.id(), User: l.time(), System: l.time(), Children: l.time(), Resident: uint64(l.number(math.MaxInt64)),
		ReadBytes: uint64(l.number(math.MaxInt64)), WriteBytes: uint64(l.number(math.MaxInt64)), Transferred: uint64(l.number(math.MaxInt64)) * 2,
	}
	if l.number(2) == 0 {
		p.Info = &heuristics.ProcessInfo{Parent: l.id(), Name: l.text(), Exe: l.text(), User: l.text(), Nice: int(l.number(200)) - 100, PosesAsBrowser: l.number(2) == 0}
		if l.number(2) == 0 {
			p.Info.Browser = &heuristics.BrowserProcess{Family: heuristics.Family(l.text()), Role: heuristics.Role(l.text()), Root: l.id(), Renderer: int(l.number(4))}
		}
	}
	for range l.number(4) {
		p.Threads = append(p.Threads, heuristics.ThreadSample{TID: int32(l.number(5)), Name: l.text(), Run: l.time(), Wait: l.time()})
	}
	return p
}

func (l *liar) snapshot(at time.Duration) heuristics.Snapshot {
	s := heuristics.Snapshot{
		Time: time.Unix(l.number(1<<33), 0).UTC(), At: at, Cores: 1 + int(l.number(maxCores)), Busy: l.time(), Processes: []heuristics.ProcessSample{},
	}
	for range l.number(5) {
		s.Processes = append(s.Processes, l.process())
	}
	for range l.number(3) {
		s.Exited = append(s.Exited, l.id())
	}
	for range l.number(3) {
		r := heuristics.Renderer{Process: l.id(), LastOrigin: l.text(), User: heuristics.Presence(l.text())}
		for range l.number(3) {
			r.Frames = append(r.Frames, heuristics.Frame{Tab: l.number(3), Frame: l.number(3), Origin: l.text(), TopOrigin: l.text(), Hidden: l.number(2) == 0})
		}
		s.Renderers = append(s.Renderers, r)
	}
	for range l.number(2) {
		s.Gaps = append(s.Gaps, heuristics.Gap{Kind: heuristics.GapKind([]string{"slept", "unreadable", "late_tick", "x"}[l.number(4)]), PID: 1, Length: l.time()})
	}
	return s
}

// snapshots returns all that the bytes make, at most so many: a few that lie, each repeated a while, so that loads last.
func (l *liar) snapshots(most int) (out []heuristics.Snapshot) {
	at := time.Duration(0)
	for len(l.rest) > 0 && len(out) < most {
		s, step := l.snapshot(at), time.Duration(1+l.number(5_000_000))*time.Microsecond
		for range 1 + l.number(40) {
			s.At = at
			out = append(out, s)
			at += step
			grow := make([]heuristics.ProcessSample, len(s.Processes))
			for i, p := range s.Processes {
				p.User = min(p.User+step, maxSpan)
				grow[i] = p
			}
			s.Processes, s.Busy = grow, min(s.Busy+step, maxSpan)
		}
	}
	return out[:min(len(out), most)]
}

// FuzzLies records snapshots whose form is right and whose figures lie, replays them and judges them: what was recorded
// comes back, and every figure that is shown is one.
func FuzzLies(f *testing.F) {
	f.Add([]byte("\x01\x02\x03abcdefghijklmnopqrstuvwxyz0123456789"))
	f.Add(bytes.Repeat([]byte{2, 7, 9, 255, 1, 3, 250}, 60))
	f.Add(bytes.Repeat([]byte{255}, 300))
	f.Add(bytes.Repeat([]byte{0, 1, 1, 0, 3, 9, 9, 9, 241}, 80))
	f.Fuzz(func(t *testing.T, data []byte) {
		wrote := (&liar{data}).snapshots(200)
		var file bytes.Buffer
		for _, err := range Record(sourceOf(nil, wrote...), &file, Header{Cores: 2})(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		_, source, err := Replay(&file, "lies")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = pipeline.Replay(t.Context(), source, heuristics.Config{}, func(tick pipeline.Tick) {
			if diff := cmp.Diff(wrote[n], tick.Snapshot); diff != "" {
				t.Fatalf("snapshot %d (-written +read):\n%s", n, diff)
			}
			n++
			checkTick(t, &tick)
		})
		if err != nil || n != len(wrote) {
			t.Errorf("%d of %d snapshots came back, %v", n, len(wrote), err)
		}
	})
}

func checkTick(t *testing.T, tick *pipeline.Tick) {
	t.Helper()
	sane := func(what string, x, most float64) {
		if !(x >= 0 && x <= most) {
			t.Fatalf("at %v: %s %v", tick.Snapshot.At, what, x)
		}
	}
	for i := range tick.Findings {
		v := &tick.Findings[i].Verdict
		sane("confidence", v.Confidence, 1)
	}
	for _, a := range tick.Alerts {
		sane("cores", a.Cores, float64(maxCores))
		sane("machine_percent", a.MachinePercent, 100)
		sane("busy_s", a.Busy, math.MaxInt64/1e9)
		b, err := json.Marshal(a)
		if err != nil || len(b) > 64<<10 {
			t.Fatalf("an alert of %d bytes: %v", len(b), err)
		}
	}
}

// FuzzFile replays any bytes: what is no whole recording is an error, and none takes more than its window.
func FuzzFile(f *testing.F) {
	var whole bytes.Buffer
	for _, err := range Record(sourceOf(nil, (&liar{[]byte("\x01\x02\x03abcdefghijklmnopqrstuvwxyz0123456789")}).snapshots(20)...), &whole, Header{Cores: 2})(f.Context()) {
		if err != nil {
			f.Fatal(err)
		}
	}
	f.Add(whole.Bytes())
	f.Add(whole.Bytes()[:whole.Len()/2])
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, source, err := ReplayWithin(bytes.NewReader(data), "x", Limits{Bytes: 1 << 20, Processes: 100, Live: 50})
		if err != nil {
			return
		}
		last := time.Duration(-1)
		for s, err := range source(t.Context()) {
			if err != nil {
				return
			}
			if s.At <= last || s.Cores < 1 || len(s.Processes) > 600 {
				t.Fatalf("a snapshot at %v after %v with %d cores and %d processes", s.At, last, s.Cores, len(s.Processes))
			}
			last = s.At
		}
	})
}
