package words_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
)

// cleaned are hostile names, and what is left of them.
func cleaned() map[string]string {
	return map[string]string{
		"$(touch x)';--<b>":                    "$(touch x)';--<b>",
		"moc.knab\u202etset.smlif":             "moc.knabtset.smlif",
		"\u2066a\u2067b\u2068c\u2069":          "abc",
		"\u200ea\u200fb\u061cc":                "abc",
		"\u202aa\u202bb\u202cc\u202dd":         "abcd",
		"a\r\nminewatch: all is well":          "a minewatch: all is well",
		"a\x00b\x1b[31mc\x7f\u0085d":           "ab[31mc d",
		"a\u2028b\u2029c":                      "a b c",
		"zero\u200bwidth\ufeff\u2060\u00adhid": "zerowidthhid",
		"tag\U000E0041\U000E007F":              "tag",
		"\u115f\u3164\uffa0\u2800":             "",
		"  many \t\t  spaces\u3000 ":           "many spaces",
		"\xff\xfebroken":                       "\ufffd\ufffdbroken",
		"\u0301\u0301on nothing":               "on nothing",
		"Z" + strings.Repeat("\u0300", 500):    "Z\u0300\u0300\u0300",
		"=1+1":                                 "=1+1",
		"“smart” ‘quotes’":                     "“smart” ‘quotes’",
		"映画.テスト":                               "映画.テスト",
		"פריט.test":                            "פריט.test",
		"private\ue000use\U0010FFFF":           "privateuse",
		"my_program_name":                      "my_program_name",
		strings.Repeat("x", 10_000):            strings.Repeat("x", 79) + "…",
		strings.Repeat("映", 80):                strings.Repeat("映", 80),
		strings.Repeat("映", 81):                strings.Repeat("映", 79) + "…",
		strings.Repeat("\u202e", 9_000) + "a":  "a",
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range cleaned() {
		if got := words.Clean(in); got != want {
			t.Errorf("Clean(%.60q) = %q, want %q", in, got, want)
		}
	}
}

// fit fails the test unless s can stand in one line of any program's text.
func fit(t *testing.T, what, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("%s is not UTF-8: %q", what, s)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			t.Errorf("%s holds %U: %q", what, r, s)
			return
		}
	}
}

// TestHostileAlert puts the hostile names in every place where a name can stand.
func TestHostileAlert(t *testing.T) {
	t.Parallel()
	for _, lang := range []words.Lang{words.English, words.Japanese} {
		w := words.In(lang)
		for _, name := range hostile.Names() {
			for _, subject := range []api.Subject{api.SubjectTab, api.SubjectProcess, api.SubjectGroup, api.Subject(name)} {
				for _, level := range []api.Level{api.Exact, api.Shared, api.Probable, api.Unknown, "", api.Level(name)} {
					a := &api.Alert{
						Subject: subject, SiteConfidence: level, Site: name, EmbeddedIn: name + "!",
						Sites: []string{name, name, name, name}, Candidates: []string{name, name, name, name}, Browser: name, ProcessName: name, Exe: name, Tabs: 2,
						Processes: 2, Severity: api.Severity(name), Evidence: []api.Evidence{{Rule: name, Text: name}},
					}
					for _, s := range append(w.Details(a), w.Who(a), w.Title(a), w.Body(a), w.Menu(a), w.Tab(a)) {
						fit(t, "a sentence", s)
						if n := utf8.RuneCountInString(s); n > 600 {
							t.Errorf("%d characters: %q", n, s)
						}
					}
				}
			}
		}
	}
}

func TestHostileNamesAreCleaned(t *testing.T) {
	t.Parallel()
	for _, name := range hostile.Names() {
		fit(t, "Clean", words.Clean(name))
		fit(t, "CleanSentence", words.CleanSentence(name))
		fit(t, "CleanError", words.CleanError(errors.New(name)))
	}
	if got, want := words.CleanError(errors.Join(errors.New("a\u202e"), errors.New("b"))), "a; b"; got != want {
		t.Errorf("two errors: %q, want %q", got, want)
	}
}

func TestMarkup(t *testing.T) {
	t.Parallel()
	if got, want := words.Markup(`<a href="x">&'`), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzClean(f *testing.F) {
	for _, in := range hostile.Names() {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := words.Clean(in)
		fit(t, "Clean", got)
		if n := utf8.RuneCountInString(got); n > 80 {
			t.Errorf("%d characters", n)
		}
		if again := words.Clean(got); again != got {
			t.Errorf("not stable: %q then %q", got, again)
		}
		if m := words.Markup(got); strings.ContainsAny(m, `<>"'`) {
			t.Errorf("markup left in %q", m)
		}
	})
}
