package alert

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// hot returns n suspected programs of a user.
func hot(user string, first, n int) []Finding {
	out := make([]Finding, n)
	for i := range out {
		out[i] = tab(int32(first+i), "", "") //nolint:gosec // a small number
		out[i].Owner.Subject = api.SubjectProcess
		out[i].Verdict.Subject.Info.User = user
	}
	return out
}

func openOf(m *Manager, user string) int { return len(m.Open(user)) }

// One user's hundreds of hot programs keep no other user's from being told of.
func TestOpenAlertsAreSharedFairly(t *testing.T) {
	s := newScript(t)
	var greedy []Finding
	for user := range 6 {
		greedy = append(greedy, hot(strconv.Itoa(1000+user), 10_000*(user+1), 2*maxUserAlerts)...)
	}
	s.pass(2*time.Second, greedy...)
	if n := openOf(s.m, ""); n != maxAlerts {
		t.Fatalf("%d alerts are open, want %d", n, maxAlerts)
	}
	if n := openOf(s.m, "1000"); n > maxUserAlerts {
		t.Errorf("one user has %d", n)
	}
	got := s.pass(time.Second, append(hot("2000", 100, 3), greedy...)...)
	if n := openOf(s.m, "2000"); n != 3 {
		t.Errorf("%d of the other user's 3 alerts are open", n)
	}
	crowded := 0
	for _, a := range got {
		if a.State == api.Resolved && a.Reason == api.ReasonCrowdedOut && a.User != "2000" {
			crowded++
		}
	}
	if n := openOf(s.m, ""); n > maxAlerts || crowded < 3 {
		t.Errorf("%d alerts are open, %d gave way", n, crowded)
	}
	s.pass(10*time.Second, append(hot("2000", 100, 3), greedy...)...)
	if n := openOf(s.m, "2000"); n != 3 {
		t.Errorf("later %d of the other user's 3 alerts are open", n)
	}
}

// Whatever a program or page calls itself, an alert stays small enough to be stored.
func TestTextsOfAnAlertAreCapped(t *testing.T) {
	s := newScript(t)
	j := hot("1000", 1, 1)[0]
	j.Verdict.Subject.Info.Name = strings.Repeat("\x01", 100_000)
	j.Verdict.Subject.Info.Exe = "/" + strings.Repeat("\x01", 100_000)
	j.Owner.Browser = strings.Repeat("長", 100_000)
	for range 100 {
		j.Owner.Sites = append(j.Owner.Sites, strings.Repeat("x", 250))
	}
	a := s.pass(time.Second, j)[0]
	if b, err := json.Marshal(a); err != nil || len(b) > 48<<10 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	s.m.SetAllowances([]api.Allowance{{User: "1000", Program: Program(&a)}})
	j.Owner.Sites = nil
	if got := s.pass(time.Second, j); len(got) != 1 || got[0].Reason != api.ReasonAllowed {
		t.Errorf("allowed by its clipped path: %+v", got)
	}
}
