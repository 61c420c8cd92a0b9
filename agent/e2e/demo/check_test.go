//go:build linux

package demo

import (
	"strings"
	"testing"
)

// TestCheck: every single fault fails the demo, and a run without faults passes.
func TestCheck(t *testing.T) {
	good := func() Result {
		return Result{
			ExpectedSite: "films.test", SiteConfidence: "exact", MenuSites: []string{"films.test"},
			NotificationSites: []string{"films.test"}, TabClosed: true, ReplaySame: true,
		}
	}
	r := good()
	if err := (&demo{result: &r}).check(); err != nil {
		t.Errorf("a good run: %v", err)
	}
	for word, spoil := range map[string]func(*Result){
		"tray menu named [news.test]":      func(r *Result) { r.MenuSites = []string{"news.test"} },
		"tray menu named []":               func(r *Result) { r.MenuSites = nil },
		"named [films.test games.test]":    func(r *Result) { r.NotificationSites = []string{"films.test", "games.test"} },
		`confidence "probable"`:            func(r *Result) { r.SiteConfidence = "probable" },
		"1 other alerts":                   func(r *Result) { r.OtherAlerts = 1 },
		"not closed":                       func(r *Result) { r.TabClosed = false },
		"live the alert came at 0.0 s, in": func(r *Result) { r.ReplaySame = false },
	} {
		r := good()
		spoil(&r)
		if err := (&demo{result: &r}).check(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: judged %v", word, err)
		}
	}
}

func TestParseAlerts(t *testing.T) {
	got, err := parseAlerts([]byte(`{"type":"note"}
{"type":"alert","state":"firing","t_s":41.0,"site":"films.test","severity":"mining_like","new_key":[1]}

`))
	if err != nil || len(got) != 1 || got[0].Site != "films.test" || got[0].T != 41 {
		t.Errorf("parseAlerts = %+v, %v", got, err)
	}
	if _, err := parseAlerts([]byte("oh no\n")); err == nil {
		t.Error("a line that is not JSON was taken")
	}
}

func TestTestSite(t *testing.T) {
	got := testSite.FindAllString("films.test is keeping; one of a-b.test, c.test. A testing.tested x.testify", -1)
	if strings.Join(got, " ") != "films.test a-b.test c.test" {
		t.Errorf("found %q", got)
	}
}
