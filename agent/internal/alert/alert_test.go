package alert

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/heuristics"
)

// begun is the wall clock of the tests.
func begun() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

// script drives a manager second by second.
type script struct {
	t  *testing.T
	m  *Manager
	at time.Duration
}

func newScript(t *testing.T, allowed ...api.Allowance) *script {
	t.Helper()
	return &script{t: t, m: NewManager("run", allowed, nil)}
}

// pass lets time go by with the same things judged and returns every change.
func (s *script) pass(d time.Duration, judged ...Finding) []api.Alert {
	s.t.Helper()
	var all []api.Alert
	for end := s.at + d; s.at < end; {
		s.at += time.Second
		all = append(all, s.m.Observe(begun().Add(s.at), s.at, judged)...)
	}
	return all
}

func states(alerts []api.Alert) []api.AlertState {
	var out []api.AlertState
	for _, a := range alerts {
		if n := len(out); n == 0 || out[n-1] != a.State {
			out = append(out, a.State)
		}
	}
	return out
}

func wantStates(t *testing.T, got []api.Alert, want ...api.AlertState) {
	t.Helper()
	s := states(got)
	ok := len(s) == len(want)
	for i := range s {
		ok = ok && s[i] == want[i]
	}
	if !ok {
		t.Fatalf("states %v, want %v", s, want)
	}
}

// tab is a suspected browser tab in the renderer with this pid.
func tab(pid int32, level api.Level, site string) Finding {
	return Finding{
		Verdict: heuristics.Verdict{
			State: heuristics.Suspected, Severity: heuristics.MiningLike, Confidence: 0.971,
			Subject: heuristics.Subject{
				Kind: heuristics.SubjectProcess, Process: heuristics.ProcessID{PID: pid, StartTime: 1}, Members: 1,
				Key: "process " + strconv.Itoa(int(pid)), Info: heuristics.ProcessInfo{Name: "chromium", User: "1000"},
			},
			Features: heuristics.Features{Cores: 1.4321, Machine: 0.716},
		},
		Owner: attribution.Owner{
			Subject: "browser_tab", Level: level, Site: site, Root: heuristics.ProcessID{PID: 1, StartTime: 1},
		},
	}
}

func cleared(j Finding) Finding {
	j.Verdict.State = heuristics.Cleared
	return j
}

func TestNamedTabFiresAtOnceAndOnce(t *testing.T) {
	s := newScript(t)
	got := s.pass(time.Second, tab(1, api.Exact, "films.test"))
	wantStates(t, got, api.Firing)
	a := got[0]
	if a.Site != "films.test" || a.SiteConfidence != "exact" || a.Cores != 1.43 || a.MachinePercent != 71.6 || a.Severity != "mining_like" || a.Quiet {
		t.Errorf("alert %+v", a)
	}
	got = s.pass(time.Minute, tab(1, api.Exact, "films.test"))
	if len(got) != 6 {
		t.Errorf("%d updates in a minute, want one each %v", len(got), refresh)
	}
	for _, u := range got {
		if u.ID != a.ID || u.State != api.Firing {
			t.Errorf("update %+v is not of the same alert", u)
		}
	}
}

// An agent of one user raises no alert about what others run, and every alert that no user is known of.
func TestOnlyOneUsersAlerts(t *testing.T) {
	s := newScript(t)
	s.m.OnlyFor("1000")
	others, nobodys := tab(2, api.Exact, "b.test"), tab(3, api.Exact, "c.test")
	others.Verdict.Subject.Info.User, nobodys.Verdict.Subject.Info.User = "1001", ""
	var sites []string
	for _, a := range s.pass(time.Minute, tab(1, api.Exact, "a.test"), others, nobodys) {
		if !slices.Contains(sites, a.Site) {
			sites = append(sites, a.Site)
		}
	}
	slices.Sort(sites)
	if diff := cmp.Diff([]string{"a.test", "c.test"}, sites); diff != "" {
		t.Errorf("alerts about (-want +got):\n%s", diff)
	}
}

// A snooze ends by itself: what still goes on is told of again, without a change of anything else.
func TestSnoozeEnds(t *testing.T) {
	s := newScript(t)
	a := s.pass(time.Second, tab(1, api.Exact, "films.test"))[0]
	s.m.SetSnoozes([]api.Allowance{{Site: "films.test", User: "1000", Until: begun().Add(30 * time.Second)}})
	var told []time.Duration
	for range 40 {
		for _, u := range s.pass(time.Second, tab(1, api.Exact, "films.test")) {
			if u.SnoozedUntil.IsZero() && !u.Quiet {
				told = append(told, s.at)
			}
		}
	}
	if len(told) == 0 || told[0] > 31*time.Second {
		t.Errorf("reminded at %v, want from 30s on", told)
	}
	s.m.Hush(a.ID, begun().Add(time.Hour))
	if got := s.m.Hush(a.ID, time.Time{}); len(got) != 1 || got[0].Quiet || !got[0].SnoozedUntil.IsZero() {
		t.Errorf("the end of a snooze of one alert: %+v", got)
	}
}

func TestUnnamedTabWaitsForItsName(t *testing.T) {
	s := newScript(t)
	wantStates(t, s.pass(2*time.Second, tab(1, api.Unknown, "")), api.Pending)
	got := s.pass(time.Second, tab(1, api.Exact, "films.test"))
	wantStates(t, got, api.Firing)
	if got[0].Site != "films.test" {
		t.Errorf("fired for %q", got[0].Site)
	}
}

func TestUnnamedTabFiresInTheEnd(t *testing.T) {
	s := newScript(t)
	got := s.pass(lookupPatience+2*time.Second, tab(1, api.Unknown, ""))
	wantStates(t, got, api.Pending, api.Firing)
	got = s.pass(time.Second, tab(1, api.Exact, "films.test"))
	if len(got) != 1 || got[0].Site != "films.test" || got[0].State != api.Firing {
		t.Errorf("the name that came later was not told: %+v", got)
	}
}

func TestTwoProcessesOfOneSiteAreOneAlert(t *testing.T) {
	s := newScript(t)
	got := s.pass(5*time.Second, tab(1, api.Exact, "films.test"), tab(2, api.Exact, "films.test"))
	if len(got) != 1 {
		t.Errorf("%d alerts, want one", len(got))
	}
	other := s.pass(time.Second, tab(1, api.Exact, "films.test"), tab(3, api.Exact, "games.test"))
	wantStates(t, other, api.Firing)
	if other[0].Site != "games.test" {
		t.Errorf("the second site's alert is about %q", other[0].Site)
	}
}

func TestResolvedAndCooldown(t *testing.T) {
	s := newScript(t)
	j := tab(1, api.Exact, "films.test")
	first := s.pass(time.Second, j)[0]
	end := s.pass(time.Second, cleared(j))
	wantStates(t, end, api.Resolved)
	if end[0].Reason != "load_ended" || end[0].Ended.IsZero() || end[0].ID != first.ID {
		t.Errorf("end %+v", end[0])
	}
	again := s.pass(time.Second, j)
	wantStates(t, again, api.Firing)
	if !again[0].Quiet || again[0].ID == first.ID {
		t.Errorf("the same site again after a second: quiet %v, id %s after %s", again[0].Quiet, again[0].ID, first.ID)
	}
	s.pass(time.Second, cleared(j))
	s.pass(cooldown)
	if later := s.pass(time.Second, j); len(later) != 1 || later[0].Quiet {
		t.Errorf("after the cooldown: %+v, want a new loud alert", later)
	}
}

func TestMissingSubjectEnds(t *testing.T) {
	s := newScript(t)
	s.pass(time.Second, tab(1, api.Exact, "films.test"))
	got := s.pass(gone + time.Second)
	wantStates(t, got, api.Resolved)
	if got[0].Reason != "process_ended" {
		t.Errorf("reason %q", got[0].Reason)
	}
}

func TestClosedTabIsToldAsSuch(t *testing.T) {
	for name, test := range map[string]struct {
		agreed bool
		later  time.Duration // how long the load goes on after the browser's answer
		want   api.Reason
	}{
		"the browser closed it":            {true, time.Second, "tab_closed"},
		"it took its time":                 {true, 20 * time.Second, "tab_closed"},
		"refused":                          {false, time.Second, "load_ended"},
		"another tab of the process loads": {true, time.Hour, "load_ended"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			j := tab(1, api.Exact, "films.test")
			answered := s.m.Closing(s.pass(time.Second, j)[0].ID)
			s.pass(time.Second, j)
			answered(test.agreed)
			s.pass(test.later, j)
			if got := s.pass(time.Second, cleared(j)); len(got) != 1 || got[0].Reason != test.want {
				t.Errorf("got %+v, want the reason %s", got, test.want)
			}
		})
	}
}

// The load may end before the browser says that it closed the tab: the alert waits for that.
func TestAlertWaitsForTheBrowsersAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		agreed bool
		want   api.Reason
	}{"closed": {true, "tab_closed"}, "refused": {false, "load_ended"}} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			j := tab(1, api.Exact, "films.test")
			answered := s.m.Closing(s.pass(time.Second, j)[0].ID)
			if got := s.pass(5*time.Second, cleared(j)); len(got) != 0 {
				t.Fatalf("told before the answer: %+v", got)
			}
			answered(test.agreed)
			if got := s.pass(time.Second); len(got) != 1 || got[0].Reason != test.want {
				t.Errorf("got %+v, want the reason %s", got, test.want)
			}
		})
	}
	newScript(t).m.Closing("nothing")(true) // no alert, no harm
}

func TestAllowances(t *testing.T) {
	films := api.Allowance{Site: "films.test", User: "1000"}
	native := func(exe string) Finding {
		j := tab(1, "", "")
		j.Owner = attribution.Owner{Subject: "process"}
		j.Verdict.Subject.Info = heuristics.ProcessInfo{Name: "work", Exe: exe, User: "1000"}
		return j
	}
	browserTab := tab(1, api.Exact, "films.test")
	browserTab.Verdict.Subject.Info.Exe = "/usr/bin/chromium"
	shared := tab(1, api.Shared, "")
	shared.Owner.Sites = []string{"films.test", "news.test"}
	tests := map[string]struct {
		allowed []api.Allowance
		judged  Finding
		fires   bool
	}{
		"the site":                  {[]api.Allowance{films}, tab(1, api.Exact, "films.test"), false},
		"another site":              {[]api.Allowance{films}, tab(1, api.Exact, "games.test"), true},
		"another user":              {[]api.Allowance{{Site: "films.test", User: "1001"}}, tab(1, api.Exact, "films.test"), true},
		"expired":                   {[]api.Allowance{{Site: "films.test", User: "1000", Until: begun()}}, tab(1, api.Exact, "films.test"), true},
		"one of two sites":          {[]api.Allowance{films}, shared, true},
		"both of two sites":         {[]api.Allowance{films, {Site: "news.test", User: "1000"}}, shared, false},
		"the program":               {[]api.Allowance{{Program: "/opt/work", User: "1000"}}, native("/opt/work"), false},
		"another program":           {[]api.Allowance{{Program: "/opt/work", User: "1000"}}, native("/tmp/work"), true},
		"a browser is not its tabs": {[]api.Allowance{{Program: "/usr/bin/chromium", User: "1000"}}, browserTab, true},
		"an empty one":              {[]api.Allowance{{User: "1000"}}, tab(1, api.Unknown, ""), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, test.allowed...)
			got := s.pass(lookupPatience+2*time.Second, test.judged)
			if fires := len(got) > 0; fires != test.fires {
				t.Errorf("fires: %v, want %v (%+v)", fires, test.fires, got)
			}
		})
	}
}

func TestAllowingEndsTheAlert(t *testing.T) {
	s := newScript(t)
	j := tab(1, api.Exact, "films.test")
	s.pass(time.Second, j)
	s.m.SetAllowances([]api.Allowance{{Site: "films.test", User: "1000"}})
	if got := s.pass(5*time.Second, j); len(got) != 1 || got[0].Reason != "allowed" {
		t.Fatalf("got %+v", got)
	}
	s.m.SetAllowances(nil)
	wantStates(t, s.pass(time.Second, j), api.Firing)
}

func TestSnoozeKeepsQuiet(t *testing.T) {
	s := newScript(t)
	j := tab(1, api.Exact, "films.test")
	s.pass(time.Second, j)
	until := begun().Add(time.Hour)
	if got := s.m.SetSnoozes([]api.Allowance{{Site: "films.test", User: "1000", Until: until}}); len(got) != 1 || !got[0].Quiet || !got[0].SnoozedUntil.Equal(until) {
		t.Fatalf("snoozing told %+v", got)
	}
	s.pass(time.Second, cleared(j))
	s.pass(cooldown)
	if got := s.pass(time.Second, j); len(got) != 1 || !got[0].Quiet {
		t.Errorf("snoozed site after the cooldown: %+v", got)
	}
	s.pass(time.Second, cleared(j))
	s.pass(time.Hour)
	if got := s.pass(time.Second, j); len(got) != 1 || got[0].Quiet {
		t.Errorf("after the snooze: %+v", got)
	}
}

func TestHushOneUnnamedAlert(t *testing.T) {
	s := newScript(t)
	j := tab(1, api.Unknown, "")
	got := s.pass(lookupPatience+2*time.Second, j)
	id := got[len(got)-1].ID
	if h := s.m.Hush(id, begun().Add(time.Hour)); len(h) != 1 || !h[0].Quiet {
		t.Fatalf("hush: %+v", h)
	}
	if h := s.m.Hush("nothing", begun()); h != nil {
		t.Errorf("an unknown alert was hushed: %+v", h)
	}
}

func TestSeverityThatRisesIsTold(t *testing.T) {
	s := newScript(t)
	j := tab(1, api.Exact, "films.test")
	j.Verdict.Severity = heuristics.Heavy
	s.pass(time.Second, j)
	j.Verdict.Severity = heuristics.MiningLike
	got := s.pass(time.Second, j)
	if len(got) != 1 || got[0].Severity != "mining_like" || got[0].Quiet {
		t.Errorf("got %+v", got)
	}
}

func TestOpenAlertsArePerUser(t *testing.T) {
	s := newScript(t)
	other := tab(2, api.Exact, "mail.test")
	other.Verdict.Subject.Info.User = "1001"
	s.pass(time.Second, tab(1, api.Exact, "films.test"), other)
	if got := s.m.Open("1000"); len(got) != 1 || got[0].Site != "films.test" {
		t.Errorf("user 1000 sees %+v", got)
	}
	if got := s.m.Open(""); len(got) != 2 {
		t.Errorf("the administrator sees %d alerts, want 2", len(got))
	}
	if got := s.m.Open("0"); len(got) != 0 {
		t.Errorf("user 0 as a plain user sees %+v", got)
	}
}
