package terminal

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/minewatch/minewatch/agent/api"
)

// No view and no list may let a program that calls itself youtube.com pass for a site.
func TestAProgramIsNoSite(t *testing.T) {
	t.Parallel()
	const who = "youtube.com"
	for _, n := range []int{0, 1, 8} {
		a := films(func(a *api.Alert) {
			a.Site, a.SiteConfidence, a.Browser, a.BrowserTitle, a.ProcessName, a.Subject, a.Processes = "", "", "", "", who, "process", n
			if n > 0 {
				a.Subject = group
			}
		})
		hot := api.LiveRow{Key: "x", Subject: a.Subject, Process: who, Processes: n, PID: a.PID, State: suspected, Severity: miningLike, Cores: 1}
		var b strings.Builder
		m := feed(view(&done{}), tea.WindowSizeMsg{Width: 100, Height: 40}, hello(), alertMsg(a), liveMsg(tick(1, []api.LiveRow{hot})))
		b.WriteString(m.drawn() + "\n")
		feed(m, press('c'))
		b.WriteString(m.drawn() + "\n")
		over := a
		over.State = api.Resolved
		p := plainLines{out: &b, told: map[string]string{}}
		for _, e := range []api.Event{{Alert: &a}, {Alert: &over}, {Live: tick(1, []api.LiveRow{hot})}} {
			if err := p.event(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := Alerts(&b, []api.Alert{a, over}, noon()); err != nil {
			t.Fatal(err)
		}
		if err := Status(&b, api.Status{Browsers: []api.BrowserStatus{{Name: who}}}); err != nil {
			t.Fatal(err)
		}
		b.WriteString(AlertLine(a) + "\n" + (&Explanation{Subject: a.Subject, ProcessName: who}).headline())
		bare := strings.ReplaceAll(b.String(), `"`+who+`"`, "")
		if strings.Contains(bare, who) || !strings.Contains(b.String(), `program "youtube.com"`) {
			t.Errorf("%d processes: a program passes for a site:\n%s", n, bare)
		}
	}
}
