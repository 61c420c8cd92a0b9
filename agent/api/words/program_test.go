package words_test

import (
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

// A program may call itself what it likes: no sentence may let it pass for a site.
func TestAProgramIsNoSite(t *testing.T) {
	t.Parallel()
	marks := map[words.Lang][2]string{words.English: {`"`, `"`}, words.Japanese: {"「", "」"}}
	for _, lang := range words.Languages() {
		w, m := words.In(lang), marks[lang]
		for _, who := range []string{"youtube.com", "映画。テスト", "localhost", "https://x", "probably films.test"} {
			for n := range 3 {
				a := films(func(a *api.Alert) { program(a); a.ProcessName, a.Processes = who, n })
				if n > 0 {
					a.Subject = api.SubjectGroup
				}
				for _, s := range append(w.Details(a)[:2], w.Who(a), w.Title(a), w.Body(a), w.Menu(a), w.Tab(a)) {
					if strings.Contains(strings.ReplaceAll(s, m[0]+who+m[1], ""), who) || !strings.Contains(s, who) {
						t.Errorf("%s: %q could be a site's", lang, s)
					}
				}
			}
		}
	}
	for name, want := range map[string]bool{"stress-ng": false, "python3.11": false, "a.": false, "youtube.com": true, "x․y": true} {
		if words.LikeSite(name) != want {
			t.Errorf("LikeSite(%q) = %v", name, !want)
		}
	}
}

// An alert without a name says how such tabs get one; one with a name does not.
func TestDetailsConnect(t *testing.T) {
	t.Parallel()
	for _, lang := range words.Languages() {
		for level, want := range map[api.Level]bool{api.Unknown: true, "": true, api.Exact: false} {
			a := films(func(a *api.Alert) { a.SiteConfidence = level })
			got := strings.Contains(strings.Join(words.In(lang).Details(a), "\n"), "minewatch browser install")
			if got != want {
				t.Errorf("%s, %q: got %v", lang, level, got)
			}
		}
	}
}
