package terminal

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/minewatch/minewatch/agent/api"
)

// done records what the view asked the agent for.
type done struct{ asked []string }

func (d *done) act(v verb, a api.Alert) tea.Msg {
	d.asked = append(d.asked, [...]string{"close", "show", "allow", "snooze", "remind"}[v]+" "+a.ID)
	return doneMsg{text: "It was done."}
}

func view(d *done) *model {
	m := newModel(d.act, newStyle(false))
	m.settleFor = 0
	return m
}

// feed gives messages to the model and runs the commands it returns, but for the one that waits a second.
func feed(m *model, msgs ...tea.Msg) *model {
	for _, msg := range msgs {
		if keys, ok := msg.(breath); ok {
			var all []tea.Cmd
			for _, k := range string(keys) {
				_, cmd := m.Update(press(k))
				all = append(all, cmd)
			}
			run(m, tea.Batch(all...))
			continue
		}
		if _, cmd := m.Update(msg); cmd != nil {
			if _, waits := msg.(secondMsg); !waits {
				run(m, cmd)
			}
		}
	}
	return m
}

func run(m *model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			run(m, c)
		}
	case nil, tea.QuitMsg:
	default:
		feed(m, msg)
	}
}

// press is a key press.
func press(key rune) tea.KeyPressMsg { return tea.KeyPressMsg{Code: key, Text: string(key)} }

// breath is several keys that are typed so quickly that nothing happens between them.
type breath string

func hello() connectedMsg {
	return connectedMsg{status: api.Status{Cores: 2, Processes: 140, IntervalMS: 1000}}
}

func alertMsg(a api.Alert) tea.Msg { return eventMsg{Alert: &a} }

func liveMsg(l *api.Live) tea.Msg { return eventMsg{Live: l} }

func seconds(n int) []tea.Msg {
	out := make([]tea.Msg, n)
	for i := range out {
		out[i] = secondMsg{}
	}
	return out
}

func TestView(t *testing.T) {
	t.Parallel()
	for name, msgs := range scenes() {
		var all []string
		for _, size := range []tea.WindowSizeMsg{{Width: 40, Height: 20}, {Width: 80, Height: 24}, {Width: 140, Height: 30}} {
			m := feed(view(&done{}), append([]tea.Msg{size}, msgs...)...)
			out := m.drawn()
			fits(t, name, out, size.Width, size.Height)
			// The lines end at a bar, so that blanks at their ends are seen and editors leave them alone.
			all = append(all, fmt.Sprintf("-- %d x %d --", size.Width, size.Height), strings.ReplaceAll(out, "\n", "|\n")+"|")
		}
		golden(t, "view-"+name+".txt", strings.Join(all, "\n"))
	}
}

// fits checks what must hold for every view: no more lines and columns than there are, and only plain text.
func fits(t *testing.T, name, out string, w, h int) {
	t.Helper()
	lines := strings.Split(out, "\n")
	if len(lines) > h {
		t.Errorf("%s at %dx%d: %d lines", name, w, h, len(lines))
	}
	for _, l := range lines {
		if n := cells(l); n > w {
			t.Errorf("%s at %dx%d: %d columns in %q", name, w, h, n, l)
		}
		for _, r := range l {
			if strange(r) {
				t.Errorf("%s at %dx%d: %U in %q", name, w, h, r, l)
			}
		}
	}
}

func TestEverySize(t *testing.T) {
	t.Parallel()
	for name, msgs := range scenes() {
		m := feed(view(&done{}), msgs...)
		for w := 1; w <= 150; w += 1 + w/40 {
			for h := 1; h <= 50; h += 1 + h/10 {
				feed(m, tea.WindowSizeMsg{Width: w, Height: h})
				fits(t, name, m.drawn(), w, h)
			}
		}
	}
}

func TestWidthIsBounded(t *testing.T) {
	t.Parallel()
	m := view(&done{})
	m.most = 60
	feed(m, append([]tea.Msg{tea.WindowSizeMsg{Width: 140, Height: 30}}, mining()...)...)
	fits(t, "bounded", m.drawn(), 60, 30)
}

// What a colour says must be said by words or signs too: without the escapes a coloured view is the plain one.
func TestColour(t *testing.T) {
	t.Parallel()
	coloured, plain := feed(newModel(nil, newStyle(true)), mining()...).drawn(), feed(view(&done{}), mining()...).drawn()
	golden(t, "mining-colour.txt", strings.ReplaceAll(coloured, "\x1b", "ESC"))
	if !strings.Contains(coloured, "\x1b[") || strings.Contains(plain, "\x1b[") {
		t.Error("one of the views has the wrong colours")
	}
	var b strings.Builder
	for i, part := range strings.Split(coloured, "\x1b[") {
		if i > 0 {
			_, part, _ = strings.Cut(part, "m")
		}
		b.WriteString(part)
	}
	if b.String() != plain {
		t.Errorf("without colours:\n%s\nwant:\n%s", b.String(), plain)
	}
}

func TestColoursFollowTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		term, no string
		want     bool
	}{{"xterm", "", true}, {"linux", "", true}, {"xterm-256color", "1", false}, {"dumb", "", false}} {
		env := map[string]string{"TERM": c.term, "NO_COLOR": c.no}
		if got := colours(func(k string) string { return env[k] }); got != c.want {
			t.Errorf("TERM=%q NO_COLOR=%q: %v", c.term, c.no, got)
		}
	}
}

func TestASCII(t *testing.T) {
	t.Parallel()
	m := feed(view(&done{}), mining()...)
	m.ascii = true
	golden(t, "mining-ascii.txt", m.drawn())
	for _, r := range m.drawn() {
		if r > 0x7E {
			t.Errorf("%U is no ASCII", r)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	program := append(mining(), alertMsg(films(stress)))
	const id, other = "20260301T110000-3", "20260301T110000-4"
	down := tea.KeyPressMsg{Code: tea.KeyDown}
	tests := []struct {
		name  string
		start []tea.Msg
		keys  []tea.Msg
		want  string // what was asked of the agent
		says  string // in the view afterwards
	}{
		{"close asks", mining(), []tea.Msg{press('c')}, "", "Close the tab of films.test?"},
		{"yes", mining(), []tea.Msg{breath("c"), press('y')}, "close " + id, "It was done."},
		{"no", mining(), []tea.Msg{breath("c"), press('n')}, "", "Nothing was closed."},
		{"enter is no yes", mining(), []tea.Msg{press('c'), tea.KeyPressMsg{Code: tea.KeyEnter}}, "", "Nothing was closed."},
		{"yes in the same breath", mining(), []tea.Msg{breath("cy")}, "", "Close the tab of films.test?"},
		{"pasted", mining(), []tea.Msg{tea.PasteMsg{Content: "a"}}, "", "a allow"},
		{"pasted text", mining(), []tea.Msg{tea.PasteMsg{Content: "sas"}}, "", "a allow"},
		{"alt", mining(), []tea.Msg{tea.KeyPressMsg{Code: 'a', Mod: tea.ModAlt}}, "", "a allow"},
		{"show", mining(), []tea.Msg{press('o')}, "show " + id, "It was done."},
		{"allow", mining(), []tea.Msg{press('a')}, "allow " + id, "It was done."},
		{"snooze", mining(), []tea.Msg{press('s')}, "snooze " + id, "It was done."},
		{"two keys at once", mining(), []tea.Msg{breath("so")}, "snooze " + id + ",show " + id, ""},
		{"no alert", mining(), []tea.Msg{breath("j"), press('a')}, "", "There is no alert about this one"},
		{"the program", program, []tea.Msg{down, press('s')}, "snooze " + other, ""},
		{"a program has no tab", program, []tea.Msg{down, press('c')}, "", "stress-ng is a program, not a tab."},
		{"nor a tab to show", program, []tea.Msg{down, press('o')}, "", "stress-ng is a program, not a tab."},
		{"up from the top", mining(), []tea.Msg{breath("k"), press('s')}, "snooze " + id, ""},
		{"end and home", mining(), []tea.Msg{breath("G"), press('g'), press('s')}, "snooze " + id, ""},
		{"past the end", mining(), []tea.Msg{breath("jjjjjjjjj"), press('s')}, "", "There is no alert about this one"},
		{"no agent", append(mining(), lostMsg{}), []tea.Msg{press('a')}, "", "Not now: the agent is not there."},
		{"nothing", nil, []tea.Msg{breath("c"), press('a')}, "", "Not now"},
		{"help takes the key", mining(), []tea.Msg{breath("?"), press('a')}, "", "a allow"},
	}
	for _, tt := range tests {
		var d done
		m := feed(view(&d), tt.start...)
		feed(m, tt.keys...)
		if got := strings.Join(d.asked, ","); got != tt.want {
			t.Errorf("%s: asked for %q, want %q", tt.name, got, tt.want)
		}
		if out := m.drawn(); !strings.Contains(out, tt.says) {
			t.Errorf("%s: %q is not in\n%s", tt.name, tt.says, out)
		}
	}
}

func TestQuit(t *testing.T) {
	t.Parallel()
	quits := func(m *model, k tea.Msg) bool {
		_, cmd := m.Update(k)
		if cmd == nil {
			return false
		}
		_, ok := cmd().(tea.QuitMsg)
		return ok
	}
	asking := func() *model { return feed(view(&done{}), append(mining(), press('c'))...) }
	if !quits(view(&done{}), press('q')) || !quits(view(&done{}), tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}) {
		t.Error("q and ctrl+c should quit")
	}
	if quits(asking(), press('q')) || !quits(asking(), tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}) {
		t.Error("while a question is asked, q means no and ctrl+c still quits")
	}
}

// The alert that a question is about is the one that was selected then, whatever happens to the rows.
func TestQuestionKeepsItsAlert(t *testing.T) {
	t.Parallel()
	var d done
	m := feed(view(&d), append(mining(), press('c'))...)
	first := films(func(a *api.Alert) {
		a.ID, a.Site, a.PID, a.Started = "earlier", "other.test", 1, noon().Add(-time.Hour)
	})
	feed(m, alertMsg(first), liveMsg(tick(50, hotRows(50))), press('y'))
	if got := strings.Join(d.asked, ","); got != "close 20260301T110000-3" {
		t.Errorf("asked for %q", got)
	}
	m = feed(view(&d), append(mining(), press('c'))...)
	feed(m, alertMsg(films(func(a *api.Alert) { a.State, a.Reason = api.Resolved, "tab_closed" })))
	if m.asking != nil || !strings.Contains(m.drawn(), "Nothing to close any more: the tab was closed.") {
		t.Errorf("the alert is over but the question stands:\n%s", m.drawn())
	}
}

func TestSelection(t *testing.T) {
	t.Parallel()
	chosen := func(m *model) string { return label(&m.selected().about) }
	m := feed(view(&done{}), hello(), liveMsg(tick(1, hotRows(1)[1:])))
	steps := []struct {
		what string
		msgs []tea.Msg
		want string
	}{
		{"begins at the top", nil, "cc1plus (several)"},
		{"goes to the alert", []tea.Msg{liveMsg(tick(2, hotRows(2))), alertMsg(films(nil))}, "films.test"},
		{"stays there when another comes above", []tea.Msg{alertMsg(films(func(a *api.Alert) { a.ID, a.Site, a.PID, a.Cores = "0", "b.test", 2, 9 }))}, "films.test"},
		{"stays while its load pauses", []tea.Msg{liveMsg(tick(3, hotRows(3)[1:]))}, "films.test"},
		{"moves with the user", []tea.Msg{press('G')}, "Xorg"},
		{"stays with the row", []tea.Msg{alertMsg(films(stress)), liveMsg(tick(4, hotRows(4)))}, "Xorg"},
		{"survives a new connection", []tea.Msg{lostMsg{}, hello(), liveMsg(tick(1, hotRows(1)))}, "Xorg"},
		{"takes the neighbour when the row goes", []tea.Msg{liveMsg(tick(5, hotRows(5)[:1]))}, "films.test"},
	}
	for _, s := range steps {
		if feed(m, s.msgs...); chosen(m) != s.want {
			t.Fatalf("%s: %q is selected, want %q", s.what, chosen(m), s.want)
		}
	}
}

// A row stays selected when an alert about it begins and when it ends, though that moves the row.
func TestSelectionFollowsTheAlert(t *testing.T) {
	t.Parallel()
	var d done
	mild := hotRows(1)
	mild[0].State, mild[0].Mean = "watching", 0
	m := feed(view(&d), hello(), liveMsg(tick(1, mild)), press('G'))
	feed(m, alertMsg(films(nil)), press('s'))
	if got := strings.Join(d.asked, ","); got != "snooze 20260301T110000-3" || m.at != 0 {
		t.Errorf("asked for %q at row %d", got, m.at)
	}
	feed(m, alertMsg(films(func(a *api.Alert) { a.State, a.Reason = api.Resolved, "load_ended" })))
	if m.at != 3 || m.selected().about.Site != "films.test" {
		t.Errorf("row %d is selected, %q", m.at, m.selected().about.Site)
	}
}

// After "allow" the row is still busy, but nothing is wrong with it any more.
func TestAllowedIsCalm(t *testing.T) {
	t.Parallel()
	over := func(change func(*api.Alert)) tea.Msg {
		return alertMsg(films(func(a *api.Alert) {
			if change != nil {
				change(a)
			}
			a.State, a.Reason = api.Resolved, "allowed"
		}))
	}
	m := feed(view(&done{}), append(mining(), doneMsg{text: "ok", allowed: []api.Allowance{{Site: "films.test"}}}, over(nil))...)
	if out := m.drawn(); !strings.Contains(out, "· allowed") || strings.Contains(out, "!") || !strings.Contains(out, "no alerts") {
		t.Errorf("films.test was allowed, but:\n%s", out)
	}
	busy := api.LiveRow{Key: "p", Subject: "process", Process: "stress-ng", PID: 99, Cores: 2, State: suspected, Severity: "heavy"}
	m = feed(view(&done{}), hello(), alertMsg(films(stress)), over(stress), liveMsg(tick(1, []api.LiveRow{busy})))
	if out := m.drawn(); !strings.Contains(out, "· allowed") {
		t.Errorf("stress-ng was allowed, but:\n%s", out)
	}
}

func TestNoteGoesAway(t *testing.T) {
	t.Parallel()
	m := feed(view(&done{}), append(mining(), press('s'))...)
	feed(m, seconds(noteFor-1)...)
	if !strings.Contains(m.drawn(), "It was done.") {
		t.Error("the result went away too early")
	}
	if feed(m, secondMsg{}); strings.Contains(m.drawn(), "It was done.") {
		t.Error("the result stays")
	}
}

func TestStaleness(t *testing.T) {
	t.Parallel()
	slow := hello()
	slow.status.IntervalMS = 10_000
	m := feed(view(&done{}), append([]tea.Msg{slow, liveMsg(tick(1, nil))}, seconds(30)...)...)
	if strings.Contains(m.drawn(), "NOT MEASURING") {
		t.Error("three intervals of 10 s are not over")
	}
	if feed(m, secondMsg{}); !strings.Contains(m.drawn(), "NOT MEASURING") {
		t.Error("three intervals are over")
	}
	if feed(m, liveMsg(tick(2, nil))); strings.Contains(m.drawn(), "NOT MEASURING") {
		t.Error("it measures again")
	}
}

func TestAlertsAreBounded(t *testing.T) {
	t.Parallel()
	m := feed(view(&done{}), hello())
	for i := range 2 * maxOpen {
		feed(m, alertMsg(films(func(a *api.Alert) { a.ID = strconv.Itoa(i) })))
	}
	if len(m.open) != maxOpen {
		t.Errorf("%d alerts are kept", len(m.open))
	}
}
