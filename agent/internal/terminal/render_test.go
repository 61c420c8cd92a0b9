package terminal

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

func printed(t *testing.T, f func(*strings.Builder) error) string {
	t.Helper()
	var b strings.Builder
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestStatus(t *testing.T) {
	t.Parallel()
	well := api.Status{
		CPUPerHour: 3.64,
		Version:    "0.1.0", PID: 812, Started: noon(), Watching: true, Cores: 2, Processes: 143, IntervalMS: 1000, Sampler: "linux",
		CPU: 12.4, RSS: 18 << 20, State: "/var/lib/minewatch", Socket: "/run/minewatch/agent.sock", Firing: 1,
		Browsers: []api.BrowserStatus{{Name: "chromium", Title: "Chromium", PID: 4700, Extension: "0.1.0"}, {Name: "firefox", Title: "Firefox", PID: 4900, Extension: "0.1.0"}},
		Trays:    []api.TrayStatus{{PID: 900, Mode: "menu"}, {PID: 901, Mode: "notifications", Detail: "this desktop shows no icons"}},
	}
	ill := api.Status{
		Version: "0.1.0", PID: 812, Started: noon(), Cores: 1, Processes: 1, IntervalMS: 2500, Sampler: "gopsutil", CPU: 7300, RSS: 900,
		State: "/var/lib/minewatch", Socket: "/run/minewatch/agent.sock",
		Warnings: []string{
			"This system hides the processes of other users (hidepid), so only your own are watched. Run the agent as a service.",
			"The store is read only.",
		},
	}
	golden(t, "status-well.txt", printed(t, func(b *strings.Builder) error { return Status(b, well) }))
	golden(t, "status-ill.txt", printed(t, func(b *strings.Builder) error { return Status(b, ill) }))
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration, reason api.Reason, change func(*api.Alert)) api.Alert {
		return films(func(a *api.Alert) {
			if change != nil {
				change(a)
			}
			a.Started = noon().Add(-d)
			a.Ended = a.Started.Add(3 * time.Minute)
			if reason != "" {
				a.State, a.Reason = api.Resolved, reason
			}
		})
	}
	unknown := func(a *api.Alert) { a.Site, a.SiteConfidence, a.Busy = "", "unknown", 0 }
	past := []api.Alert{ago(400*time.Hour, "load_ended", stress), ago(20*time.Hour, "tab_closed", nil), ago(time.Hour, "allowed", unknown)}
	now := []api.Alert{
		ago(time.Minute, "", func(a *api.Alert) { a.SnoozedUntil = noon().Add(time.Hour) }),
		ago(0, "", func(a *api.Alert) { unknown(a); a.State, a.ID = api.Pending, "20260301T110000-9" }),
	}
	for name, alerts := range map[string][]api.Alert{
		"none": nil, "over": past, "now": now, "both": append(append([]api.Alert{}, past...), now...),
	} {
		golden(t, "alerts-"+name+".txt", printed(t, func(b *strings.Builder) error { return Alerts(b, alerts, noon().In(time.Local)) }))
	}
}

func TestAllowances(t *testing.T) {
	t.Parallel()
	site := api.Allowance{Site: "films.test", User: "1000", Since: noon()}
	program := api.Allowance{Program: "/opt/science/bin/fold", User: "1000", Since: noon(), Until: noon().Add(2 * time.Hour)}
	other := program
	other.User, other.Since = "1001", time.Time{}
	for name, all := range map[string][]api.Allowance{
		"none": nil, "one": {{Program: "/opt/my game/run"}}, "mine": {site, program}, "users": {site, program, other},
	} {
		golden(t, "allowances-"+name+".txt", printed(t, func(b *strings.Builder) error { return Allowances(b, all) }))
	}
	golden(t, "allowed.txt", printed(t, func(b *strings.Builder) error {
		return errors.Join(Allowed(b, site), Allowed(b, program), Allowed(b, api.Allowance{Program: "/opt/my game/run"}),
			Disallowed(b, site), Disallowed(b, program))
	}))
}

func TestReplay(t *testing.T) {
	t.Parallel()
	shared := films(func(a *api.Alert) {
		a.Site, a.Sites, a.SiteConfidence, a.T = "", []string{"a.test", "b.test"}, "shared", 100.04
	})
	over := films(func(a *api.Alert) { a.State, a.Reason, a.T, a.Busy = api.Resolved, "load_ended", 40081.5, 400 })
	lines := []string{TraceHeading(noon(), 2, "linux", "a page with two hash workers for 60 s; simulated")}
	for _, a := range []api.Alert{films(func(a *api.Alert) { a.State = api.Pending }), films(nil), films(stress), shared, over} {
		lines = append(lines, AlertLine(a))
	}
	lines = append(lines, TraceClosing(3, 4090*time.Second), "", TraceHeading(time.Time{}, 1, "", ""), TraceClosing(0, time.Minute))
	golden(t, "replay.txt", strings.Join(lines, "\n"))
}

func TestPlainLines(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := plainLines{out: &b, told: map[string]string{}}
	give := func(e api.Event) {
		if err := p.event(e); err != nil {
			t.Fatal(err)
		}
	}
	alert := func(change func(*api.Alert)) { a := films(change); give(api.Event{Alert: &a}) }
	for i := range 25 {
		give(api.Event{Live: tick(i, hotRows(i))})
	}
	alert(func(a *api.Alert) { a.State, a.Site, a.SiteConfidence = api.Pending, "", "unknown" })
	alert(nil)
	alert(func(a *api.Alert) { a.Busy, a.Cores = 51, 1.5 }) // figures only: not told
	alert(func(a *api.Alert) { a.Severity, a.Confidence = "heavy", 0.3 })
	alert(func(a *api.Alert) { a.SnoozedUntil = noon().Add(time.Hour) })
	alert(func(a *api.Alert) { a.State, a.Reason, a.Busy = api.Resolved, "tab_closed", 180 })
	alert(stress)
	give(api.Event{Live: tick(2, nil)}) // a new agent counts from 0
	give(api.Event{})
	golden(t, "plain.txt", strings.TrimSuffix(b.String(), "\n"))
	if len(p.told) != 1 {
		t.Errorf("%d alerts are remembered, want the one that is open", len(p.told))
	}
}

// full is a place where nothing can be written.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWritingFails(t *testing.T) {
	t.Parallel()
	p := plainLines{out: full{}, told: map[string]string{}}
	a := films(nil)
	for i, err := range []error{
		Status(full{}, api.Status{}), Alerts(full{}, nil, noon()), Allowances(full{}, nil), Allowed(full{}, api.Allowance{}),
		Disallowed(full{}, api.Allowance{}), p.event(api.Event{Alert: &a}), p.event(api.Event{Live: tick(1, nil)}),
		jsonLines(full{})(api.Event{Alert: &a}), jsonLines(full{})(api.Event{Live: tick(1, nil)}),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%d: %v", i, err)
		}
	}
}
