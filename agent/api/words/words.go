// Package words turns alerts into sentences for people, in the languages of its table (English and Japanese).
//
// It reports symptoms and how sure the program is, never an accusation: a page may use the computer with the visitor's
// consent, or may only look like mining. English (en.go) is the only source; other languages translate it and the
// tests fail when one lacks a sentence or a {name} in it.
//
// Two languages and about 70 sentences do not pay for a translation library: in a small program go-i18n v2.7.0 with
// its templates and locale data adds 1.7 MB to a stripped 1.6 MB binary. A table checked by the compiler adds only its text.
//
// Every name from outside (a site, a program, what a rule says) passes through Clean before it enters a sentence.
package words

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/minewatch/minewatch/agent/api"
)

// Lang is a language that the sentences exist in.
type Lang string

// The languages.
const (
	English  Lang = "en"
	Japanese Lang = "ja"
)

// table lists every language with its sentences: to add one is a file and a line here (docs/adding-a-language.md).
func table() map[Lang]func() *Sentences {
	return map[Lang]func() *Sentences{
		English:  english,
		Japanese: japanese,
	}
}

// Languages returns every language, in the order of their codes.
func Languages() []Lang { return slices.Sorted(maps.Keys(table())) }

// Known returns the language of a code that came from outside, English for one that does not exist.
func Known(code string) Lang {
	if _, ok := table()[Lang(code)]; ok {
		return Lang(code)
	}
	return English
}

// Choose returns the language for the values of LC_ALL, LC_MESSAGES and LANG: the first that is not empty decides, as
// POSIX has it, and a language that there are no sentences in means English.
func Choose(lcAll, lcMessages, lang string) Lang {
	v := cmp.Or(lcAll, lcMessages, lang)
	code, _, _ := strings.Cut(strings.ToLower(v), "_") // ja_JP.UTF-8, ja-JP, ja.UTF-8, ja@variant
	if end := strings.IndexAny(code, "-.@"); end >= 0 {
		code = code[:end]
	}
	return Known(code)
}

// Words speaks one language.
type Words struct {
	Lang Lang
	// Say holds the sentences that need no alert; Fill puts values into them.
	Say *Sentences
}

// In returns the words of a language, English for one that does not exist.
func In(l Lang) Words {
	l = Known(string(l))
	return Words{l, table()[l]()}
}

// Fill puts values into a sentence: pairs are a name and its value, and {name} becomes the value. A value is never
// looked at again, so that a site called "{cores}" stays what it is.
func Fill(sentence string, pairs ...string) string {
	args := make([]string, len(pairs))
	for i, p := range pairs {
		if i%2 == 0 {
			p = "{" + p + "}"
		}
		args[i] = p
	}
	return strings.NewReplacer(args...).Replace(sentence)
}

// Who names the subject of an alert with exactly as much certainty as there is: "films.test", "one of A, B",
// "probably A", "a tab that minewatch cannot see", "the program NAME".
func (w Words) Who(a *api.Alert) string { return w.who(a, w.Say.WhoEmbedded) }

// Title is the first line of a notification.
func (w Words) Title(a *api.Alert) string {
	s := w.Say.Title
	if many(a) {
		s = w.Say.TitleMany
	}
	return w.begin(a, Fill(s, "who", w.who(a, w.Say.WhoEmbeddedBusy)))
}

// Body is what stands below Title: who, how much, for how long, and what that may mean.
func (w Words) Body(a *api.Alert) string {
	s := w.Say.Busy
	if many(a) {
		s = w.Say.BusyMany
	}
	busy := Fill(s, "who", w.who(a, w.Say.WhoEmbeddedBusy), "cores", w.Cores(a), "time", w.Span(a.Busy, false),
		"where", w.where(a))
	meaning := w.Say.MiningLikeProgram
	switch {
	case a.Severity != api.MiningLike:
		meaning = w.Say.Heavy
	case a.Subject == api.SubjectTab:
		meaning = w.Say.MiningLike
	}
	return w.begin(a, busy) + w.Say.Space + meaning
}

// Menu is the short title for a menu: "films.test: 1.4 of 2 cores for 40 s", and until when it is snoozed.
func (w Words) Menu(a *api.Alert) string {
	title := w.begin(a, Fill(w.Say.Menu, "who", w.Who(a), "cores", w.Cores(a), "time", w.Span(a.Busy, true)))
	if a.SnoozedUntil.IsZero() {
		return title
	}
	return Fill(w.Say.MenuSnoozed, "menu", title, "time", a.SnoozedUntil.Local().Format("15:04"))
}

// Details are the lines that say why: the program, what may be behind it where nobody could be named, how much it looks
// like mining, and what each rule found (in English, as the detector words it), at most eight.
func (w Words) Details(a *api.Alert) []string {
	program := Fill(w.Say.DetailsProgram, "name", w.program(a), "pid", strconv.Itoa(int(a.PID)))
	lines := []string{w.Menu(a), program}
	if len(a.Candidates) > 1 { // one alone would read like an answer
		lines = append(lines, Fill(w.Say.DetailsOpen, "sites", w.list(a.Candidates)))
	}
	if a.Subject == api.SubjectTab && w.who(a, "") == w.Say.WhoUnknown {
		lines = append(lines, w.Say.DetailsConnect)
	}
	lines = append(lines, w.looks(a.Confidence))
	for i, e := range a.Evidence {
		if i == 8 {
			break
		}
		if text := cleanTo(e.Text, maxSentence); text != "" {
			lines = append(lines, "• "+text)
		}
	}
	return lines
}

// program names the program of an alert: of a tab its browser, for what browsers call their processes means nothing to
// people.
func (w Words) program(a *api.Alert) string {
	if a.Subject == api.SubjectTab && a.Browser != "" {
		return w.programName(cmp.Or(a.BrowserTitle, a.Browser))
	}
	return w.programName(a.ProcessName)
}

// Tab names the tab an alert is about by the site in its address bar, or by Who when that is not known.
func (w Words) Tab(a *api.Alert) string {
	if a.SiteConfidence == api.Exact && a.EmbeddedIn != "" {
		return w.name(a.EmbeddedIn)
	}
	return w.Who(a)
}

// Cores says how much an alert's subject uses: "1.4 of 2 cores".
func (w Words) Cores(a *api.Alert) string {
	n := strconv.FormatFloat(sane(a.Cores), 'f', 1, 64)
	all := sane(math.Round(a.Cores * 100 / a.MachinePercent))
	switch {
	case all < 1:
		return Fill(w.Say.CoresAlone, "n", n)
	case all < 2:
		return Fill(w.Say.CoresOfOne, "n", n)
	default:
		return Fill(w.Say.CoresOf, "n", n, "all", strconv.FormatFloat(all, 'f', 0, 64))
	}
}

func (w Words) who(a *api.Alert, embedded string) string {
	switch {
	case a.Subject == api.SubjectGroup && a.Processes > 1:
		return Fill(w.Say.WhoGroup, "n", strconv.Itoa(a.Processes), "name", w.programName(a.ProcessName))
	case a.Subject != api.SubjectTab:
		return Fill(w.Say.WhoProgram, "name", w.programName(a.ProcessName))
	case a.SiteConfidence == api.Exact && a.Site != "" && a.EmbeddedIn != "" && a.EmbeddedIn != a.Site:
		return Fill(embedded, "site", w.name(a.Site), "page", w.name(a.EmbeddedIn))
	case a.SiteConfidence == api.Exact && a.Site != "":
		return w.name(a.Site)
	case a.SiteConfidence == api.Shared && len(a.Sites) > 0:
		return Fill(w.Say.WhoShared, "sites", w.list(a.Sites))
	case a.SiteConfidence == api.Probable && a.Site != "":
		return Fill(w.Say.WhoProbable, "site", w.name(a.Site))
	default:
		return w.Say.WhoUnknown
	}
}

// begin makes a sentence begin with a capital letter, unless it begins with a name, which stays as it is written.
func (w Words) begin(a *api.Alert, s string) string {
	named := a.Subject == api.SubjectTab && a.SiteConfidence == api.Exact && a.Site != ""
	r, n := utf8.DecodeRuneInString(s)
	if named || w.Lang != English || n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

func (w Words) where(a *api.Alert) string {
	n, browser := strconv.Itoa(a.Tabs), w.programName(cmp.Or(a.BrowserTitle, a.Browser))
	switch {
	case a.Subject != api.SubjectTab:
		return ""
	case a.TabHidden && a.Tabs > 1:
		return Fill(w.Say.WhereHiddenTabs, "n", n)
	case a.TabHidden:
		return w.Say.WhereHidden
	case a.Browser == "":
		return ""
	case a.SiteConfidence == api.Unknown || a.SiteConfidence == "":
		return Fill(w.Say.WhereBrowser, "browser", browser)
	case a.Tabs > 1:
		return Fill(w.Say.WhereTabs, "n", n, "browser", browser)
	default:
		return Fill(w.Say.WhereTab, "browser", browser)
	}
}

// looks puts the confidence (0 to 1) into words. It never says 100 %: nothing here is proof.
func (w Words) looks(confidence float64) string {
	s := w.Say.LooksLittle
	switch {
	case confidence >= 0.9:
		s = w.Say.LooksVery
	case confidence >= 0.6:
		s = w.Say.LooksLike
	}
	percent := min(99, max(1, math.Round(sane(confidence)*100)))
	return Fill(s, "percent", strconv.FormatFloat(percent, 'f', 0, 64))
}

// maxSpan is the longest time that is told, in seconds; longer ones are told as this.
const maxSpan = 9999 * 24 * 3600

// Span tells a length of time given in seconds: "40 seconds", or in at most six columns "40 s" where it must be short.
// The unit changes at two of the next, so that only "1 second" is ever singular. What is no length is told as 0.
func (w Words) Span(seconds float64, short bool) string {
	s := math.Round(min(max(0, seconds), maxSpan))
	if math.IsNaN(s) {
		s = 0
	}
	long, brief, n := w.Say.Seconds, w.Say.SecondsShort, s
	switch {
	case s >= 48*3600:
		long, brief, n = w.Say.Days, w.Say.DaysShort, math.Floor(s/86400)
	case s >= 2*3600:
		long, brief, n = w.Say.Hours, w.Say.HoursShort, math.Floor(s/3600)
	case s >= 2*60:
		long, brief, n = w.Say.Minutes, w.Say.MinutesShort, math.Floor(s/60)
	case s == 1:
		long = w.Say.Second
	}
	if short {
		long = brief
	}
	return Fill(long, "n", strconv.FormatFloat(n, 'f', 0, 64))
}

// list names at most three.
func (w Words) list(names []string) string {
	var out []string
	for _, n := range names[:min(3, len(names))] {
		out = append(out, w.name(n))
	}
	s := strings.Join(out, w.Say.ListSeparator)
	if more := len(names) - len(out); more > 0 {
		s = Fill(w.Say.ListMore, "list", s, "n", strconv.Itoa(more))
	}
	return s
}

// programName is name for what a program, which is free to call itself youtube.com, says of itself: what reads like a
// site stands in quotation marks.
func (w Words) programName(s string) string {
	n := w.name(s)
	if !LikeSite(n) {
		return n
	}
	return Fill(w.Say.Quoted, "name", strings.NewReplacer(`"`, "'", "「", "'", "」", "'").Replace(n))
}

// LikeSite reports whether a program's name could be read as a site: a dot, or what looks like one, before a letter, an
// address with a scheme or port, or localhost. A version (python3.11) cannot.
func LikeSite(name string) bool {
	before := rune(0)
	for _, r := range name {
		if unicode.IsLetter(r) && strings.ContainsRune(".。．｡․·", before) {
			return true
		}
		before = r
	}
	return strings.ContainsRune(name, ':') || strings.EqualFold(name, "localhost")
}

func (w Words) name(s string) string {
	if s = Clean(s); s == "" {
		return w.Say.NoName
	}
	return s
}

func many(a *api.Alert) bool { return a.Subject == api.SubjectGroup && a.Processes > 1 }

// sane keeps a figure printable: not a number, negative or absurd ones become 0.
func sane(f float64) float64 {
	if f > 0 && f < 1e12 {
		return f
	}
	return 0
}
