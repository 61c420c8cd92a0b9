package terminal

import (
	"strings"
	"testing"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
)

// strange reports runes that no view may contain: controls, and what is invisible or turns the text around.
func strange(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs, unicode.Variation_Selector)
}

// nasty is a screen on which every text from outside is the given one.
func nasty(s string) []tea.Msg {
	a := films(func(a *api.Alert) {
		a.Site, a.EmbeddedIn, a.ProcessName, a.Browser, a.Exe = s, s+"x", s, s, s
		a.Evidence = []api.Evidence{{Text: s, Weight: 1}, {Text: "It has used " + s, Weight: -1}}
		a.Severity = miningLike
	})
	shared := films(func(a *api.Alert) {
		a.ID, a.PID, a.Site, a.Sites, a.SiteConfidence, a.ProcessName = s+"2", 5, "", []string{s, s, s, s, s}, "shared", s
	})
	hot := []api.LiveRow{
		{Key: s, Subject: tab, Process: s, PID: 4711, Site: s, SiteConfidence: "probable", State: suspected, Severity: api.Severity(s), Cores: 1e300, Busy: -1e300},
		{Key: s + "1", Subject: group, Process: s, State: api.State(s), Cores: -5, Mean: 1e9, Confidence: 7},
		{Key: s + "2", Subject: api.Subject(s), Process: s, State: "cleared", Confidence: -7, Busy: 1e300},
	}
	l := tick(1, hot)
	l.Machine, l.Cores, l.Processes = 1e300, -1, 1<<40
	known := hello()
	known.status.Warnings = []string{s}
	return []tea.Msg{known, alertMsg(a), alertMsg(shared), liveMsg(l)}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	for _, s := range hostile.Names() {
		checkNasty(t, s)
	}
}

func checkNasty(t *testing.T, s string) {
	t.Helper()
	for _, size := range []tea.WindowSizeMsg{{Width: 20, Height: 10}, {Width: 40, Height: 20}, {Width: 80, Height: 24}, {Width: 140, Height: 50}} {
		m := feed(view(&done{}), append([]tea.Msg{size}, nasty(s)...)...)
		after := []tea.Msg{secondMsg{}, press('c'), press('n'), press('s'), press('j'), press('G'), doneMsg{err: errText(s)}, press('?'), press('x'), lostMsg{errText(s)}}
		for _, msg := range after {
			fits(t, s, m.drawn(), size.Width, size.Height)
			feed(m, msg)
		}
		fits(t, s, m.drawn(), size.Width, size.Height)
	}
	checkLines(t, s)
}

// checkLines renders what is printed rather than drawn: as many lines as there should be, and only plain text.
func checkLines(t *testing.T, s string) {
	t.Helper()
	a := films(func(a *api.Alert) {
		a.ID, a.Site, a.SiteConfidence, a.ProcessName, a.Reason, a.EmbeddedIn = s, s, api.Level(s), s, api.Reason(s), s+"x"
		a.Evidence = []api.Evidence{{Text: s}}
	})
	over := a
	over.State = api.Resolved
	status := api.Status{
		Version: s, Sampler: s, State: s, Socket: s, Warnings: []string{s}, Browsers: []api.BrowserStatus{{Name: s, Extension: s}, {Name: s, Update: s + "x"}},
		Trays: []api.TrayStatus{{Mode: api.TrayMode(s), Detail: s}}, CPU: -1,
	}
	allowance := api.Allowance{Site: s, User: s}
	var b strings.Builder
	for _, err := range []error{
		Status(&b, status), Alerts(&b, []api.Alert{a, over}, noon()), Allowed(&b, allowance), Disallowed(&b, allowance),
		Allowances(&b, []api.Allowance{allowance, {Program: s}}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	b.WriteString(TraceHeading(noon(), 2, s, s) + "\n")
	p := plainLines{out: &b, told: map[string]string{}}
	for _, e := range []api.Event{{Alert: &a}, {Alert: &over}, {Live: tick(1, []api.LiveRow{{Key: s, Process: s, Site: s, Subject: tab, State: suspected}})}} {
		before := strings.Count(b.String(), "\n")
		if err := p.event(e); err != nil || strings.Count(b.String(), "\n") != before+1 {
			t.Errorf("%q: not one line (%v)", s, err)
		}
	}
	if n := strings.Count(AlertLine(a), "\n"); n > 1 {
		t.Errorf("%q: %d lines of evidence", s, n)
	}
	b.WriteString(AlertLine(a))
	for l := range strings.SplitSeq(b.String(), "\n") {
		for _, r := range l {
			if strange(r) {
				t.Errorf("%q: %U in %q", s, r, l)
			}
		}
	}
}

type errText string

func (e errText) Error() string { return string(e) }

func FuzzView(f *testing.F) {
	for _, s := range hostile.Names() {
		if len(s) < 200 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) { checkNasty(t, s) })
}
