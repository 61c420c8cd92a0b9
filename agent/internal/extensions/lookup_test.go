package extensions

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/minewatch/minewatch/agent/api"
	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

func TestAskAndAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		s.Ask(proc, rootA, 12) // nobody is there yet, and this must not hold up the next
		h := attach(t, s, 1, rootA, "request")
		other := attach(t, s, 2, rootB, "request")
		s.Ask(proc, rootA, 12)
		other.none()
		q := h.next()
		want := golden(t, nm.RendererFrames, "request")
		want.ID = q.ID
		if diff := cmp.Diff(want, q); diff != "" || q.ID <= 0 {
			t.Errorf("(-want +got):\n%s", diff)
		}
		response := golden(t, nm.RendererFrames, "response")
		response.ID = q.ID
		h.send(response)
		synctest.Wait()
		answer := []heuristics.Renderer{{Process: proc, User: "active", Frames: []heuristics.Frame{
			{Tab: 101, Frame: 0, Origin: "https://news.test", TopOrigin: "https://news.test", Focused: true, FullScreen: true},
			{Tab: 101, Frame: 4, Origin: "https://news.test", TopOrigin: "https://news.test", Focused: true, FullScreen: true},
			{Tab: 102, Frame: 6, Origin: "https://news.test", TopOrigin: "http://films.test:8080", Hidden: true, Audible: true},
			{Tab: 103, Frame: 9, Hidden: true},
		}}}
		if diff := cmp.Diff(answer, s.Answers()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		expect(t, s) // drained
		quiet(t, s)
	})
}

func TestNotAskedAgainWithinFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		h, other := attach(t, s, 1, rootA, "request"), attach(t, s, 2, rootB, "request")
		s.Ask(proc, rootA, 12)
		h.next()
		for range 4 {
			s.Ask(proc, rootA, 12)
			h.none()
			time.Sleep(1200 * time.Millisecond)
		}
		s.Ask(proc, rootB, 12) // the same number in another browser is another renderer
		other.next()
		s.Ask(proc, rootA, 13)
		if q := h.next(); string(q.Params) != `{"renderer":13}` {
			t.Errorf("asked about %s", q.Params)
		}
		time.Sleep(201 * time.Millisecond)
		s.Ask(proc, rootA, 12)
		h.next()
		for _, n := range []int{0, -1, maxRenderer + 1} {
			s.Ask(proc, rootA, n)
			h.none()
		}
		quiet(t, s)
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
				s := newService(t, Options{})
				profiles := []*profile{attach(t, s, 1, rootA, "request"), attach(t, s, 2, rootA, "request")}
				s.Ask(proc, rootA, 12)
				for i, what := range []any{c.first, c.second} {
					q := profiles[i].next()
					switch what := what.(type) {
					case *says:
						profiles[i].frames(q, what.last, what.origins...)
					case string:
						profiles[i].leave()
					}
				}
				expect(t, s, c.atOnce...)
				time.Sleep(othersWithin + 10*time.Millisecond)
				synctest.Wait()
				expect(t, s, c.soon...)
				time.Sleep(answerWithin - othersWithin - 20*time.Millisecond)
				synctest.Wait()
				expect(t, s)
				time.Sleep(20 * time.Millisecond)
				synctest.Wait()
				expect(t, s, c.late...)
				quiet(t, s)
			})
		})
	}
}

// A host that takes no questions any more does not hold up the others, nor Ask.
func TestWedgedHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		wedged := connect(t, s, peerOf(1, rootA))
		wedged.send(golden(t, nm.Hello, "request")) // and takes nothing, not even the answer
		good := attach(t, s, 2, rootA, "request")
		for n := 1; n <= 3*maxQueued; n++ {
			s.Ask(heuristics.ProcessID{PID: int32(n)}, rootA, n)
			good.frames(good.next(), "", "https://a.test")
			time.Sleep(time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := len(s.Answers()); got != 3*maxQueued {
			t.Errorf("%d of %d answers came", got, 3*maxQueued)
		}
		if err := <-wedged.ended; err != nil { // it is cut off
			t.Error(err)
		}
		quiet(t, s)
	})
}

// What answers no open request of that host is thrown away, counted, and logged once.
func TestStrayAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zapcore.InfoLevel)
		s := newService(t, Options{Log: zap.New(core)})
		h, other, foreign := attach(t, s, 1, rootA, "request"), attach(t, s, 2, rootA, "request"), attach(t, s, 3, rootB, "request")
		evil := nm.FramesResult{Frames: []nm.Frame{{Origin: "https://evil.test"}}}
		stray := func(p *profile, id int64) {
			t.Helper()
			before := strays(s)[p.pid]
			p.respond(nm.Message{ID: id}, evil, "")
			if after := strays(s)[p.pid]; after != before+1 {
				t.Errorf("taken from host %d: %d", p.pid, id)
			}
		}
		s.Ask(proc, rootA, 12)
		q := h.next()
		of := other.next()
		stray(h, q.ID+1)
		stray(foreign, 1) // it was not asked
		other.frames(of, "")
		stray(other, of.ID) // it has answered
		h.frames(q, "", "https://a.test")
		stray(h, q.ID)
		expect(t, s, "4711: https://a.test; ")

		time.Sleep(askAgainAfter)
		synctest.Wait()
		s.Ask(proc, rootA, 12)
		q = h.next()
		time.Sleep(answerWithin + time.Millisecond)
		synctest.Wait()
		stray(h, q.ID) // too late
		expect(t, s)
		if diff := cmp.Diff(map[int32]int{1: 3, 2: 1, 3: 1}, strays(s)); diff != "" {
			t.Errorf("counted (-want +got):\n%s", diff)
		}
		if logged.Len() != 3 {
			t.Errorf("%d lines were logged, want one a host: %v", logged.Len(), logged.All())
		}
		foreign.none()
		quiet(t, s)
	})
}

// Of two profiles the one that is named at last does not wait for ever, and what comes late is expected.
func TestLateProfilesAreNoStrays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		h, late := attach(t, s, 1, rootA, "request"), attach(t, s, 2, rootA, "request")
		s.Ask(proc, rootA, 12)
		h.frames(h.next(), "", "https://a.test")
		q := late.next()
		time.Sleep(othersWithin + time.Millisecond)
		expect(t, s, "4711: https://a.test; ")
		late.frames(q, "")
		if n := strays(s)[2]; n > 0 {
			t.Errorf("%d strays", n)
		}
		expect(t, s)
	})
}

// A profile whose extension cannot be asked is as one that is silent: "nobody lives there" would be a guess.
func TestProfileThatCannotBeAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		mute := connect(t, s, peerOf(1, rootA))
		mute.listen()
		mute.say(`{"v":1,"type":"hello","extension":"0.0.9"}`)
		s.Ask(proc, rootA, 12)
		mute.none()
		h := attach(t, s, 2, rootA, "request")
		s.Ask(proc, rootA, 12) // the try before held nobody up
		h.frames(h.next(), "")
		expect(t, s)
		s.Ask(proc, rootA, 13)
		h.frames(h.next(), "", "https://a.test")
		expect(t, s, "4711: https://a.test; ")
		mute.none()
	})
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		if got := s.Status(""); got == nil || len(got) > 0 {
			t.Errorf("without hosts: %#v", got)
		}
		var hosts []*profile
		for i, user := range []string{"1000", "1001", "1000", "1000"} {
			root := heuristics.ProcessID{PID: int32(400 - 100*i)}
			h := connect(t, s, Peer{PID: int32(i + 1), Root: root, User: user, Browser: "chromium"})
			h.listen()
			hosts = append(hosts, h)
			synctest.Wait()
		}
		hosts[0].send(golden(t, nm.Hello, "request"))
		hosts[2].say(`{"v":1,"type":"hello","extension":"0.0.9"}`)
		hosts[3].say(`{"id":1,"method":"hello","params":{"protocol":1,"extension":"0.0.9"}}`)
		refused := golden(t, nm.Hello, "outdated")
		if diff := cmp.Diff(refused, hosts[3].next()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		s.registry.noteOutdated(Peer{PID: 9, Root: heuristics.ProcessID{PID: 50}, User: "1000", Browser: "firefox"}, now())
		want := []api.BrowserStatus{
			{Name: "firefox", PID: 50, Update: updateHost},
			{Name: "chromium", PID: 100, Update: updateExtension},
			{Name: "chromium", PID: 200, Update: updateExtension},
			{Name: "chromium", PID: 400, Extension: "0.1.0"},
		}
		if diff := cmp.Diff(want, s.Status("1000")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := s.Status(""); len(got) != 5 {
			t.Errorf("of all users: %+v", got)
		}
		if got := s.Status("1002"); len(got) != 0 {
			t.Errorf("of a user without browsers: %+v", got)
		}
		time.Sleep(outdatedLasts + time.Second)
		if got := s.Status("1000"); len(got) != 3 {
			t.Errorf("an outdated host that is gone: %+v", got)
		}
	})
}
