package evaluate

import (
	"testing"

	"github.com/minewatch/minewatch/heuristics"
)

func TestTrueSubject(t *testing.T) {
	tab := Truth{Label: Mining, Site: "films.test", Process: "firefox"}
	tabs := Truth{Label: Mining, Sites: []string{"films.test", "www.shop.test"}, Process: "firefox"}
	native := Truth{Label: Mining, Process: "a-name-longer-than-linux-keeps", Programs: []string{"kworker/0:1"}}
	for _, c := range []struct {
		name  string
		truth Truth
		s     subject
		want  bool
	}{
		{"its site", tab, subject{kind: "browser_tab", site: "films.test"}, true},
		{"one of several sites", tab, subject{kind: "browser_tab", sites: []string{"a.test", "films.test"}}, true},
		{"another site", tab, subject{kind: "browser_tab", site: "a.test", family: "firefox"}, false},
		{"one of other sites", tab, subject{kind: "browser_tab", sites: []string{"a.test", "b.test"}, family: "firefox"}, false},
		{"the first of the true sites", tabs, subject{kind: "browser_tab", site: "films.test"}, true},
		{"the last of the true sites", tabs, subject{kind: "browser_tab", site: "shop.test"}, true},
		{"one of them among others", tabs, subject{kind: "browser_tab", sites: []string{"a.test", "shop.test"}}, true},
		{"none of the true sites", tabs, subject{kind: "browser_tab", site: "a.test", family: "firefox"}, false},
		{"a program, where the load is on sites", tabs, subject{kind: "process", name: "firefox"}, false},
		{"an unknown tab of its browser", tab, subject{kind: "browser_tab", name: "Isolated Web Co", family: "firefox"}, true},
		{"an unknown tab of another browser", tab, subject{kind: "browser_tab", name: "chromium", family: "chromium"}, false},
		{"the browser's own process", tab, subject{kind: "process", name: "firefox", family: "firefox"}, false},
		{"its program, cut to 15 bytes", native, subject{kind: "process", name: "a-name-longer-t"}, true},
		{"a shorter name", native, subject{kind: "process", name: "a-name"}, false},
		{"a group of it", native, subject{kind: "group", name: "kworker/0:1"}, true},
		{"its path", native, subject{kind: "process", name: "x", exe: "/tmp/a-name-longer-than-linux-keeps"}, true},
		{"on Windows", native, subject{kind: "process", name: "A-name-longer-than-Linux-keeps.exe"}, true},
		{"a tab", native, subject{kind: "browser_tab", name: "kworker/0:1"}, false},
		{"another program", native, subject{kind: "process", name: "cc1"}, false},
		{"an empty name", native, subject{kind: "process"}, false},
	} {
		m := newMatcher(&c.truth)
		m.learn(&heuristics.Snapshot{Processes: []heuristics.ProcessSample{
			{Info: &heuristics.ProcessInfo{Name: "firefox", Browser: &heuristics.BrowserProcess{Family: "firefox", Role: "browser"}}},
			{Info: &heuristics.ProcessInfo{Name: "chromium", Browser: &heuristics.BrowserProcess{Family: "chromium", Role: "browser"}}},
		}})
		if got := m.is(&c.s); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSites(t *testing.T) {
	tab, native := newMatcher(&Truth{Site: "www.films.test"}), newMatcher(&Truth{Process: "x"})
	tabs := newMatcher(&Truth{Site: "films.test", Sites: []string{"films.test", "shop.test"}})
	for _, c := range []struct {
		m            *matcher
		site         string
		right, wrong bool
	}{
		{tab, "films.test", true, false},
		{tab, "other.test", false, true},
		{tabs, "films.test", true, false},
		{tabs, "shop.test", true, false},
		{tabs, "other.test", false, true},
		{tab, "", false, false},
		{native, "other.test", false, true},
		{native, "", false, false},
	} {
		if right, wrong := c.m.siteVerdict(&subject{site: c.site}); right != c.right || wrong != c.wrong {
			t.Errorf("site %q for truth %q: right %v, wrong %v", c.site, c.m.sites, right, wrong)
		}
	}
}

func TestAbsentProgram(t *testing.T) {
	seen := &heuristics.Snapshot{Processes: []heuristics.ProcessSample{{Info: &heuristics.ProcessInfo{Name: "bash"}}}}
	for _, c := range []struct {
		truth Truth
		want  string
	}{
		{Truth{Process: "bash"}, ""},
		{Truth{Process: "hashd"}, "hashd"},
		{Truth{Process: "hashd", Programs: []string{"bash"}}, ""},
		{Truth{Programs: []string{"x", "x"}}, "x"},
		{Truth{Site: "a.test"}, ""},
	} {
		m := newMatcher(&c.truth)
		m.learn(seen)
		if got := m.absent(&c.truth); got != c.want {
			t.Errorf("%+v: %q is absent, want %q", c.truth.names(), got, c.want)
		}
	}
}
