package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
)

// full is a desktop that shows everything.
func full() offers { return offers{Menu: true, Notices: true} }

func newTestModel() *model {
	m := newModel(words.In(words.English))
	m.offer(full())
	m.status(&api.Status{Watching: true})
	return m
}

func films(id string, change func(*api.Alert)) api.Alert {
	a := api.Alert{
		ID: id, State: api.Firing, Started: time.Unix(1_700_000_000, 0), Subject: "browser_tab", Site: "films.test",
		SiteConfidence: "exact", Browser: "chromium", BrowserTitle: "Chromium", Tabs: 1, TabHidden: true, ProcessName: "chromium", PID: 4711,
		Cores: 1.4, MachinePercent: 70, Busy: 40, Severity: "mining_like", Confidence: 0.97,
		Evidence: []api.Evidence{{Rule: "worker_threads_busy", Text: "2 worker threads do 99 % of the work."}},
	}
	if change != nil {
		change(&a)
	}
	return a
}

// said returns what people were told since the last call: "+key" for a notice, "-key" for one withdrawn.
func said(m *model) []string {
	show, withdraw := m.take()
	var out []string
	for _, k := range withdraw {
		out = append(out, "-"+k)
	}
	for _, n := range show {
		out = append(out, "+"+n.Key)
	}
	return out
}

func expect(t *testing.T, m *model, what string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, said(m)); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func titles(v *view) []string {
	var out []string
	for _, e := range v.Slots {
		if e.ID != "" {
			out = append(out, e.Title)
		}
	}
	return out
}

func TestStates(t *testing.T) {
	t.Parallel()
	m := newModel(words.In(words.English))
	check := func(what string, icon icon, header string) {
		t.Helper()
		if v := m.view(); v.Icon != icon || v.Header != header {
			t.Errorf("%s: icon %d %q, want %d %q", what, v.Icon, v.Header, icon, header)
		}
	}
	check("at the start", iconNotWatching, "Not watching yet: looking for the agent")
	m.lost("")
	check("no agent", iconNotWatching, "Not watching: the agent is not running")
	m.lost("/run/x belongs to another user\n(uid 5)")
	check("a false agent", iconNotWatching, "Not watching: /run/x belongs to another user (uid 5)")
	m.status(&api.Status{})
	check("no figures", iconNotWatching, "Not watching: the agent has not measured lately")
	m.status(&api.Status{Watching: true})
	check("watching", iconWatching, "minewatch: watching, nothing unusual")
	m.event(films("1", func(a *api.Alert) { a.Severity = "heavy" }))
	check("heavy", iconHeavy, "minewatch: 1 alert")
	m.event(films("2", nil))
	check("mining-like", iconAlert, "minewatch: 2 alerts")
	m.silent()
	check("stuck", iconNotWatching, "Not watching: the agent has not measured lately")
	m.status(&api.Status{Watching: true, Warnings: []string{"x"}})
	if got := m.view().Note; got != "Something needs attention: run minewatch doctor" {
		t.Errorf("trouble: %q", got)
	}
	m.lost("")
	check("agent gone", iconNotWatching, "Not watching: the agent is not running")
	if got := m.view(); titles(&got) != nil {
		t.Errorf("alerts of an agent that is gone: %q", titles(&got))
	}
}

func TestToldOnce(t *testing.T) {
	t.Parallel()
	m := newTestModel()
	m.event(films("1", func(a *api.Alert) { a.State = api.Pending }))
	expect(t, m, "pending")
	unknown := func(a *api.Alert) { a.Site, a.SiteConfidence = "", "unknown" }
	m.event(films("1", unknown))
	expect(t, m, "firing", "+1")
	m.event(films("1", func(a *api.Alert) { unknown(a); a.Busy, a.Cores = 90, 1.9 }))
	expect(t, m, "other figures")
	m.event(films("1", nil))
	expect(t, m, "the site is known", "+1")
	m.event(films("1", func(a *api.Alert) { a.State, a.Reason = api.Resolved, "load_ended" }))
	expect(t, m, "resolved", "-1")
	m.event(films("1", func(a *api.Alert) { a.State = api.Resolved }))
	expect(t, m, "resolved again")
}

func TestQuietAndDismissed(t *testing.T) {
	t.Parallel()
	m := newTestModel()
	m.event(films("1", func(a *api.Alert) { a.Quiet = true }))
	expect(t, m, "quiet")
	if v := m.view(); len(titles(&v)) != 1 {
		t.Error("a quiet alert is not in the menu")
	}
	heavy := func(a *api.Alert) { a.Severity = "heavy" }
	m.event(films("2", heavy))
	expect(t, m, "firing", "+2")
	m.gone("2", true)
	m.event(films("2", func(a *api.Alert) { heavy(a); a.SiteConfidence = "probable" }))
	expect(t, m, "better known after it was sent away")
	m.event(films("2", nil))
	expect(t, m, "now it looks like mining", "+2")
	m.gone("2", false)
	m.event(films("2", func(a *api.Alert) { a.EmbeddedIn, a.Quiet = "news.test", true }))
	expect(t, m, "changed, but quiet and off the screen")
	m.drop("2")
	expect(t, m, "nothing left to withdraw")
}

// TestReconnect: the same alert of the same agent is not told twice, one that ended meanwhile goes.
func TestReconnect(t *testing.T) {
	t.Parallel()
	m := newTestModel()
	m.event(films("1", nil))
	m.event(films("2", func(a *api.Alert) { a.Site = "b.test" }))
	expect(t, m, "firing", "+1", "+2")
	m.sync([]api.Alert{films("1", nil), films("2", func(a *api.Alert) { a.State = api.Resolved })})
	expect(t, m, "asked for all", "-2")
	if v := m.view(); !cmp.Equal(titles(&v), []string{"films.test: 1.4 of 2 cores for 40 s"}) {
		t.Errorf("menu: %q", titles(&v))
	}
	m.lost("")
	expect(t, m, "lost", "-1")
	m.status(&api.Status{Watching: true})
	m.event(films("1", nil))
	expect(t, m, "back")
}

// TestServerAppears: what nobody could show is shown when somebody can.
func TestServerAppears(t *testing.T) {
	t.Parallel()
	m := newTestModel()
	m.offer(offers{Menu: true})
	m.event(films("1", nil))
	m.event(films("2", func(a *api.Alert) { a.Quiet = true }))
	m.event(films("3", nil))
	m.gone("3", true)
	m.take()
	e := m.view().Slots[0]
	if e.Verbs[verbDetails] || e.Lines[1] != "It looks very much like mining (97 %)." || !strings.Contains(e.Lines[2], "worker threads") {
		t.Errorf("without notifications the details stand in the menu: %+v", e)
	}
	m.result("Closed.", "Really.")
	if got := m.view().Note; got != "Closed. Really." {
		t.Errorf("without notifications the result stands in the menu: %q", got)
	}
	m.offer(full())
	expect(t, m, "a server appears", "+1")
	if e := m.view().Slots[0]; !e.Verbs[verbDetails] || e.Lines[0] != "" {
		t.Errorf("with notifications: %+v", e)
	}
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*api.Alert){
		"close show allow snooze default":   nil,
		"allow snooze default":              func(a *api.Alert) { a.SiteConfidence = "probable" },
		"snooze default":                    func(a *api.Alert) { a.SiteConfidence, a.Site, a.Sites = "shared", "", []string{"a", "b"} },
		"close show allow unsnooze default": func(a *api.Alert) { a.SnoozedUntil = time.Now().Add(time.Hour) },
		"allow snooze default ":             func(a *api.Alert) { a.Subject, a.Site, a.SiteConfidence = "process", "", "" },
	} {
		m := newTestModel()
		m.event(films("1", change))
		var got []string
		for v, ok := range m.view().Slots[0].Verbs {
			if ok {
				got = append(got, verbKey(verb(v)))
			}
		}
		if strings.Join(got, " ") != strings.TrimSpace(want) {
			t.Errorf("got %q, want %q", got, want)
		}
		show, _ := m.take()
		if len(show) != 1 || len(show[0].Actions) != len(got) || show[0].Actions[0].Verb != verbDetails {
			t.Errorf("notice: %+v", show)
		}
	}
	for v := range verbCount {
		if got, ok := verbOf(verbKey(v)); !ok || got != v {
			t.Errorf("verb %d comes back as %d", v, got)
		}
	}
	if _, ok := verbOf("format-disk"); ok {
		t.Error("any key is a verb")
	}
}

// TestSnoozedIsCalm: what its user put off shows no alarm, says until when, and can be had back; when the time is over and
// it still goes on, people are told again.
func TestSnoozedIsCalm(t *testing.T) {
	t.Parallel()
	m := newTestModel()
	until := time.Date(2026, 3, 1, 15, 4, 0, 0, time.Local)
	m.event(films("1", nil))
	m.take()
	m.event(films("1", func(a *api.Alert) { a.Quiet, a.SnoozedUntil = true, until }))
	v := m.view()
	if v.Icon != iconWatching || v.Header != "minewatch: watching, snoozed: 1" || !strings.HasSuffix(v.Slots[0].Title, "(snoozed until 15:04)") {
		t.Errorf("icon %v, %q, %q", v.Icon, v.Header, v.Slots[0].Title)
	}
	if show, _ := m.take(); len(show) != 0 {
		t.Errorf("told while snoozed: %+v", show)
	}
	m.event(films("2", nil))
	if v = m.view(); v.Icon != iconAlert || v.Header != "minewatch: 2 alerts" {
		t.Errorf("another alert: icon %v, %q", v.Icon, v.Header)
	}
	m.take()
	m.event(films("1", nil))
	if show, _ := m.take(); len(show) != 1 || show[0].Key != "1" {
		t.Errorf("the snooze is over, and nobody was told: %+v", show)
	}
}

// TestSlots: entries do not move while others come and go, a freed place rests, and the worst five are shown.
func TestSlots(t *testing.T) {
	t.Parallel()
	m := newTestModel()
	at := func() map[string]int {
		out := map[string]int{}
		for i, e := range m.view().Slots {
			if e.ID != "" {
				out[e.ID] = i
			}
		}
		return out
	}
	alert := func(n int, severity api.Severity) {
		m.event(films(fmt.Sprint("a", n), func(a *api.Alert) {
			a.Started, a.Severity = a.Started.Add(time.Duration(n)*time.Second), severity
		}))
	}
	for n := range 5 {
		alert(n, "heavy")
	}
	before := at()
	alert(7, "heavy")
	if diff := cmp.Diff(before, at()); diff != "" || m.view().More != "and 1 more: run minewatch alerts" {
		t.Errorf("a sixth alert: %s %q", diff, m.view().More)
	}
	alert(8, "mining_like")
	after := at()
	if _, ok := after["a8"]; !ok || len(after) != maxShown {
		t.Errorf("mining-like is not among the five: %v", after)
	}
	if _, ok := after["a4"]; ok {
		t.Errorf("the newest heavy one stayed: %v", after)
	}
	for id, slot := range after {
		if was, ok := before[id]; ok && was != slot {
			t.Errorf("%s moved from %d to %d", id, was, slot)
		}
		if id == "a8" && slot == before["a4"] {
			t.Error("a freed place was taken at once")
		}
	}
}

// TestFlood: a thousand alerts with hostile names come and go.
func TestFlood(t *testing.T) {
	t.Parallel()
	m, names := newTestModel(), hostile.Names()
	for n := range 1000 {
		m.event(films(strconv.Itoa(n), func(a *api.Alert) {
			a.Site = names[n%len(names)]
			a.ProcessName = a.Site
			if n%3 == 0 {
				a.Subject = "process"
			}
		}))
		if n > 10 && n%2 == 0 {
			m.event(films(strconv.Itoa(n-10), func(a *api.Alert) { a.State = api.Resolved }))
		}
		v := m.view()
		for _, s := range append(titles(&v), v.Header, v.More) {
			if err := hostile.Check(s); err != nil || strings.Contains(s, "\n") || len(s) > 1000 {
				t.Fatalf("menu text %q: %v", s, err)
			}
		}
	}
	if len(m.alerts) > maxAlerts || len(m.told) > maxTold || len(m.order) != len(m.told) {
		t.Errorf("%d alerts, told of %d (%d)", len(m.alerts), len(m.told), len(m.order))
	}
	m.sync(nil)
	if v := m.view(); v.Slots != [slotCount]entry{} || len(m.free) != slotCount {
		t.Error("places are lost")
	}
	m.event(api.Alert{State: api.Firing})
	if len(m.alerts) != 0 {
		t.Error("an alert without an id was taken")
	}
}

func TestAllowedSaysHowToUndo(t *testing.T) {
	t.Parallel()
	w := words.In(words.English)
	for _, tt := range []struct {
		given      api.Allowance
		said, undo string
	}{
		{api.Allowance{Site: "films.test"}, "films.test is allowed from now on.", "To undo: minewatch disallow films.test"},
		{api.Allowance{Program: "/usr/bin/cc1"}, "/usr/bin/cc1 is allowed from now on.", "To undo: minewatch disallow /usr/bin/cc1"},
		{api.Allowance{Program: "/tmp/$(touch x)"}, "/tmp/$(touch x) is allowed from now on.", w.Say.AllowedList},
		{api.Allowance{Site: "--help"}, "--help is allowed from now on.", w.Say.AllowedList},
	} {
		if diff := cmp.Diff([2]string{tt.said, tt.undo}, allowed(w, tt.given)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	var got []time.Duration
	for n := range 6 {
		got = append(got, backoff(n)/time.Second)
	}
	if want := []time.Duration{1, 2, 4, 8, 15, 15}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if backoff(1<<40) != maxWait {
		t.Error("many tries")
	}
}

// The number of processes that do one job changes all the time: nobody is told again for that.
func TestMoreProcessesOfOneJobAreNoNews(t *testing.T) {
	m := newTestModel()
	for i, n := range []int{1, 2, 5, 1, 0} {
		m.event(films("1", func(a *api.Alert) {
			a.Subject, a.Site, a.SiteConfidence, a.ProcessName, a.Processes = api.SubjectProcess, "", "", "openssl", n
			if n > 1 {
				a.Subject = api.SubjectGroup
			}
		}))
		if shown := len(m.show); shown != 1 {
			t.Errorf("after %d processes (step %d) %d notices", n, i, shown)
		}
	}
}
