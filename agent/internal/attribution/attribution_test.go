package attribution

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/heuristics"
)

func TestSiteOf(t *testing.T) {
	for origin, want := range map[string]string{
		"https://films.test":                   "films.test",
		"https://www.cdn.films.test:8443":      "films.test",
		"http://a.b.co.uk":                     "b.co.uk",
		"https://someone.github.io":            "someone.github.io", // a public suffix: people do not share a site there
		"http://127.0.0.1:8080":                "127.0.0.1",
		"http://[::1]:80":                      "::1",
		"http://localhost":                     "localhost",
		"https://FILMS.test.":                  "films.test",
		"file://":                              "file://",
		"chrome-extension://abcdef":            "chrome-extension://abcdef",
		"null":                                 "",
		"":                                     "",
		"https://":                             "",
		"https://evil\u202etset.films":         "",
		"https://a<b>.test":                    "",
		"https://" + strings.Repeat("a.", 300): "",
		"javascript:alert(1)":                  "",
		"https://user:secret@films.test":       "films.test",
		"https://films.test/private?token=abc": "films.test",
	} {
		if got := SiteOf(origin); got != want {
			t.Errorf("SiteOf(%q) = %q, want %q", origin, got, want)
		}
	}
}

func FuzzSiteOf(f *testing.F) {
	f.Add("https://films.test")
	f.Add("https://\x00\u202e")
	f.Fuzz(func(t *testing.T, origin string) {
		site := SiteOf(origin)
		if len(site) > 2*maxSite || strings.ContainsFunc(site, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '&' }) {
			t.Errorf("SiteOf(%q) = %q", origin, site)
		}
	})
}

var (
	root = heuristics.ProcessID{PID: 10, StartTime: 1}
	page = heuristics.ProcessID{PID: 20, StartTime: 2}
)

// verdictOn is a verdict about the renderer.
func verdictOn(id heuristics.ProcessID) *heuristics.Verdict {
	return &heuristics.Verdict{Subject: heuristics.Subject{
		Kind: heuristics.SubjectProcess, Process: id,
		Info: heuristics.ProcessInfo{Name: "chromium", Browser: &heuristics.BrowserProcess{
			Family: "chromium", Role: "renderer", Root: root, Renderer: 5,
		}},
	}}
}

func frame(tab int64, origin, top string) heuristics.Frame {
	return heuristics.Frame{Tab: tab, Origin: origin, TopOrigin: top}
}

func TestOwnerLevels(t *testing.T) {
	tests := map[string]struct {
		answer *heuristics.Renderer
		later  time.Duration // how much later the question is
		want   Owner
	}{
		"nobody answered": {want: Owner{Level: api.Unknown}},
		"one frame": {
			answer: &heuristics.Renderer{Frames: []heuristics.Frame{frame(1, "https://films.test", "https://films.test")}},
			want:   Owner{Level: api.Exact, Site: "films.test", Tabs: []Tab{{ID: 1, TopOrigin: "https://films.test"}}},
		},
		"two tabs of one site": {
			answer: &heuristics.Renderer{Frames: []heuristics.Frame{
				frame(1, "https://www.films.test", "https://www.films.test"), frame(2, "https://films.test", "https://films.test"),
			}},
			want: Owner{Level: api.Exact, Site: "films.test", Tabs: []Tab{
				{ID: 1, TopOrigin: "https://www.films.test"}, {ID: 2, TopOrigin: "https://films.test"},
			}},
		},
		"a cross-site frame": {
			answer: &heuristics.Renderer{Frames: []heuristics.Frame{frame(1, "https://adnet.test", "https://news.test")}},
			want: Owner{Level: api.Exact, Site: "adnet.test", EmbeddedIn: "news.test", Tabs: []Tab{
				{ID: 1, TopOrigin: "https://news.test"},
			}},
		},
		"a cross-site frame in two pages": {
			answer: &heuristics.Renderer{Frames: []heuristics.Frame{
				frame(1, "https://adnet.test", "https://news.test"), frame(2, "https://adnet.test", "https://mail.test"),
			}},
			want: Owner{Level: api.Exact, Site: "adnet.test", Tabs: []Tab{
				{ID: 1, TopOrigin: "https://news.test"}, {ID: 2, TopOrigin: "https://mail.test"},
			}},
		},
		"a frame without an origin of its own": {
			answer: &heuristics.Renderer{Frames: []heuristics.Frame{frame(1, "", "https://news.test")}},
			want:   Owner{Level: api.Probable, Site: "news.test", Tabs: []Tab{{ID: 1, TopOrigin: "https://news.test"}}},
		},
		"several sites in one process": {
			answer: &heuristics.Renderer{Frames: []heuristics.Frame{
				frame(1, "https://b.test", "https://b.test"), frame(2, "https://a.test", "https://a.test"),
			}},
			want: Owner{Level: api.Shared, Sites: []string{"a.test", "b.test"}, Tabs: []Tab{
				{ID: 1, TopOrigin: "https://b.test"}, {ID: 2, TopOrigin: "https://a.test"},
			}},
		},
		"the last site is remembered": {
			answer: &heuristics.Renderer{LastOrigin: "https://films.test"},
			want:   Owner{Level: api.Probable, Site: "films.test"},
		},
		"an old answer is only probable": {
			answer: &heuristics.Renderer{Frames: []heuristics.Frame{frame(1, "https://films.test", "https://films.test")}},
			later:  stale + time.Second,
			want:   Owner{Level: api.Probable, Site: "films.test", Tabs: []Tab{{ID: 1, TopOrigin: "https://films.test"}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var b SiteResolver
			s := heuristics.Snapshot{At: time.Minute, Processes: []heuristics.ProcessSample{{
				ID: root, Info: &heuristics.ProcessInfo{Name: "chromium", Browser: &heuristics.BrowserProcess{Role: "browser", Root: root}},
			}}}
			if test.answer != nil {
				test.answer.Process = page
				s.Renderers = []heuristics.Renderer{*test.answer}
			}
			b.Observe(&s)
			b.Observe(&heuristics.Snapshot{At: time.Minute + test.later})
			test.want.Subject, test.want.Browser, test.want.Root, test.want.Renderer = "browser_tab", "chromium", root, 5
			if diff := cmp.Diff(test.want, b.Owner(verdictOn(page))); diff != "" {
				t.Errorf("owner (-want +got):\n%s", diff)
			}
		})
	}
}

// A pid that is used again must not inherit the sites of the process before it.
func TestAnotherLifeHasNoSite(t *testing.T) {
	var b SiteResolver
	b.Observe(&heuristics.Snapshot{Renderers: []heuristics.Renderer{{
		Process: page, Frames: []heuristics.Frame{frame(1, "https://films.test", "https://films.test")},
	}}})
	again := heuristics.ProcessID{PID: page.PID, StartTime: page.StartTime + 1}
	if got := b.Owner(verdictOn(again)); got.Level != api.Unknown || got.Site != "" {
		t.Errorf("the next life of the pid belongs to %+v", got)
	}
	b.Observe(&heuristics.Snapshot{Exited: []heuristics.ProcessID{page}})
	if got := b.Owner(verdictOn(page)); got.Level != api.Unknown {
		t.Errorf("after its end the process still belongs to %+v", got)
	}
}

// Answers about processes that are gone by then do not shut out those that come later.
func TestManyAnswersLeaveRoom(t *testing.T) {
	var b SiteResolver
	frames := []heuristics.Frame{frame(1, "https://films.test", "https://films.test")}
	for i := range maxRemembered + 10 {
		id := heuristics.ProcessID{PID: int32(1000 + i), StartTime: 1}
		b.Observe(&heuristics.Snapshot{At: time.Duration(i), Renderers: []heuristics.Renderer{{Process: id, Frames: frames}}})
		if got := b.Owner(verdictOn(id)); got.Level != api.Exact {
			t.Fatalf("answer %d was not kept: %+v", i, got)
		}
	}
	if len(b.renderers) != maxRemembered {
		t.Errorf("%d renderers are remembered", len(b.renderers))
	}
	if got := b.Owner(verdictOn(heuristics.ProcessID{PID: 1000, StartTime: 1})); got.Level != api.Unknown {
		t.Errorf("the oldest was kept: %+v", got)
	}
}

func TestElectronProgramsHaveNoTabs(t *testing.T) {
	v := verdictOn(page)
	v.Subject.Info.Browser.Family = "electron"
	var b SiteResolver
	if got := b.Owner(v); got.Subject != "process" || got.Level != "" {
		t.Errorf("owner of an electron renderer: %+v", got)
	}
}
