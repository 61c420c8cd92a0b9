package terminal

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
)

func TestCells(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{
		"": 0, "abc": 3, "日本": 4, "ﾊﾝ": 2, "e\u0301": 1, "▁█": 2, "·…▸": 3, "👍": 2, "🇯🇵": 4, "🇯": 2, "한": 2, "\x7f\n": 0,
	} {
		if got := cells(s); got != want {
			t.Errorf("cells(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	tests := []struct {
		s    string
		n    int
		want string
	}{
		{"films.test", 10, "films.test"},
		{"films.test", 9, "films.te…"},
		{"films.test", 1, "…"},
		{"films.test", 0, ""},
		{"films.test", -1, ""},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"日本語", 2, "…"},
	}
	for _, tt := range tests {
		if got := clip(tt.s, tt.n); got != tt.want {
			t.Errorf("clip(%q, %d) = %q, want %q", tt.s, tt.n, got, tt.want)
		}
	}
	for _, s := range hostile.Names() {
		s = words.Clean(s)
		for n := range 30 {
			if got := clip(s, n); cells(got) > n || !utf8.ValidString(got) {
				t.Errorf("clip(%q, %d) = %q", s, n, got)
			}
			if l, r := left(s, n), right(s, n); cells(l) != n || cells(r) != n {
				t.Errorf("left and right of %q in %d: %q, %q", s, n, l, r)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	tests := []struct {
		lead, text string
		width      int
		want       []string
	}{
		{"", "", 10, []string{""}},
		{"! ", "one two three", 9, []string{"! one two", "  three"}},
		{"", "  one \n two  ", 20, []string{"one two"}},
		{"", "it varies by 1.2 % now", 16, []string{"it varies by", "1.2 % now"}},
		{"+ ", "abcdefghij k", 6, []string{"+ abcd", "  efgh", "  ij k"}},
		{"", "日本語日本語", 5, []string{"日本", "語日", "本語"}},
		{"", "日本", 1, []string{"日", "本"}},
		{"long lead ", "text", 5, []string{"long…"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, wrap(tt.lead, tt.text, tt.width)); diff != "" {
			t.Errorf("wrap(%q, %q, %d) (-want +got):\n%s", tt.lead, tt.text, tt.width, diff)
		}
	}
	for _, s := range hostile.Names() {
		s = words.CleanSentence(s)
		for w := 4; w < 90; w++ {
			lines := wrap("+ ", s, w)
			var all strings.Builder
			for _, l := range lines {
				if cells(l) > w {
					t.Errorf("wrap(%q, %d): %q is too wide", s, w, l)
				}
				all.WriteString(l[2:])
			}
			if bare := strings.NewReplacer(" ", ""); bare.Replace(all.String()) != bare.Replace(s) {
				t.Errorf("wrap(%q, %d) lost text: %q", s, w, all.String())
			}
		}
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	nan := 0.0
	nan /= nan
	got := []string{
		span(0), span(1), span(119.4), span(119.6), span(7199), span(7200), span(48*3600 - 1), span(48 * 3600), span(1e300), span(-1), span(nan),
		cores(0), cores(1.426), cores(99.99), cores(99.999), cores(100), cores(999.96), cores(1e300), cores(-1), cores(nan),
		percent(0), percent(71.5), percent(1e9), percent(nan), likeness(0), likeness(0.004), likeness(0.97), likeness(1), likeness(7), likeness(nan),
		count(0, "core"), count(1, "core"), count(2, "process"), count(-1, "core"),
	}
	want := []string{
		"0 s", "1 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 d", "9999 d", "0 s", "0 s",
		"0.00", "1.43", "99.99", "100.0", "100.0", "1000", "99999", "0.00", "0.00",
		"0 %", "72 %", "100 %", "0 %", "1 %", "1 %", "97 %", "99 %", "99 %", "1 %",
		"0 cores", "1 core", "2 processes", "-1 cores",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A name says as much as is known, and no more.
func TestLabels(t *testing.T) {
	t.Parallel()
	tests := []struct {
		change        func(*api.Alert)
		label, expact string
	}{
		{nil, "films.test", "films.test (exact)"},
		{func(a *api.Alert) { a.SiteConfidence = "probable" }, "probably films.test", "films.test (probable)"},
		{func(a *api.Alert) { a.EmbeddedIn = "news.test" }, "films.test in news.test", "films.test (exact) in a page of news.test"},
		{func(a *api.Alert) { a.EmbeddedIn = "films.test" }, "films.test", "films.test (exact)"},
		{
			func(a *api.Alert) { a.Site, a.Sites, a.SiteConfidence = "", []string{"a.test", "b.test"}, "shared" },
			"one of a.test, b.test", "a.test, b.test (shared)",
		},
		{
			func(a *api.Alert) {
				a.Sites, a.SiteConfidence = []string{"a.test", "b.test", "c.test", "d.test"}, "shared"
			},
			"one of a.test, b.test, c.test and 1 more", "a.test, b.test, c.test and 1 more (shared)",
		},
		{func(a *api.Alert) { a.Site, a.SiteConfidence = "", "unknown" }, "Chromium tab", "a tab of Chromium (site unknown)"},
		{func(a *api.Alert) { a.SiteConfidence = "" }, "probably films.test", "films.test"},
		{stress, "stress-ng", "stress-ng (process 99)"},
		{func(a *api.Alert) { stress(a); a.ProcessName = "\x1b" }, "(no name)", "(no name) (process 99)"},
		{func(a *api.Alert) { stress(a); a.Subject = group }, "stress-ng (several)", "stress-ng (several)"},
		{func(a *api.Alert) { stress(a); a.Subject, a.Processes = group, 8 }, "8 × stress-ng", "8 × stress-ng"},
	}
	for _, tt := range tests {
		a := films(tt.change)
		if got := label(&a); got != tt.label {
			t.Errorf("label: %q, want %q", got, tt.label)
		}
		if got := exactly(&a); got != tt.expact {
			t.Errorf("exactly: %q, want %q", got, tt.expact)
		}
	}
}

// The first sentence and what it means are parts of words.Body; if that changes its form, this must follow.
func TestSentence(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*api.Alert){nil, stress, func(a *api.Alert) { stress(a); a.Severity = miningLike }} {
		a := films(change)
		first, body := sentence(&a), english().Body(&a)
		if first == body || first+" "+meaning(&a) != body {
			t.Errorf("%q is not a sentence and its meaning, but %q", body, first)
		}
	}
}

func TestTypeable(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"films.test": true, "/usr/bin/stress-ng": true, "": false, "-rf": false, "a b": false, "$(reboot)": false, "a;b": false,
		"日本.test": false, "a\nb": false, `C:\x.exe`: false, "A_1": true,
	} {
		if typeable(s) != want {
			t.Errorf("typeable(%q) = %v", s, !want)
		}
	}
}

func TestOnlyASCII(t *testing.T) {
	t.Parallel()
	tests := []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"TERM": "xterm-256color", "LANG": "en_US.UTF-8"}, false},
		{map[string]string{"TERM": "linux", "LANG": "en_US.UTF-8"}, true},
		{map[string]string{"TERM": "dumb"}, true},
		{map[string]string{"LANG": "C"}, true},
		{map[string]string{"LC_ALL": "C.utf8", "LANG": "C"}, false},
		{map[string]string{"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, true},
		{map[string]string{"LC_CTYPE": "ja_JP.eucJP", "LANG": "ja_JP.UTF-8"}, true},
		{map[string]string{"RUNEWIDTH_EASTASIAN": "1", "LANG": "ja_JP.UTF-8"}, true},
	}
	for _, tt := range tests {
		if got := onlyASCII(func(k string) string { return tt.env[k] }); got != tt.want {
			t.Errorf("%v: %v", tt.env, got)
		}
	}
}
