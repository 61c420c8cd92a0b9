package sampler

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// sweeperCore is a sweeper but for what only its own system can tell.
type sweeperCore interface {
	name() string
	sweep(ctx context.Context, visit func(counters)) ([]heuristics.ProcessID, []heuristics.Gap, error)
}

// psSteps is a ps that writes one text after the other.
type psSteps struct {
	next psListing
	err  error
}

func (q *psSteps) list(context.Context) (psListing, error) { return q.next, q.err }

const (
	psDay    = "Sun Nov 22 15:42:"
	psSelf   = 500
	psMidday = int64(1795362120000) // psDay with 00 seconds, in ms since 1970
)

// psText writes lines for processes that started at that second: "pid time second name".
func psText(lines ...string) []byte {
	var b strings.Builder
	for _, line := range lines {
		f := strings.SplitN(line, " ", 4)
		b.WriteString("  " + f[0] + "   1   501   " + f[1] + " " + psDay + f[2] + " 2026     " + f[3] + "\n")
	}
	return []byte(b.String())
}

// psLife is the identity of a process of psText.
func psLife(pid int32, second int64) heuristics.ProcessID { return life(pid, psMidday+second*1000) }

func TestPSSweep(t *testing.T) {
	var q psSteps
	s := newPSSweep(q.list)
	s.self = psSelf
	step := func(name string, want told, lines ...string) {
		t.Helper()
		q.next = psListing{pid: 900, text: psText(append(lines, "900 0:00.01 59 ps")...)}
		wantTold(t, name, tellSweep(t, s), want)
	}
	me := psLife(psSelf, 0)
	const self = "500 0:01.00 00 minewatch"
	step("all at first, without ps itself", told{Seen: seen{me: time.Second, psLife(7, 1): 70 * time.Millisecond}}, self, "7 0:00.07 01 a")
	step("nothing moved but what looks", told{Seen: seen{me: time.Second}}, "7 0:00.07 01 a", self)
	step("moved", told{Seen: seen{me: time.Second, psLife(7, 1): 80 * time.Millisecond}}, self, "7 0:00.08 01 a")
	step("a new one, another gone", told{Seen: seen{me: time.Second, psLife(8, 2): 5 * time.Second}, Gone: []heuristics.ProcessID{psLife(7, 1)}},
		self, "8 0:05.00 02 b")
	step("the pid in a new life with the same time", told{Seen: seen{me: time.Second, psLife(8, 3): 5 * time.Second}, Gone: []heuristics.ProcessID{psLife(8, 2)}},
		self, "8 0:05.00 03 b")
	step("a time that seems to go back", told{Seen: seen{me: time.Second}}, self, "8 0:00.00 03 b")
	step("and comes again", told{Seen: seen{me: time.Second, psLife(8, 3): 6 * time.Second}}, self, "8 0:06.00 03 b")
	unreadable := []heuristics.Gap{{Kind: heuristics.GapUnreadable, PID: 8}}
	step("a line without a time", told{Seen: seen{me: time.Second}, Gaps: unreadable}, self, "8 - 03 b")
	step("two lines for one pid", told{Seen: seen{me: time.Second}, Gaps: unreadable}, self, "8 0:09.00 03 b", "8 0:00.00 04 forged")
	step("a name with a newline and a number", told{Seen: seen{me: time.Second, psLife(8, 3): 7 * time.Second}}, self, "8 0:07.00 03 b\n8 x\n\n9x")
	step("gone", told{Seen: seen{me: time.Second}, Gone: []heuristics.ProcessID{psLife(8, 3)}}, self)
}

func TestPSSweepAnswersForPS(t *testing.T) {
	q := psSteps{next: psListing{pid: 900, used: 30 * time.Millisecond, text: psText("500 0:01.00 00 minewatch", "7 0:00.00 01 a")}}
	s := newPSSweep(q.list)
	s.self = psSelf
	for i := range 3 {
		if _, _, err := s.sweep(t.Context(), func(c counters) {
			want := time.Duration(0)
			if c.id.PID == psSelf {
				want = time.Duration(i+1) * 30 * time.Millisecond
			}
			if c.children != want {
				t.Errorf("tick %d: process %d has children %v, want %v", i, c.id.PID, c.children, want)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPSSweepTellsBasics(t *testing.T) {
	q := psSteps{next: psListing{text: psText("500 0:01.00 00 minewatch", "7 0:00.00 01 sh")}}
	s := newPSSweep(q.list)
	s.self = psSelf
	tellSweep(t, s)
	if got, ok := s.basics(psLife(7, 1)); !ok || got != (basics{name: "sh", parent: 1, user: "501"}) {
		t.Errorf("%+v, %v", got, ok)
	}
	q.next.text = psText("500 0:01.00 00 minewatch", "7 0:00.00 01 xmrig")
	tellSweep(t, s)
	if got, _ := s.basics(psLife(7, 1)); got.name != "xmrig" {
		t.Errorf("after exec: %+v", got)
	}
	if _, ok := s.basics(psLife(7, 2)); ok {
		t.Error("another life is told of")
	}
}

func TestPSSweepBearsWithFailures(t *testing.T) {
	q := psSteps{next: psListing{text: psText("7 0:00.00 01 a")}}
	s := newPSSweep(q.list)
	s.self = psSelf
	if _, _, err := s.sweep(t.Context(), func(counters) {}); !errors.Is(err, errPSSelf) {
		t.Fatalf("a list without this process: %v", err)
	}
	whole := psText("500 0:00.00 00 minewatch", "7 0:00.00 01 a")
	q.next.text = whole
	tellSweep(t, s)
	gap := []heuristics.Gap{{Kind: heuristics.GapUnreadable}}
	q.err = errors.New("too many processes")
	wantTold(t, "failed", tellSweep(t, s), told{Gaps: gap})
	q = psSteps{next: psListing{text: whole[:30]}}
	wantTold(t, "broken off", tellSweep(t, s), told{Gaps: gap})
	q.next.text = whole
	wantTold(t, "whole again", tellSweep(t, s), told{Seen: seen{psLife(psSelf, 0): 0}})
	q.err = errors.New("for good")
	for i := range maxFailures {
		_, _, err := s.sweep(t.Context(), func(counters) {})
		if last := i == maxFailures-1; (err != nil) != last {
			t.Errorf("failure %d: %v", i+1, err)
		}
	}
}

// TestLivePS runs the ps of this system, which on Linux writes the same columns with whole seconds.
func TestLivePS(t *testing.T) {
	if _, err := os.Stat(psPath); err != nil || runtime.GOOS == "windows" {
		t.Skip("no " + psPath)
	}
	var runner psRunner
	open := func() *psSweep { return newPSSweep(runner.run) }
	slack := sweepSlack
	if runtime.GOOS == "linux" {
		slack += time.Second
	}
	if err := checkSweep(t.Context(), func() sweeper { return psTestSweep{open()} }, slack); err != nil {
		t.Error(err)
	}
	s := open()
	self := int32(os.Getpid())
	first := tellSweep(t, s)
	if len(first.Seen) < 3 {
		t.Fatalf("only %d processes", len(first.Seen))
	}
	load := startLoad(t, time.Minute)
	id := heuristics.ProcessID{}
	var used time.Duration
	for end := time.Now().Add(60 * time.Second); used < time.Second && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
		if _, _, err := s.sweep(t.Context(), func(c counters) {
			if b, ok := s.basics(c.id); !ok || b.parent == self && b.name == "ps" {
				t.Errorf("%v: %+v, %v", c.id, b, ok)
			}
			if c.id.PID == int32(load.Process.Pid) {
				id, used = c.id, c.user+c.system
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	if used < time.Second || used > 10*time.Second {
		t.Errorf("the load was seen to use %v", used)
	}
	b, ok := s.basics(id)
	if !ok || b.parent != self || b.user != strconv.Itoa(os.Getuid()) || !strings.HasPrefix("sampler.test", b.name) || b.name == "" {
		t.Errorf("basics of the load: %+v, %v", b, ok)
	}
	started := time.UnixMilli(id.StartTime)
	if d := time.Since(started); d < 0 || d > 2*time.Minute {
		t.Errorf("it started %v ago", d)
	}
	if s.spent <= 0 {
		t.Error("ps cost nothing")
	}
	_ = load.Process.Kill()
	_ = load.Wait()
	gone, _, err := s.sweep(t.Context(), func(counters) {})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, g := range gone {
		found = found || g.PID == id.PID
	}
	if !found {
		t.Errorf("its end was not told: %v", gone)
	}
}

// psTestSweep looks at single processes as gopsutil does on this system.
type psTestSweep struct{ *psSweep }

func (psTestSweep) same(id heuristics.ProcessID) bool { return sameLife(id) }

func TestCheckSweepFindsFault(t *testing.T) {
	self := int32(os.Getpid())
	now, ok := cpuOf(t.Context(), self)
	if !ok {
		t.Fatal("gopsutil does not know this process")
	}
	check := func(pid int32, cpu time.Duration) error {
		return checkSweep(t.Context(), func() sweeper { return fixedSweep{pid, cpu} }, sweepSlack)
	}
	if err := check(self, now+time.Hour); err == nil || !strings.Contains(err.Error(), "has used") {
		t.Errorf("an hour too much: %v", err)
	}
	if err := check(self, now-time.Hour); err == nil || !strings.Contains(err.Error(), "has used") {
		t.Errorf("an hour too little: %v", err)
	}
	if err := check(self+1_000_000, now); err == nil || !strings.Contains(err.Error(), "does not list") {
		t.Errorf("another process: %v", err)
	}
}

// fixedSweep knows one process.
type fixedSweep struct {
	pid int32
	cpu time.Duration
}

func (fixedSweep) name() string                   { return "fixed" }
func (fixedSweep) same(heuristics.ProcessID) bool { return true }

func (f fixedSweep) sweep(_ context.Context, visit func(counters)) ([]heuristics.ProcessID, []heuristics.Gap, error) {
	visit(counters{id: life(f.pid, 1), user: f.cpu})
	return nil, nil, nil
}

func TestCappedBuffer(t *testing.T) {
	var b cappedBuffer
	chunk := make([]byte, 1<<20)
	for range maxPSOutput / len(chunk) {
		if _, err := b.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Write([]byte{1}); err == nil || b.Len() != maxPSOutput {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
}

func BenchmarkPSSweep(b *testing.B) {
	lines := []string{"500 0:01.00 00 minewatch"}
	for i := range 300 {
		lines = append(lines, strconv.Itoa(1000+i)+" 0:07.11 01 process")
	}
	q := psSteps{next: psListing{text: psText(lines...)}}
	s := newPSSweep(q.list)
	s.self = psSelf
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.sweep(b.Context(), func(counters) {}); err != nil {
			b.Fatal(err)
		}
	}
}
