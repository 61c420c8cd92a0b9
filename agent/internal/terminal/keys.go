package terminal

import (
	"context"
	"errors"
	"time"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

// verb is what a person can do about an alert.
type verb int

const (
	closeTab verb = iota
	showTab
	allow
	snooze
	remind
)

// snoozeFor is how long the key s silences an alert's subject.
const snoozeFor = time.Hour

// settleFor is how long a question takes no answer: what is typed in the same breath as the key that raised it was meant
// for something else.
const settleFor = 300 * time.Millisecond

// typed takes a key press. What is pasted is none.
func (m *model) typed(k tea.KeyPressMsg) tea.Cmd {
	if m.asking != nil && m.settling && k.String() != "ctrl+c" {
		return nil
	}
	return m.key(k.String())
}

// key does what a key asks for.
func (m *model) key(k string) tea.Cmd {
	switch {
	case k == "ctrl+c":
		return tea.Quit
	case k == "ctrl+z":
		return tea.Suspend
	case m.asking != nil:
		return m.answer(k)
	case m.help:
		m.help = false
		return nil
	}
	m.note = ""
	switch k {
	case "q":
		return tea.Quit
	case "?", "h":
		m.help = true
	case "up", "k":
		m.move(m.at - 1)
	case "down", "j":
		m.move(m.at + 1)
	case "home", "g":
		m.move(0)
	case "end", "G":
		m.move(len(m.rows) - 1)
	case "c":
		return m.ask()
	case "o":
		return m.do(showTab)
	case "a":
		return m.do(allow)
	case "s":
		if r := m.selected(); r != nil && r.open != nil && !r.open.SnoozedUntil.IsZero() {
			return m.do(remind)
		}
		return m.do(snooze)
	}
	return nil
}

func (m *model) move(i int) {
	m.moved = true
	m.pick(i)
}

// actOn returns the selected row's alert if the verb fits it; else it notes why not.
func (m *model) actOn(v verb) (api.Alert, bool) {
	r := m.selected()
	why := ""
	switch {
	case m.link != connected:
		why = "Not now: the agent is not there."
	case r == nil || r.open == nil:
		why = "There is no alert about this one, so there is nothing to do."
	case r.open.State == api.Pending:
		why = "minewatch is still finding out whose load this is. Wait a moment."
	case (v == closeTab || v == showTab) && r.open.Subject != tab:
		why = programName(r.open.ProcessName) + " is a program, not a tab. You can close it as you close any program."
	default:
		return *r.open, true
	}
	m.note, m.noted = why, noteFor
	return api.Alert{}, false
}

func (m *model) ask() tea.Cmd {
	if a, ok := m.actOn(closeTab); ok {
		m.asking, m.settling = &a, true
		return tea.Tick(m.settleFor, func(time.Time) tea.Msg { return settledMsg{} })
	}
	return nil
}

// answer takes the key that answers "close its tab?". Only y is a yes.
func (m *model) answer(k string) tea.Cmd {
	a := *m.asking
	m.asking = nil
	if k != "y" && k != "Y" {
		m.note, m.noted = "Nothing was closed.", noteFor
		return nil
	}
	return m.run(closeTab, a)
}

func (m *model) do(v verb) tea.Cmd {
	if a, ok := m.actOn(v); ok {
		return m.run(v, a)
	}
	return nil
}

func (m *model) run(v verb, a api.Alert) tea.Cmd {
	m.note, m.noted = "…", noteFor
	return func() tea.Msg { return m.act(v, a) }
}

// actor returns the function that asks the agent to do what a key asked for.
func actor(ctx context.Context, c *api.Client) func(verb, api.Alert) tea.Msg {
	say := english().Say
	return func(v verb, a api.Alert) tea.Msg {
		switch v {
		case closeTab:
			return doneMsg{text: words.Fill(say.Closed, "who", english().Tab(&a)), err: c.CloseTab(ctx, a.ID)}
		case showTab:
			return doneMsg{text: words.Fill(say.Shown, "who", english().Tab(&a)), err: c.ShowTab(ctx, a.ID)}
		case snooze:
			return doneMsg{text: words.Fill(say.Snoozed, "who", english().Who(&a)), err: c.Snooze(ctx, a.ID, snoozeFor)}
		case remind:
			return doneMsg{text: words.Fill(say.Unsnoozed, "who", english().Who(&a)), err: c.Unsnooze(ctx, a.ID)}
		case allow:
			return allowAlert(ctx, c, &a)
		}
		return nil
	}
}

func allowAlert(ctx context.Context, c *api.Client, a *api.Alert) doneMsg {
	got, err := c.AllowAlert(ctx, a.ID, 0)
	if err != nil {
		return doneMsg{err: err}
	}
	all, err := c.Allowances(ctx)
	if err != nil { // it is allowed all the same
		all = []api.Allowance{got}
	}
	what := allowedName(&got)
	return doneMsg{text: words.Fill(english().Say.Allowed, "what", name(what)) + " " + undo(what), allowed: all}
}

// problemOf says in one sentence why there is no agent.
func problemOf(err error) string {
	switch {
	case err == nil:
		return "The agent went away."
	case errors.Is(err, api.ErrNotRunning):
		return english().Say.NotRunning
	default:
		s := words.CleanSentence(err.Error())
		r, n := utf8.DecodeRuneInString(s)
		return string(unicode.ToUpper(r)) + s[min(n, len(s)):]
	}
}
