package browser

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/heuristics"
)

var (
	rootA = heuristics.ProcessID{PID: 100, StartTime: 1}
	rootB = heuristics.ProcessID{PID: 100, StartTime: 2} // the same pid in another life
	proc  = heuristics.ProcessID{PID: 4711, StartTime: 9}
)

// profile is one host as the tests play it.
type profile struct {
	t         *testing.T
	bridge    *Bridge
	pid       int32
	questions <-chan api.Question
	detach    func()
}

func attach(t *testing.T, b *Bridge, pid int32, root heuristics.ProcessID) *profile {
	t.Helper()
	questions, detach, err := b.Attach(HostPeer{PID: pid, Root: root, User: "1000", Browser: "chromium"})
	if err != nil {
		t.Fatal(err)
	}
	return &profile{t, b, pid, questions, detach}
}

// next returns the question that waits.
func (p *profile) next() api.Question {
	p.t.Helper()
	select {
	case q := <-p.questions:
		return q
	default:
		p.t.Fatal("no question waits")
		return api.Question{}
	}
}

func (p *profile) none() {
	p.t.Helper()
	select {
	case q, ok := <-p.questions:
		p.t.Fatalf("a question waits: %+v (%v)", q, ok)
	default:
	}
}

// frames answers a question with frames of origins, or with the last origin if there are none.
func (p *profile) frames(q api.Question, last string, origins ...string) {
	p.t.Helper()
	a := api.Answer{V: 1, Type: "frames", ID: q.ID, Renderer: q.Renderer, Last: last}
	for i, o := range origins {
		a.Frames = append(a.Frames, api.Frame{Tab: int64(p.pid), Frame: int64(i), Origin: o, Top: o})
	}
	if err := p.bridge.Answer(p.pid, a); err != nil {
		p.t.Errorf("the answer was refused: %v", err)
	}
}

func (p *profile) done(q api.Question, word string) {
	p.t.Helper()
	if err := p.bridge.Answer(p.pid, api.Answer{V: 1, Type: "done", ID: q.ID, OK: word == "", Error: word}); err != nil {
		p.t.Errorf("the answer was refused: %v", err)
	}
}

// said returns what came of the asks, in short.
func said(b *Bridge) []string {
	var out []string
	for _, r := range b.Answers() {
		var names []string
		for _, f := range r.Frames {
			names = append(names, f.Origin)
		}
		out = append(out, fmt.Sprintf("%d: %s; %s", r.Process.PID, strings.Join(names, " "), r.LastOrigin))
	}
	return out
}

func expect(t *testing.T, b *Bridge, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, said(b)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

// quiet checks that nothing is kept once every timer has run out.
func quiet(t *testing.T, b *Bridge) {
	t.Helper()
	time.Sleep(time.Minute)
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.open)+len(b.recent) > 0 {
		t.Errorf("left behind: %d open, %d recent", len(b.open), len(b.recent))
	}
}

func TestAskAndAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBridge(zap.NewNop())
		b.Ask(proc, rootA, 12) // nobody is there yet, and this must not hold up the next
		h := attach(t, b, 1, rootA)
		other := attach(t, b, 2, rootB)
		b.Ask(proc, rootA, 12)
		other.none()
		q := h.next()
		if diff := cmp.Diff(api.Question{V: 1, Type: "who", ID: q.ID, Renderer: 12}, q); diff != "" || q.ID <= 0 {
			t.Errorf("(-want +got):\n%s", diff)
		}
		a := goldenAnswer(t, "answer-frames")
		a.ID = q.ID
		if err := b.Answer(1, a); err != nil {
			t.Fatal(err)
		}
		want := []heuristics.Renderer{{Process: proc, User: "active", Frames: []heuristics.Frame{
			{Tab: 101, Frame: 0, Origin: "https://news.test", TopOrigin: "https://news.test", Focused: true, FullScreen: true},
			{Tab: 101, Frame: 4, Origin: "https://news.test", TopOrigin: "https://news.test", Focused: true, FullScreen: true},
			{Tab: 102, Frame: 6, Origin: "https://news.test", TopOrigin: "http://films.test:8080", Hidden: true, Audible: true},
			{Tab: 103, Frame: 9, Hidden: true},
		}}}
		if diff := cmp.Diff(want, b.Answers()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		expect(t, b) // drained
		quiet(t, b)
	})
}

func TestNotAskedAgainWithinFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBridge(zap.NewNop())
		h, other := attach(t, b, 1, rootA), attach(t, b, 2, rootB)
		b.Ask(proc, rootA, 12)
		h.next()
		for range 4 {
			b.Ask(proc, rootA, 12)
			h.none()
			time.Sleep(1200 * time.Millisecond)
		}
		b.Ask(proc, rootB, 12) // the same number in another browser is another renderer
		other.next()
		b.Ask(proc, rootA, 13)
		if q := h.next(); q.Renderer != 13 {
			t.Errorf("asked about %d", q.Renderer)
		}
		time.Sleep(201 * time.Millisecond)
		b.Ask(proc, rootA, 12)
		h.next()
		for _, n := range []int{0, -1, maxRenderer + 1} {
			b.Ask(proc, rootA, n)
			h.none()
		}
		quiet(t, b)
	})
}

// What comes of several profiles under one root: who answered what, and when the answer is there.
func TestProfilesAreMerged(t *testing.T) {
	const gone = "gone" // the profile closes instead of answering
	type says struct {
		last    string
		origins []string
	}
	nobody := &says{}
	for name, c := range map[string]struct {
		first, second any // *says, gone, or nil for silence
		// what is there at once, when one profile has named frames and the other had its chance, and at the end
		atOnce, soon, late []string
	}{
		"one has it":                 {nobody, &says{origins: []string{"https://a.test"}}, []string{"4711: https://a.test; "}, nil, nil},
		"both say they have":         {&says{origins: []string{"https://b.test"}}, &says{origins: []string{"https://a.test"}}, []string{"4711: https://b.test https://a.test; "}, nil, nil},
		"nobody lives there":         {nobody, nobody, []string{"4711: ; "}, nil, nil},
		"one remembers":              {&says{last: "https://a.test"}, nobody, []string{"4711: ; https://a.test"}, nil, nil},
		"one silent, the other has":  {nil, &says{origins: []string{"https://a.test"}}, nil, []string{"4711: https://a.test; "}, nil},
		"one silent, the other once": {nil, &says{last: "https://a.test"}, nil, nil, []string{"4711: ; https://a.test"}},
		"one silent, no guess":       {nil, nobody, nil, nil, nil},
		"both silent":                {nil, nil, nil, nil, nil},
		"one closes, the other has":  {gone, &says{origins: []string{"https://a.test"}}, []string{"4711: https://a.test; "}, nil, nil},
		"one closes, no guess":       {gone, nobody, nil, nil, nil},
		"both close":                 {gone, gone, nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := NewBridge(zap.NewNop())
				profiles := []*profile{attach(t, b, 1, rootA), attach(t, b, 2, rootA)}
				b.Ask(proc, rootA, 12)
				for i, what := range []any{c.first, c.second} {
					q := profiles[i].next()
					switch what := what.(type) {
					case *says:
						profiles[i].frames(q, what.last, what.origins...)
					case string:
						profiles[i].detach()
					}
				}
				expect(t, b, c.atOnce...)
				time.Sleep(othersWithin + 10*time.Millisecond)
				synctest.Wait()
				expect(t, b, c.soon...)
				time.Sleep(answerWithin - othersWithin - 20*time.Millisecond)
				synctest.Wait()
				expect(t, b)
				time.Sleep(20 * time.Millisecond)
				synctest.Wait()
				expect(t, b, c.late...)
				quiet(t, b)
			})
		})
	}
}

// A host that takes no questions any more does not hold up the others, nor Ask.
func TestWedgedHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBridge(zap.NewNop())
		attach(t, b, 1, rootA)
		good := attach(t, b, 2, rootA)
		for n := 1; n <= 3*maxQueued; n++ {
			b.Ask(heuristics.ProcessID{PID: int32(n)}, rootA, n)
			good.frames(good.next(), "", "https://a.test")
			time.Sleep(time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := len(b.Answers()); got != 3*maxQueued {
			t.Errorf("%d of %d answers came", got, 3*maxQueued)
		}
		quiet(t, b)
	})
}

// What answers no open question of that host is thrown away, counted, and logged once.
func TestStrayAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zapcore.InfoLevel)
		b := NewBridge(zap.New(core))
		h, other, foreign := attach(t, b, 1, rootA), attach(t, b, 2, rootA), attach(t, b, 3, rootB)
		if err := b.Answer(99, api.Answer{V: 1, Type: "hello"}); err == nil {
			t.Error("a host without a stream of questions was listened to")
		}
		b.Ask(proc, rootA, 12)
		q := h.next()
		other.next()
		answer := api.Answer{V: 1, Type: "frames", ID: q.ID, Renderer: 12, Frames: []api.Frame{{Origin: "https://evil.test"}}}
		stray := func(pid int32, change func(*api.Answer)) {
			t.Helper()
			a := answer
			change(&a)
			if err := b.Answer(pid, a); err == nil {
				t.Errorf("taken from host %d: %+v", pid, a)
			}
		}
		stray(1, func(a *api.Answer) { a.ID++ })
		stray(1, func(a *api.Answer) { a.Renderer = 13 })
		stray(1, func(a *api.Answer) { a.Type = "done" })
		stray(1, func(a *api.Answer) { a.V = 2 })
		stray(3, func(*api.Answer) {}) // it was not asked
		other.frames(q, "")
		stray(2, func(*api.Answer) {}) // it has answered
		h.frames(q, "", "https://a.test")
		stray(1, func(*api.Answer) {})
		expect(t, b, "4711: https://a.test; ")

		time.Sleep(askAgainAfter)
		synctest.Wait()
		b.Ask(proc, rootA, 12)
		answer.ID = h.next().ID
		time.Sleep(answerWithin + time.Millisecond)
		synctest.Wait()
		stray(1, func(*api.Answer) {}) // too late
		expect(t, b)

		counts := map[int32]int{}
		for pid, h := range b.hosts {
			counts[pid] = h.stray
		}
		if diff := cmp.Diff(map[int32]int{1: 6, 2: 1, 3: 1}, counts); diff != "" {
			t.Errorf("counted (-want +got):\n%s", diff)
		}
		if logged.Len() != 3 {
			t.Errorf("%d lines were logged, want one a host: %v", logged.Len(), logged.All())
		}
		foreign.none()
		quiet(t, b)
	})
}

func TestStatus(t *testing.T) {
	b := NewBridge(zap.NewNop())
	if got := b.Status(""); got == nil || len(got) > 0 {
		t.Errorf("without hosts: %#v", got)
	}
	for i, user := range []string{"1000", "1001", "1000"} {
		root := heuristics.ProcessID{PID: int32(300 - 100*i)}
		if _, _, err := b.Attach(HostPeer{PID: int32(i + 1), Root: root, User: user, Browser: "chromium"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Answer(1, goldenAnswer(t, "answer-hello")); err != nil {
		t.Fatal(err)
	}
	want := []api.BrowserStatus{{Name: "chromium", PID: 100}, {Name: "chromium", PID: 300, Extension: "0.1.0"}}
	if diff := cmp.Diff(want, b.Status("1000")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := b.Status(""); len(got) != 3 {
		t.Errorf("of all users: %+v", got)
	}
	if got := b.Status("1002"); len(got) != 0 {
		t.Errorf("of a user without browsers: %+v", got)
	}
}
