package extensions

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/heuristics"
)

// play runs an Act on a service with profiles, which each say a word ("" is yes), "silent" or "gone". It returns
// what came of it and after how long.
func play(t *testing.T, kind string, alive bool, words ...string) (took time.Duration, err error) {
	t.Helper()
	s := newService(t, Options{})
	s.alive = func(p heuristics.ProcessID) bool { return p != rootA || alive }
	var profiles []*profile
	for i := range words {
		profiles = append(profiles, attach(t, s, int32(i+1), rootA, "request"))
	}
	bystander := attach(t, s, 50, rootB, "request")
	start := time.Now()
	result := make(chan error, 1)
	go func() { result <- s.Act(t.Context(), rootA, kind, 101, "https://news.test", 12) }()
	synctest.Wait()
	for i, word := range words {
		q := profiles[i].next()
		want := golden(t, "tab."+kind, "request")
		want.ID = q.ID
		if diff := cmp.Diff(want, q); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		switch word {
		case "silent":
		case "gone":
			profiles[i].leave()
		default:
			profiles[i].done(q, word)
		}
	}
	bystander.none()
	err = <-result
	took = time.Since(start)
	quiet(t, s)
	return took, err
}

func TestAct(t *testing.T) {
	for name, c := range map[string]struct {
		kind  string
		words []string
		ended bool // the browser, by then
		want  error
		took  time.Duration
	}{
		"closed":                          {"close", []string{""}, false, nil, 0},
		"shown":                           {"show", []string{""}, false, nil, 0},
		"the second profile's":            {"close", []string{"no_tab", ""}, false, nil, 0},
		"the first profile's":             {"close", []string{"", "no_tab"}, false, nil, 0},
		"done, the other is silent":       {"close", []string{"silent", ""}, false, nil, 0},
		"another site":                    {"close", []string{"no_tab", "other_origin"}, false, errOtherSite, 0},
		"another site, the other order":   {"close", []string{"other_origin", "no_tab"}, false, errOtherSite, 0},
		"another process":                 {"close", []string{"other_renderer"}, false, errMoved, 0},
		"the page asks":                   {"close", []string{"unanswered"}, false, errUnanswered, 0},
		"the browser will not":            {"close", []string{"failed"}, false, errFailed, 0},
		"a word nobody knows":             {"close", []string{"<b>hi</b>"}, false, errFailed, 0},
		"no such tab":                     {"close", []string{"no_tab", "no_tab"}, false, errNoTab, 0},
		"no such tab here, one is silent": {"close", []string{"no_tab", "silent"}, false, errNoAnswer, 5 * time.Second},
		"refused, one is silent":          {"close", []string{"other_origin", "silent"}, false, errOtherSite, 5 * time.Second},
		"silence":                         {"close", []string{"silent"}, false, errNoAnswer, 5 * time.Second},
		"the extension went away":         {"close", []string{"gone"}, false, errLost, 5 * time.Second},
		"the browser ended with its tab":  {"close", []string{"gone", "gone"}, true, nil, 0},
		"the browser ended, not shown":    {"show", []string{"gone"}, true, errLost, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				took, err := play(t, c.kind, !c.ended, c.words...)
				if !errors.Is(err, c.want) || took != c.took {
					t.Errorf("got %v after %v, want %v after %v", err, took, c.want, c.took)
				}
			})
		})
	}
}

// The last tab of a profile takes the profile and its host along, while the browser and other profiles live on: that the
// renderer ended is the answer.
func TestActClosesTheLastTabOfAProfile(t *testing.T) {
	for _, ended := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := newService(t, Options{})
			s.alive = func(p heuristics.ProcessID) bool { return p != proc || !ended }
			closing, other := attach(t, s, 1, rootA, "request"), attach(t, s, 2, rootA, "request")
			s.Ask(proc, rootA, 12)
			s.Ask(heuristics.ProcessID{PID: 99}, rootA, 13)
			for range 2 {
				closing.next()
				other.next()
			}
			result := make(chan error, 1)
			go func() { result <- s.Act(t.Context(), rootA, "close", 101, "https://news.test", 12) }()
			synctest.Wait()
			other.done(other.next(), "no_tab")
			closing.leave()
			if err := <-result; (err == nil) != ended || (err != nil && !errors.Is(err, errLost)) {
				t.Errorf("the renderer ended: %v; got %v", ended, err)
			}
			quiet(t, s)
		})
	}
}

func TestActRefusesNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		h := attach(t, s, 1, rootA, "request")
		for _, c := range []struct {
			kind   string
			tab    int64
			origin string
		}{
			{"who", 1, "https://news.test"},
			{"", 1, "https://news.test"},
			{"close", 0, "https://news.test"},
			{"close", -1, "https://news.test"},
			{"close", 1, ""},
			{"close", 1, "https://news.test/path"},
			{"show", 1, "nonsense"},
		} {
			if err := s.Act(t.Context(), rootA, c.kind, c.tab, c.origin, 0); err == nil {
				t.Errorf("accepted %+v", c)
			}
			h.none()
		}
		if err := s.Act(t.Context(), rootB, "close", 1, "https://news.test", 0); !errors.Is(err, errNoHost) {
			t.Errorf("without a host: %v", err)
		}
	})
}

func TestActEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		attach(t, s, 1, rootA, "request")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Act(ctx, rootA, "close", 1, "https://news.test", 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		quiet(t, s)
	})
}
