package terminal

import (
	"cmp"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

// The messages that reach the model besides keys and sizes.
type (
	// connectedMsg says that an agent answered; a stream of events follows.
	connectedMsg struct {
		status  api.Status
		allowed []api.Allowance
	}
	// lostMsg says that there is no agent, or no longer.
	lostMsg struct{ err error }
	// eventMsg is one event of the stream.
	eventMsg api.Event
	// secondMsg comes every second.
	secondMsg struct{}
	// settledMsg says that what is typed from now on answers the question.
	settledMsg struct{}
	// doneMsg is what came of an action.
	doneMsg struct {
		text    string
		allowed []api.Allowance // set after "allow"
		err     error
	}
)

// link says how the model stands with the agent.
type link int

const (
	connecting link = iota
	connected
	lost
)

// noteFor is how many seconds the result of an action stays.
const noteFor = 12

// maxOpen bounds the open alerts that are kept.
const maxOpen = 256

// model is the interactive view. It reads no clock: time comes with the ticks and with secondMsg.
type model struct {
	width, height int
	most          int // bounds the width if it is not 0
	style         style
	ascii         bool
	// act does what a key asks for.
	act func(verb, api.Alert) tea.Msg

	link    link
	problem string // why the link is lost, a sentence
	status  api.Status
	live    *api.Live
	silent  int // seconds since the last tick or connection
	past    history
	open    map[string]api.Alert
	allowed []api.Allowance
	// agreed holds the programs whose alert ended because they were allowed: ticks do not tell a program's path.
	agreed map[string]bool

	rows []row
	// rowKeys finds the past of an alert whose load pauses: the row that each alert had last.
	rowKeys map[string]string
	// chosen is the id of the selected row, chosenKey its key; moved reports that the user picked it.
	chosen, chosenKey string
	at                int
	moved             bool
	asking            *api.Alert // "close its tab?"
	settling          bool       // it was asked less than settleFor ago
	settleFor         time.Duration
	note              string
	noted             int // seconds for which the note stays
	help              bool
}

func newModel(act func(verb, api.Alert) tea.Msg, s style) *model {
	return &model{
		width: 80, height: 24, style: s, act: act, settleFor: settleFor, open: map[string]api.Alert{}, agreed: map[string]bool{},
		rowKeys: map[string]string{},
	}
}

func everySecond() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return secondMsg{} })
}

// Init starts the count of seconds.
func (m *model) Init() tea.Cmd { return everySecond() }

// Update takes one message.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		if m.most > 0 {
			m.width = min(m.width, m.most)
		}
	case tea.KeyPressMsg:
		return m, m.typed(msg)
	case connectedMsg:
		m.link, m.problem, m.status, m.allowed, m.silent = connected, "", msg.status, msg.allowed, 0
		m.live, m.open, m.rowKeys = nil, map[string]api.Alert{}, map[string]string{} // the stream begins with the alerts that are firing now
		m.arrange()
	case lostMsg:
		m.link, m.problem = lost, problemOf(msg.err)
	case eventMsg:
		m.event(msg)
	case secondMsg:
		m.silent++
		if m.noted--; m.noted <= 0 {
			m.note = ""
		}
		return m, everySecond()
	case settledMsg:
		m.settling = false
	case doneMsg:
		m.note, m.noted = msg.text, noteFor
		if msg.err != nil {
			m.note = english().Say.Refused + ": " + words.CleanSentence(msg.err.Error())
		}
		if msg.allowed != nil {
			m.allowed = msg.allowed
		}
		m.arrange()
	}
	return m, nil
}

func (m *model) event(e eventMsg) {
	if e.Live != nil {
		m.live, m.silent = e.Live, 0
		m.past.add(e.Live)
	}
	if a := e.Alert; a != nil {
		m.alert(a)
	}
	m.arrange()
}

func (m *model) alert(a *api.Alert) {
	if a.State != api.Resolved {
		if _, known := m.open[a.ID]; known || len(m.open) < maxOpen {
			m.open[a.ID] = *a
		}
		return
	}
	delete(m.open, a.ID)
	delete(m.rowKeys, a.ID)
	if a.Reason == api.ReasonAllowed && a.Subject != tab {
		m.agreed[a.ProcessName] = true
	}
	if m.asking != nil && m.asking.ID == a.ID {
		m.asking, m.note, m.noted = nil, "Nothing to close any more: "+ended(a.Reason)+".", noteFor
	}
}

// alerts returns the open alerts, the likeliest to be mining first, then the oldest.
func (m *model) alerts() []api.Alert {
	out := make([]api.Alert, 0, len(m.open))
	for _, a := range m.open {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b api.Alert) int {
		heavy := func(a *api.Alert) int {
			if a.Severity == miningLike {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(heavy(&a), heavy(&b)), a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// allows reports whether the user agreed to the load of a busy row, as far as a tick tells.
func (m *model) allows(h *api.LiveRow) bool {
	if h.Subject != tab {
		return m.agreed[h.Process]
	}
	return h.Site != "" && slices.ContainsFunc(m.allowed, func(a api.Allowance) bool { return a.Site == h.Site })
}

// arrange rebuilds the rows and keeps the selection where the user left it. Until somebody moves it, it goes to the
// top; but never away from an alert, so that a key meant for one cannot act on another.
func (m *model) arrange() {
	m.rows = buildRows(m.live, m.alerts(), m.allows)
	for i := range m.rows {
		switch r := &m.rows[i]; {
		case r.open == nil:
		case r.key == "":
			r.key = m.rowKeys[r.open.ID]
		default:
			m.rowKeys[r.open.ID] = r.key
		}
	}
	if len(m.rows) == 0 {
		return // what was selected may come back
	}
	i := slices.IndexFunc(m.rows, func(r row) bool { return r.id == m.chosen })
	if i < 0 { // an alert may have joined or left the row
		i = slices.IndexFunc(m.rows, func(r row) bool { return r.key != "" && r.key == m.chosenKey })
	}
	switch {
	case i < 0:
		m.pick(min(m.at, len(m.rows)-1))
	case !m.moved && m.rows[i].open == nil:
		m.pick(0)
	default:
		m.pick(i)
	}
}

func (m *model) pick(i int) {
	m.at = max(0, min(i, len(m.rows)-1))
	m.chosen, m.chosenKey = "", ""
	if len(m.rows) > 0 {
		m.chosen, m.chosenKey = m.rows[m.at].id, m.rows[m.at].key
	}
}

// selected returns the selected row, or nil if there is none.
func (m *model) selected() *row {
	if m.at < len(m.rows) {
		return &m.rows[m.at]
	}
	return nil
}

// fresh reports that the last tick tells how it is now.
func (m *model) fresh() bool { return m.link != lost && !m.stale() }

// stale reports that the agent answers but no longer measures.
func (m *model) stale() bool {
	return m.link == connected && m.silent > max(5, int(3*m.status.IntervalMS/1000))
}
