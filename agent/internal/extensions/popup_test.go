package extensions

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
)

// popupOf is a Popup that remembers what it was asked.
type popupOf struct {
	mu      sync.Mutex
	calls   []any
	allowed []string
	load    nm.LoadResult
	hold    chan struct{} // Load waits for it
	err     error
}

func (p *popupOf) note(call ...any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, call)
	return p.err
}

func (p *popupOf) Load(ctx context.Context, peer Peer, lang string) (nm.LoadResult, error) {
	if p.hold != nil {
		select {
		case <-p.hold:
		case <-ctx.Done():
			return nm.LoadResult{}, ctx.Err()
		}
	}
	if lang == "ja" && p.err != nil {
		panic("as a test")
	}
	return p.load, p.note("load", peer.PID, lang)
}

func (p *popupOf) Allow(_ context.Context, peer Peer, alert string, length time.Duration) error {
	return p.note("allow", peer.PID, alert, length)
}

func (p *popupOf) Snooze(_ context.Context, peer Peer, alert string, length time.Duration) error {
	return p.note("snooze", peer.PID, alert, length)
}

func (p *popupOf) Disallow(_ context.Context, peer Peer, renderer int) error {
	return p.note("disallow", peer.PID, renderer)
}

func (p *popupOf) Allowed(context.Context, Peer) ([]string, error) { return p.allowed, p.err }

// What a window asks for is done for its own host, and what it may not ask for is refused.
func TestPopupRequests(t *testing.T) {
	const id = "20260101T120000-1"
	for name, c := range map[string]struct {
		request string
		call    []any // nil: refused
	}{
		"load":              {`{"id":3,"method":"popup.load"}`, []any{"load", int32(1), "en"}},
		"load in Japanese":  {`{"id":3,"method":"popup.load","params":{"lang":"ja","alert":"x"}}`, []any{"load", int32(1), "ja"}},
		"an odd language":   {`{"id":3,"method":"popup.load","params":{"lang":"../ja"}}`, []any{"load", int32(1), "en"}},
		"allow":             {`{"id":3,"method":"popup.allow","params":{"alert":"` + id + `"}}`, []any{"allow", int32(1), id, time.Duration(0)}},
		"snooze":            {`{"id":3,"method":"popup.snooze","params":{"alert":"` + id + `","for_s":60}}`, []any{"snooze", int32(1), id, time.Minute}},
		"disallow":          {`{"id":3,"method":"popup.disallow","params":{"renderer":12,"alert":"x"}}`, []any{"disallow", int32(1), 12}},
		"load of a list":    {`{"id":3,"method":"popup.load","params":[]}`, nil},
		"snooze for 0 s":    {`{"id":3,"method":"popup.snooze","params":{"alert":"` + id + `"}}`, nil},
		"a negative time":   {`{"id":3,"method":"popup.allow","params":{"alert":"` + id + `","for_s":-1}}`, nil},
		"for a century":     {`{"id":3,"method":"popup.allow","params":{"alert":"` + id + `","for_s":3.2e9}}`, nil},
		"no alert":          {`{"id":3,"method":"popup.allow"}`, nil},
		"a path for alert":  {`{"id":3,"method":"popup.allow","params":{"alert":"../status"}}`, nil},
		"a line for alert":  {`{"id":3,"method":"popup.allow","params":{"alert":"` + id + `\n"}}`, nil},
		"a flood for alert": {`{"id":3,"method":"popup.allow","params":{"alert":"` + strings.Repeat("1", 65) + `"}}`, nil},
		"disallow nothing":  {`{"id":3,"method":"popup.disallow"}`, nil},
		"disallow less":     {`{"id":3,"method":"popup.disallow","params":{"renderer":-1}}`, nil},
		"disallow too much": {`{"id":3,"method":"popup.disallow","params":{"renderer":2147483648}}`, nil},
		"another method":    {`{"id":3,"method":"popup.close"}`, nil},
		"the agent's own":   {`{"id":3,"method":"tab.close","params":{"tab":1}}`, nil},
		"a second hello":    {`{"id":3,"method":"hello","params":{"protocol":2,"extension":"9"}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &popupOf{}
				s := newService(t, Options{Popup: p})
				h := attach(t, s, 1, rootA, "request")
				h.say(c.request)
				got := h.next()
				if got.ID != 3 || (got.Error == nil) != (c.call != nil) {
					t.Errorf("answered %+v, %+v", got, got.Error)
				}
				var want []any
				if c.call != nil {
					want = []any{c.call}
				}
				if diff := cmp.Diff(want, p.calls); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if s := s.Status("")[0]; s.Extension != "0.1.0" {
					t.Errorf("the extension is now %+v", s)
				}
			})
		})
	}
}

// Before hello nothing is done for an extension, and without a Popup nothing at all.
func TestPopupNeedsHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &popupOf{}
		s := newService(t, Options{Popup: p})
		h := connect(t, s, peerOf(1, rootA))
		h.listen()
		h.send(golden(t, nm.PopupAllow, "request"))
		h.none()
		if len(p.calls) > 0 {
			t.Errorf("done before hello: %v", p.calls)
		}
		other := newService(t, Options{})
		g := attach(t, other, 1, rootA, "request")
		g.send(golden(t, nm.PopupAllow, "request"))
		if got := g.next(); got.Error == nil || got.Error.Code != nm.UnknownMethod {
			t.Errorf("answered %+v", got)
		}
	})
}

// What the agent says to a popup is as in the golden messages, and no text of an error is told.
func TestPopupResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zapcore.InfoLevel)
		p := &popupOf{}
		if err := json.Unmarshal(golden(t, nm.PopupLoad, "response").Result, &p.load); err != nil {
			t.Fatal(err)
		}
		s := newService(t, Options{Popup: p, Log: zap.New(core), Version: "0.1.0-dev"})
		h := attach(t, s, 1, rootA, "request")
		check := func(method, request, response string) {
			t.Helper()
			h.send(golden(t, method, request))
			if diff := cmp.Diff(golden(t, method, response), h.next()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", method, diff)
			}
		}
		check(nm.PopupLoad, "request", "response")
		check(nm.PopupAllow, "request", "response")
		p.err = errTest
		check(nm.PopupSnooze, "request", "refused")
		check(nm.PopupDisallow, "request", "refused")
		if logged.Len() > 0 {
			t.Errorf("logged: %v", logged.All())
		}
		h.send(golden(t, nm.PopupLoad, "request-ja")) // panics
		if got := h.next(); got.Error == nil || logged.FilterMessage("a popup request panicked").Len() != 1 {
			t.Errorf("answered %+v; logged %v", got, logged.All())
		}
		p.err = nil
		check(nm.PopupLoad, "request", "response")
		p.load = nm.LoadResult{Tabs: []nm.TabLoad{{Why: []string{strings.Repeat("x", nm.MaxToExtension)}}}}
		h.send(golden(t, nm.PopupLoad, "request")) // cannot be told
		h.none()
	})
}

// A window asks once a second. One that asks without end, or many at a time, is told to wait, and nothing piles up.
func TestPopupsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &popupOf{hold: make(chan struct{})}
		s := newService(t, Options{Popup: p})
		h := attach(t, s, 1, rootA, "request")
		codes := func(n int) map[string]int {
			out := map[string]int{}
			for range n {
				h.send(golden(t, nm.PopupLoad, "request"))
			}
			synctest.Wait()
			for len(h.heard) > 0 {
				m := <-h.heard
				if m.Error != nil {
					out[m.Error.Code]++
				} else {
					out["ok"]++
				}
			}
			return out
		}
		if diff := cmp.Diff(map[string]int{nm.Busy: 2}, codes(atOnce+2)); diff != "" {
			t.Errorf("at once (-want +got):\n%s", diff)
		}
		time.Sleep(popupWithin)
		if diff := cmp.Diff(map[string]int{nm.Refused: atOnce}, codes(0)); diff != "" {
			t.Errorf("that take too long (-want +got):\n%s", diff)
		}
		close(p.hold)
		ok := 0
		for range 50 {
			ok += codes(2)["ok"]
		}
		if ok != popupsAtOnce {
			t.Errorf("%d were answered at once", ok)
		}
	})
}

// What was allowed meanwhile is told after hello, as much as there is room for, and to nobody else.
func TestAllowancesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &popupOf{allowed: []string{"films.test", "news.test"}}
		s := newService(t, Options{Popup: p})
		h := attach(t, s, 1, rootA, "request")
		if diff := cmp.Diff(`{"sites":["films.test","news.test"]}`, string(h.next().Params)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for range 1000 {
			p.allowed = append(p.allowed, strings.Repeat("a", 60)+".test")
		}
		other := attach(t, s, 2, rootB, "request")
		var told nm.UnflaggedParams
		if err := json.Unmarshal(other.next().Params, &told); err != nil || len(told.Sites) < 100 || told.Sites[1] != "news.test" {
			t.Errorf("%d sites were told: %v", len(told.Sites), err)
		}
		h.none()
	})
}

// What is told unasked reaches those that it is for, once they have said hello, and blocks for nobody.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		mine, sibling, elsewhere := attach(t, s, 1, rootA, "request"), attach(t, s, 2, rootA, "request"), attach(t, s, 3, rootB, "request")
		stranger := connect(t, s, Peer{PID: 4, Root: rootB, User: "1001"})
		stranger.listen()
		stranger.send(golden(t, nm.Hello, "request"))
		stranger.next()
		silent := connect(t, s, peerOf(5, rootA))
		silent.listen()
		s.Flag(rootA, 12, "films.test")
		for _, p := range []*profile{mine, sibling} {
			if diff := cmp.Diff(golden(t, nm.SiteFlagged, "event").Method, p.next().Method); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		elsewhere.none()
		s.Unflag("1000", "films.test")
		for _, p := range []*profile{mine, sibling, elsewhere} {
			if got := p.next(); got.Method != nm.SitesUnflagged || string(got.Params) != `{"sites":["films.test"]}` {
				t.Errorf("told %+v", got)
			}
		}
		stranger.none()
		silent.none()
		wedged := connect(t, s, peerOf(6, rootA))
		wedged.send(golden(t, nm.Hello, "request"))
		for range 4 * maxQueued {
			s.Flag(rootA, 12, "films.test")
		}
	})
}
