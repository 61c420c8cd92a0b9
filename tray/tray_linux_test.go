package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
)

const (
	calm  = "(minewatch: watching, nothing unusual)"
	quits = "Quit tray"
)

func filmsMenu(title string) []string {
	return []string{
		"(minewatch: 1 alert)", title, "  Close tab", "  Show tab", "  Allow: I agreed to this", "  Snooze 1 hour", "  Details", quits,
	}
}

// TestDesktop is the way of one alert on a desktop that has everything.
func TestDesktop(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	d.start(t, "fluxbox")
	d.panel(t)
	d.dunst(t)
	p := d.tray(t, a)
	a.mode(t, "menu", "")
	d.shows(t, calm, quits)
	d.iconIs(t, iconWatching)
	d.named(t)

	a.tell(films("a1", nil))
	d.shows(t, filmsMenu("films.test: 1.4 of 2 cores for 40 s")...)
	d.iconIs(t, iconAlert)
	d.displayed(t, "1")
	a.tell(films("a1", func(a *api.Alert) { a.Busy, a.Cores = 125, 1.8; a.MachinePercent = 90 }))
	d.shows(t, filmsMenu("films.test: 1.8 of 2 cores for 2 min")...)
	d.displayed(t, "1")
	d.picture(t, "tray-notification.png")
	d.openMenu(t)
	d.picture(t, "tray-menu.png")

	d.choose(t, "films.test", "Show tab")
	a.posted(t, "/v1/alerts/a1/show-tab")
	d.choose(t, "films.test", "Snooze")
	a.posted(t, `/v1/alerts/a1/snooze {"for_s":3600}`)
	d.choose(t, "films.test", "Allow")
	a.posted(t, `/v1/alerts/a1/allow {"for_s":0}`)
	d.choose(t, "films.test", "Close tab")
	a.posted(t, "/v1/alerts/a1/close-tab")
	a.tell(films("a1", func(a *api.Alert) { a.State, a.Reason = api.Resolved, "tab_closed" }))
	d.shows(t, calm, quits)
	d.iconIs(t, iconWatching)
	eventually(t, "what dunst has shown", func() error {
		return lacks(d.history(t),
			"films.test is keeping your computer busy",
			"films.test has kept 1.4 of 2 cores busy for 40 seconds in a tab you are not looking at. "+
				"This pattern is consistent with cryptocurrency mining; video, games and science pages can look similar.",
			"Closed the tab of films.test.")
	})

	d.choose(t, quits)
	if err := p.ends(t); err != nil {
		t.Errorf("after Quit: %v\n%s", err, p.stderr)
	}
	nothingLeft(t, d)
	if p.stderr.String() != "" {
		t.Errorf("standard error: %s", p.stderr)
	}
}

// TestResults: every action says what came of it, and a click on a notification shows the details.
func TestResults(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	d.panel(t)
	d.dunst(t)
	p := d.tray(t, a)
	a.tell(films("a1", nil))
	d.displayed(t, "1")
	if err := d.command(t, "dunstctl", "action", "0").Run(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the details", func() error {
		return lacks(d.history(t), "Why minewatch noticed films.test", "It looks very much like mining (97 %).",
			"• 2 worker threads do 99 % of the work.")
	})
	for _, step := range []struct{ choose, want, undo string }{
		{"Show tab", "The tab of films.test is in front now.", ""},
		{"Snooze", "No reminder about films.test for 1 hour.", ""},
		{"Allow", "films.test is allowed from now on.", "To undo: minewatch disallow films.test"},
	} {
		d.choose(t, "films.test", step.choose)
		eventually(t, step.choose, func() error { return lacks(d.history(t), step.want, step.undo) })
	}
	a.mu.Lock()
	a.refuse = "the tab shows <b>another</b> page now; look again"
	a.mu.Unlock()
	d.choose(t, "films.test", "Close tab")
	eventually(t, "a refusal", func() error {
		return lacks(d.history(t), "minewatch could not do that", "the tab shows &lt;b&gt;another&lt;/b&gt; page now; look again")
	})

	// Only the server's word counts: another program may send what it likes, for any notification.
	before := len(a.requests())
	a.tell(films("a2", func(a *api.Alert) { a.Site = "other.test" }))
	d.displayed(t, "1")
	for id := range uint32(100) {
		d.forge(t, ".ActionInvoked", id, "close")
		d.forge(t, ".ActionInvoked", "no number", "close")
		d.forge(t, ".NotificationClosed", id)
	}
	d.choose(t, "other.test", "Show tab")
	a.posted(t, "/v1/alerts/a2/show-tab")
	if got := a.requests()[before:]; len(got) != 1 {
		t.Errorf("forged signals had an effect: %q", got)
	}

	// A name with markup and underscores stays a name, in the menu and in a notification.
	a.tell(films("a3", func(a *api.Alert) { a.Subject, a.ProcessName = "process", "my_prog <b>&amp;\u202e\n" }))
	eventually(t, "a hostile name", func() error {
		_, all, err := d.menu()
		return errors.Join(err, lacks(text(all, ""), "The program my__prog <b>&amp;: 1.4 of 2 cores"),
			lacks(d.history(t), "The program my_prog &lt;b&gt;&amp;amp; has kept"))
	})
	p.leave(t, syscall.SIGTERM)
	nothingLeft(t, d)
}

// TestAgentAway: the tray outlives the agent and finds it again.
func TestAgentAway(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	a.stop()
	d.panel(t)
	d.dunst(t)
	d.start(t, "fluxbox")
	p := d.tray(t, a)
	d.shows(t, "(Not watching: the agent is not running)", quits)
	d.iconIs(t, iconNotWatching)
	a.listen(t)
	d.shows(t, calm, quits)
	a.tell(films("a1", nil))
	d.shows(t, filmsMenu("films.test: 1.4 of 2 cores for 40 s")...)
	d.displayed(t, "1")
	a.stop()
	d.shows(t, "(Not watching: the agent is not running)", quits)
	d.displayed(t, "0")
	a.listen(t)
	d.shows(t, filmsMenu("films.test: 1.4 of 2 cores for 40 s")...)
	if got := d.told(t, "films.test is keeping your computer busy"); got != 1 {
		t.Errorf("told %d times of one alert", got)
	}
	p.leave(t, syscall.SIGINT)
	nothingLeft(t, d)
}

// TestNoTrayHost: notifications only, until a panel comes; and again when it goes.
func TestNoTrayHost(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	d.dunst(t)
	p := d.tray(t, a)
	a.mode(t, "notifications", "nobody owns org.kde.StatusNotifierWatcher")
	a.tell(films("a1", nil))
	d.displayed(t, "1")
	eventually(t, "standard error", func() error { return lacks(p.stderr.String(), "alerts come as notifications only") })
	panel := d.panel(t)
	a.mode(t, "menu", "")
	d.shows(t, filmsMenu("films.test: 1.4 of 2 cores for 40 s")...)
	for range 2 { // panels crash and come back
		panel.Process.Kill()
		a.mode(t, "notifications", "nobody owns")
		panel = d.panel(t)
		a.mode(t, "menu", "")
		d.shows(t, filmsMenu("films.test: 1.4 of 2 cores for 40 s")...)
	}
	if got := d.told(t, "films.test is keeping your computer busy"); got != 1 {
		t.Errorf("told %d times of one alert", got)
	}
	p.leave(t, syscall.SIGTERM)
	nothingLeft(t, d)
}

// TestNoNotifications: menu only, until a notification server comes.
func TestNoNotifications(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	d.panel(t)
	p := d.tray(t, a)
	a.mode(t, "menu", "alerts are in the menu only")
	a.tell(films("a1", nil))
	d.shows(
		t, "(minewatch: 1 alert)", "films.test: 1.4 of 2 cores for 40 s",
		"  Close tab", "  Show tab", "  Allow: I agreed to this", "  Snooze 1 hour",
		"  (Program Chromium, process 4711.)", "  (It looks very much like mining (97 %).)",
		"  (• 2 worker threads do 99 % of the work.)", quits,
	)
	d.choose(t, "films.test", "Close tab")
	eventually(t, "the result", func() error {
		_, all, err := d.menu()
		return errors.Join(err, lacks(text(all, ""), "(Closed the tab of films.test.)"))
	})
	d.dunst(t)
	a.mode(t, "menu", "")
	p.leave(t, syscall.SIGTERM)
}

// TestJapanese: the menu in Japanese, with more alerts than it shows and a name that has underscores.
func TestJapanese(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	d.start(t, "fluxbox")
	d.panel(t)
	d.dunst(t)
	p := d.tray(t, a, "--lang", "ja")
	a.mode(t, "menu", "")
	for n := range 4 {
		a.tell(films("q"+strconv.Itoa(n), func(a *api.Alert) {
			a.Severity, a.Subject, a.ProcessName, a.Processes, a.Quiet = "heavy", "group", "my_cc_1", 3, true
		}))
	}
	a.tell(films("a1", func(a *api.Alert) { a.Site, a.EmbeddedIn = "adnet.test", "news.test" }))
	a.tell(films("a2", func(a *api.Alert) {
		a.SiteConfidence, a.Sites, a.Site = "shared", []string{"映画.テスト", "b.test"}, ""
	}))
	group := []string{"my__cc__1 の 3 個のプロセス: 2 コア中 1.4 コア、40 秒", "  許可（同意済みの負荷です）", "  1 時間通知しない", "  詳細"}
	want := []string{"(minewatch: アラート 6 件)"}
	for range 3 {
		want = append(want, group...)
	}
	want = append(want, "映画.テスト、b.test のいずれか: 2 コア中 1.4 コア、40 秒", "  1 時間通知しない", "  詳細",
		"adnet.test（news.test のページ内）: 2 コア中 1.4 コア、40 秒", "  タブを閉じる", "  タブを表示", "  許可（同意済みの負荷です）",
		"  1 時間通知しない", "  詳細", "(ほか 1 件: minewatch alerts で確認できます)", "トレイを終了")
	sorted := func(all []string) string { slices.Sort(all); return strings.Join(all, "\n") }
	eventually(t, "the menu", func() error {
		_, all, err := d.menu()
		if got := text(all, ""); err == nil && sorted(strings.Split(strings.TrimSpace(got), "\n")) != sorted(slices.Clone(want)) {
			return fmt.Errorf("it is\n%s", got)
		}
		return err
	})
	d.iconIs(t, iconAlert)
	d.displayed(t, "2")
	d.openMenu(t)
	d.picture(t, "tray-menu-ja.png")
	p.leave(t, syscall.SIGTERM)
}

// TestStuckServer: a notification server that hangs holds up neither the menu nor the end.
func TestStuckServer(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	d.panel(t)
	server := d.dunst(t)
	p := d.tray(t, a)
	d.shows(t, calm, quits)
	server.Process.Signal(syscall.SIGSTOP)
	for n := range 100 {
		a.tell(films("a"+strconv.Itoa(n), func(a *api.Alert) { a.Site = "films" + strconv.Itoa(n) + ".test" }))
		a.tell(films("a"+strconv.Itoa(n), func(a *api.Alert) { a.State = api.Resolved }))
		if n%5 == 0 { // do not outrun the stream
			d.shows(t, calm, quits)
		}
	}
	a.tell(films("a1", nil))
	d.shows(t, filmsMenu("films.test: 1.4 of 2 cores for 40 s")...)
	p.leave(t, syscall.SIGTERM)
	nothingLeft(t, d)
}

// TestNothingToShowOn: no display, no bus, a second tray, wrong usage.
func TestNothingToShowOn(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	d.dunst(t)
	first := d.tray(t, a)
	a.mode(t, "notifications", "nobody owns")
	run := func(change func(*x11Desktop), args ...string) (string, int) {
		other := *d
		if change != nil {
			change(&other)
		}
		c := other.command(t, builtTray(t), args...)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		out, err := c.Output()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out) + stderr.String(), c.ProcessState.ExitCode()
	}
	for _, tt := range []struct {
		name   string
		change func(*x11Desktop)
		args   []string
		code   int
		want   string
	}{
		{"no display and no bus", func(d *x11Desktop) { d.display, d.address = "", "" }, nil, 1, errNoDisplay.Error()},
		{"a display that is gone", func(d *x11Desktop) { d.display, d.address = ":64321", "" }, nil, 1, errNoDisplay.Error()},
		{"no bus", func(d *x11Desktop) { d.address = "" }, nil, 1, errNoBus.Error()},
		{"a bus that is gone", func(d *x11Desktop) { d.address = "unix:path=/nonexistent" }, nil, 1, "no session bus: "},
		{"a second tray", nil, nil, 1, errSecond.Error()},
		{"version", nil, []string{"--version"}, 0, "minewatch-tray 1.2.3"},
		{"help", nil, []string{"--help"}, 0, "-socket"},
		{"no such language", nil, []string{"--lang", "xx"}, 2, "--lang takes en, ja"},
		{"no such flag", nil, []string{"--nonsense"}, 2, "not defined: -nonsense"},
	} {
		out, code := run(tt.change, tt.args...)
		if code != tt.code || !strings.Contains(out, tt.want) {
			t.Errorf("%s: exit %d, want %d; it said %q, want %q", tt.name, code, tt.code, out, tt.want)
		}
		if tt.code == 1 && strings.Count(out, "\n") != 1 {
			t.Errorf("%s: not one line: %q", tt.name, out)
		}
	}
	first.leave(t, syscall.SIGTERM)
}

// TestNoDisplayButBus: a tray that was started without a display, as by a service manager, still notifies.
func TestNoDisplayButBus(t *testing.T) {
	t.Parallel()
	d, a := startDesktop(t), startAgent(t)
	blind := *d
	blind.display = ""
	p := blind.tray(t, a, "--lang", "ja")
	if err := p.ends(t); err == nil || !strings.Contains(p.stderr.String(), errNoDisplay.Error()) {
		t.Errorf("with nobody to show notifications: %v %s", err, p.stderr)
	}
	d.dunst(t)
	p = blind.tray(t, a, "--lang", "ja")
	a.mode(t, "notifications", "there is no display for a menu")
	a.tell(films("a1", nil))
	eventually(t, "a notification", func() error {
		return lacks(d.history(t), "films.test がパソコンに負荷をかけ続けています")
	})
	p.leave(t, syscall.SIGTERM)
}

func lacks(s string, wants ...string) error {
	var flat any
	if json.Unmarshal([]byte(s), &flat) == nil { // dunst's history: undo what JSON does to quotes and the like
		s = fmt.Sprint(flat)
	}
	for _, want := range wants {
		if !strings.Contains(s, want) {
			return fmt.Errorf("no %q in %s", want, s)
		}
	}
	return nil
}

// nothingLeft: no icon file stays behind.
func nothingLeft(t *testing.T, d *x11Desktop) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(d.dir, "run", "minewatch-tray-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
