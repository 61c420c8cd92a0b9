package words_test

import (
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

func films(change func(*api.Alert)) *api.Alert {
	a := &api.Alert{
		Subject: "browser_tab", Site: "films.test", SiteConfidence: "exact", Browser: "chromium", BrowserTitle: "Chromium", Tabs: 1,
		TabHidden: true, ProcessName: "chromium", PID: 4711, Cores: 1.4, MachinePercent: 70, Busy: 40,
		Severity: "mining_like", Confidence: 0.97,
	}
	if change != nil {
		change(a)
	}
	return a
}

func program(a *api.Alert) {
	a.Subject, a.Site, a.SiteConfidence, a.ProcessName, a.Browser = "process", "", "", "stress-ng", ""
}

func TestEnglish(t *testing.T) {
	t.Parallel()
	const like = " This pattern is consistent with cryptocurrency mining; video, games and science pages can look similar."
	tests := []struct {
		name              string
		change            func(*api.Alert)
		who, title, body  string
		menuBegins, tabIs string
	}{
		{
			"exact", nil, "films.test", "films.test is keeping your computer busy",
			"films.test has kept 1.4 of 2 cores busy for 40 seconds in a tab you are not looking at." + like,
			"films.test: 1.4 of 2 cores for 40 s", "films.test",
		},
		{
			"exact, several tabs on screen", func(a *api.Alert) { a.Tabs, a.TabHidden, a.Busy = 3, false, 240 },
			"films.test", "films.test is keeping your computer busy",
			"films.test has kept 1.4 of 2 cores busy for 4 minutes in one of 3 tabs of Chromium." + like,
			"films.test: 1.4 of 2 cores for 4 min", "films.test",
		},
		{
			"embedded", func(a *api.Alert) { a.Site, a.EmbeddedIn = "adnet.test", "news.test" },
			"adnet.test, inside a page of news.test",
			"adnet.test, inside a page of news.test, is keeping your computer busy",
			"adnet.test, inside a page of news.test, has kept 1.4 of 2 cores busy for 40 seconds in a tab you are not looking at." + like,
			"adnet.test, inside a page of news.test: 1.4 of 2 cores", "news.test",
		},
		{
			"shared", func(a *api.Alert) { a.Site, a.Sites, a.SiteConfidence = "", []string{"A", "B"}, "shared" },
			"one of A, B", "One of A, B is keeping your computer busy",
			"One of A, B has kept 1.4 of 2 cores busy for 40 seconds in a tab you are not looking at." + like,
			"One of A, B: 1.4 of 2 cores", "one of A, B",
		},
		{
			"shared by many", func(a *api.Alert) {
				a.Site, a.Sites, a.SiteConfidence = "", []string{"A", "B", "C", "D", "E"}, "shared"
			},
			"one of A, B, C and 2 more", "One of A, B, C and 2 more is keeping your computer busy",
			"One of A, B, C and 2 more has kept ", "One of A", "one of A, B, C and 2 more",
		},
		{
			"probable", func(a *api.Alert) { a.SiteConfidence, a.TabHidden = "probable", false },
			"probably films.test", "Probably films.test is keeping your computer busy",
			"Probably films.test has kept 1.4 of 2 cores busy for 40 seconds in a tab of Chromium." + like,
			"Probably films.test: 1.4", "probably films.test",
		},
		{
			"unknown", func(a *api.Alert) { a.Site, a.SiteConfidence, a.TabHidden = "", "unknown", false },
			"a tab that minewatch cannot see", "A tab that minewatch cannot see is keeping your computer busy",
			"A tab that minewatch cannot see has kept 1.4 of 2 cores busy for 40 seconds in Chromium." + like,
			"A tab that minewatch cannot see: 1.4", "a tab that minewatch cannot see",
		},
		{
			"a site with no confidence is not named", func(a *api.Alert) { a.SiteConfidence = "" },
			"a tab that minewatch cannot see", "A tab that", "A tab that", "A tab that", "a tab that minewatch cannot see",
		},
		{
			"process, heavy", func(a *api.Alert) { program(a); a.Severity, a.Busy = "heavy", 3*3600+59*60 },
			"the program stress-ng", "The program stress-ng is keeping your computer busy",
			"The program stress-ng has kept 1.4 of 2 cores busy for 3 hours. " +
				"It has been busy for long; only part of the usual pattern of mining fits.",
			"The program stress-ng: 1.4 of 2 cores for 3 h", "the program stress-ng",
		},
		{
			"group", func(a *api.Alert) { program(a); a.Subject, a.ProcessName, a.Processes = "group", "cc1", 8 },
			"8 processes of cc1", "8 processes of cc1 are keeping your computer busy",
			"8 processes of cc1 have kept 1.4 of 2 cores busy for 40 seconds. This pattern is consistent with cryptocurrency mining; compilers,",
			"8 processes of cc1: 1.4", "8 processes of cc1",
		},
		{
			"the last of a group", func(a *api.Alert) { program(a); a.Subject, a.Processes = "group", 1 },
			"the program stress-ng", "The program stress-ng is", "The program stress-ng has", "The program", "the program stress-ng",
		},
	}
	w := words.In(words.English)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := films(tt.change)
			if got := w.Who(a); got != tt.who {
				t.Errorf("Who: got %q, want %q", got, tt.who)
			}
			if got := w.Tab(a); got != tt.tabIs {
				t.Errorf("Tab: got %q, want %q", got, tt.tabIs)
			}
			for what, pair := range map[string][2]string{
				"Title": {w.Title(a), tt.title}, "Body": {w.Body(a), tt.body}, "Menu": {w.Menu(a), tt.menuBegins},
			} {
				if !strings.HasPrefix(pair[0], pair[1]) {
					t.Errorf("%s:\n got %q\nwant %q", what, pair[0], pair[1])
				}
			}
		})
	}
}

func TestJapanese(t *testing.T) {
	t.Parallel()
	w := words.In(words.Japanese)
	want := "films.test が、見ていないタブで 40 秒にわたり 2 コア中 1.4 コアを使い続けています。" +
		"暗号資産のマイニングによく見られる動きと一致しますが、動画、ゲーム、科学計算のページも似た動きをすることがあります。"
	if diff := cmp.Diff(want, w.Body(films(nil))); diff != "" {
		t.Error(diff)
	}
	if got, want := w.Title(films(nil)), "films.test がパソコンに負荷をかけ続けています"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestComplete holds every language to the English source: no sentence missing, the same {names} in each.
func TestComplete(t *testing.T) {
	t.Parallel()
	for _, l := range words.Languages() {
		t.Run(string(l), func(t *testing.T) { complete(t, l) })
	}
	if !slices.Contains(words.Languages(), words.Japanese) {
		t.Error("Japanese is not in the table")
	}
}

func complete(t *testing.T, l words.Lang) {
	t.Helper()
	hole := regexp.MustCompile(`\{[a-z]+\}`)
	en := reflect.ValueOf(*words.In(words.English).Say)
	translated := reflect.ValueOf(*words.In(l).Say)
	for i := range en.NumField() {
		field := en.Type().Field(i)
		source, other := en.Field(i).String(), translated.Field(i).String()
		if field.Tag.Get("about") == "" {
			t.Errorf("%s: the translator is told nothing", field.Name)
		}
		if source == "" {
			t.Errorf("%s: no English", field.Name)
		}
		if other == "" && field.Name != "Space" {
			t.Errorf("%s: %q is missing", field.Name, source)
		}
		want, got := hole.FindAllString(source, -1), hole.FindAllString(other, -1)
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the names in braces differ:\n%s", field.Name, diff)
		}
		if l != words.English && source == other && regexp.MustCompile(`[A-Za-z]{3}`).MatchString(hole.ReplaceAllString(source, "")) {
			t.Errorf("%s: %q is not translated", field.Name, source)
		}
		// A command must survive translation, or the user types words that do nothing.
		for _, c := range regexp.MustCompile(`minewatch (disallow|allowed|doctor|alerts|run --user)`).FindAllString(source, -1) {
			if !strings.Contains(other, c) {
				t.Errorf("%s: the command %q was lost", field.Name, c)
			}
		}
	}
}

// TestNoAccusation: the program reports symptoms.
func TestNoAccusation(t *testing.T) {
	t.Parallel()
	bad := regexp.MustCompile(`(?i)malware|infect|attack|virus|malicious|illegal|hack|マルウェア|感染|攻撃|ウイルス|不正|違法`)
	for _, l := range words.Languages() {
		v := reflect.ValueOf(*words.In(l).Say)
		for i := range v.NumField() {
			if got := bad.FindString(v.Field(i).String()); got != "" {
				t.Errorf("%s %s accuses: %q", l, v.Type().Field(i).Name, got)
			}
		}
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	w := words.In(words.English)
	for _, tt := range []struct {
		cores, percent, busy float64
		want                 string
	}{
		{1.4, 70, 1, "films.test: 1.4 of 2 cores for 1 s"},
		{3.1, 38.75, 119, "films.test: 3.1 of 8 cores for 119 s"},
		{0.9, 90, 120, "films.test: 0.9 of 1 core for 2 min"},
		{1.4, 0, 7200, "films.test: 1.4 cores for 2 h"},
		{0, 0, 48 * 3600, "films.test: 0.0 cores for 2 d"},
		{math.NaN(), math.Inf(1), math.Inf(-1), "films.test: 0.0 cores for 0 s"},
		{1e300, 1, math.MaxFloat64, "films.test: 0.0 cores for 9999 d"},
		{-1, 50, -5, "films.test: 0.0 cores for 0 s"},
	} {
		a := films(func(a *api.Alert) { a.Cores, a.MachinePercent, a.Busy = tt.cores, tt.percent, tt.busy })
		if got := w.Menu(a); got != tt.want {
			t.Errorf("%v: got %q, want %q", []float64{tt.cores, tt.percent, tt.busy}, got, tt.want)
		}
	}
	if got := w.Body(films(func(a *api.Alert) { a.Busy = 1 })); !strings.Contains(got, "for 1 second in") {
		t.Errorf("a single second: %q", got)
	}
}

func TestDetails(t *testing.T) {
	t.Parallel()
	for confidence, want := range map[float64]string{
		1: "very much like mining (99 %)", 0.97: "very much like mining (97 %)", 0.75: "looks like mining (75 %)",
		0.2: "only partly like mining (20 %)", 0: "(1 %)", math.NaN(): "(1 %)",
	} {
		a := films(func(a *api.Alert) {
			a.Confidence = confidence
			a.Evidence = []api.Evidence{{Text: "Two worker threads are busy.\n<b>"}, {Text: ""}, {Text: "It is flat."}}
		})
		got := words.In(words.English).Details(a)
		if !strings.Contains(got[2], want) {
			t.Errorf("%v: got %q, want %q in it", confidence, got[2], want)
		}
		got[2] = ""
		if diff := cmp.Diff([]string{
			"films.test: 1.4 of 2 cores for 40 s", "Program Chromium, process 4711.", "",
			"• Two worker threads are busy. <b>", "• It is flat.",
		}, got); diff != "" {
			t.Error(diff)
		}
	}
	a := films(func(a *api.Alert) { a.Evidence = make([]api.Evidence, 5000) })
	for i := range a.Evidence {
		a.Evidence[i].Text = strings.Repeat("long ", 1000)
	}
	if got := strings.Join(words.In(words.English).Details(a), ""); len(got) > 4000 {
		t.Errorf("details of %d bytes", len(got))
	}
}

// Hosts from session files are candidates: several, never one, and said as such.
func TestDetailsOfCandidates(t *testing.T) {
	t.Parallel()
	line := func(l words.Lang, hosts ...string) string {
		return words.In(l).Details(films(func(a *api.Alert) {
			a.Site, a.SiteConfidence, a.Candidates = "", "unknown", hosts
		}))[2]
	}
	for want, hosts := range map[string][]string{
		"Open in your browsers of late: a.test, b.test. It may be one of them, or none.":                    {"a.test", "b.test"},
		"Open in your browsers of late: a.test, b.test, c.test and 2 more. It may be one of them, or none.": {"a.test", "b.test", "c.test", "d.test", "e.test"},
	} {
		if got := line(words.English, hosts...); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := line(words.Japanese, "a.test", "b.test"); !strings.Contains(got, "a.test") || !strings.Contains(got, "どれでもない") {
		t.Errorf("got %q", got)
	}
	if got := line(words.English, "a.test"); strings.Contains(got, "a.test") {
		t.Errorf("a single host is named: %q", got)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		all, messages, lang string
		want                words.Lang
	}{
		{"", "", "", words.English},
		{"", "", "ja_JP.UTF-8", words.Japanese},
		{"", "", "ja", words.Japanese},
		{"", "", "ja.UTF-8", words.Japanese},
		{"", "", "ja-JP", words.Japanese},
		{"", "", "JA_jp@foo", words.Japanese},
		{"", "", "jam_JM.UTF-8", words.English},
		{"", "", "de_DE.UTF-8", words.English},
		{"C", "ja_JP.UTF-8", "ja_JP.UTF-8", words.English},
		{"", "ja_JP.UTF-8", "en_US.UTF-8", words.Japanese},
		{"", "en_US.UTF-8", "ja_JP.UTF-8", words.English},
	} {
		if got := words.Choose(tt.all, tt.messages, tt.lang); got != tt.want {
			t.Errorf("Choose(%q, %q, %q) = %s, want %s", tt.all, tt.messages, tt.lang, got, tt.want)
		}
	}
}

func TestFillLooksOnce(t *testing.T) {
	t.Parallel()
	got := words.Fill("{who}: {cores}", "who", "{cores}{who}", "cores", "2")
	if want := "{cores}{who}: 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
