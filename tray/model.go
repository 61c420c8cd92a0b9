package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

const (
	// maxShown bounds the alerts in the menu; slotCount the places for them. The places left over let a freed one
	// rest before another alert takes it, so that a late click does not hit the wrong alert.
	maxShown  = 5
	slotCount = 7
	// maxLines bounds the lines of evidence in a submenu.
	maxLines = 6
	// maxAlerts bounds what is remembered, maxTold of how many alerts it is known that people were told.
	maxAlerts = 200
	maxTold   = 500
)

// watch says how the agent is.
type watch int

// The states of the agent, as the tray sees it.
const (
	watchLooking watch = iota // nobody has answered yet
	watchStopped              // it does not run, or see model.problem
	watchSilent               // it runs but does not measure
	watchOn                   // it measures
)

// view is all that the icon and its menu show. Two views are equal when the user sees the same.
type view struct {
	Icon   icon
	Header string
	// Note is a second line, empty when there is nothing to say.
	Note string
	// Slots are the places of the alerts; an empty ID means that a place is hidden.
	Slots [slotCount]entry
	More  string
}

// entry is one alert in the menu.
type entry struct {
	ID, Title string
	// Verbs are the actions that make sense for the alert; Lines the evidence, when no notification can show it.
	Verbs [verbCount]bool
	Lines [maxLines]string
}

// told is what people were told about one alert.
type told struct {
	about     about
	open      bool // the notice is on the screen, as far as is known
	dismissed bool
}

// about is what matters in an alert: when it changes, people are told again.
type about struct {
	who      string
	level    api.Level
	severity api.Severity
}

// model is what the tray knows. It is pure: it neither draws nor waits, and is used by one goroutine.
type model struct {
	text    words.Words
	watch   watch
	problem string
	trouble bool
	note    string
	offers  offers
	alerts  map[string]api.Alert
	slots   [slotCount]string
	free    []int // free slots, the longest free first
	told    map[string]told
	order   []string // ids of told, oldest first

	// Show and Withdraw are what is to be done on the desktop since the last take.
	show     []notice
	withdraw []string
}

func newModel(text words.Words) *model {
	m := &model{text: text, alerts: map[string]api.Alert{}, told: map[string]told{}}
	for i := range slotCount {
		m.free = append(m.free, i)
	}
	return m
}

// take returns the notices to show and the keys of those to withdraw, and forgets them.
func (m *model) take() (show []notice, withdraw []string) {
	show, withdraw = m.show, m.withdraw
	m.show, m.withdraw = nil, nil
	return show, withdraw
}

// offer takes what the desktop can show. A new notification server is told what the one before it, or none, should show.
func (m *model) offer(o offers) {
	appeared := o.Notices && !m.offers.Notices
	m.offers = o
	if !appeared {
		return
	}
	for _, a := range m.ranked() {
		if m.told[a.ID].open {
			m.forget(a.ID)
			m.announce(&a)
		}
	}
}

// status takes what the agent says of itself.
func (m *model) status(s *api.Status) {
	m.watch, m.problem, m.trouble = watchSilent, "", len(s.Warnings) > 0
	if s.Watching {
		m.watch = watchOn
	}
}

// silent is called when the agent is there but does not answer.
func (m *model) silent() { m.watch = watchSilent }

// lost is called when no agent can be reached; problem is empty if it simply does not run. What its alerts are now is
// unknown, so they go.
func (m *model) lost(problem string) {
	m.watch, m.problem, m.trouble, m.note = watchStopped, words.CleanSentence(problem), false, ""
	m.sync(nil)
}

// sync makes the alerts those that are firing now.
func (m *model) sync(firing []api.Alert) {
	now := map[string]bool{}
	for _, a := range firing {
		if a.State == api.Firing {
			now[a.ID] = true
			m.event(a)
		}
	}
	for id := range m.alerts {
		if !now[id] {
			m.drop(id)
		}
	}
}

// event takes an alert as the agent tells it.
func (m *model) event(a api.Alert) {
	before, known := m.alerts[a.ID]
	switch {
	case a.ID == "":
		return
	case a.State != api.Firing:
		m.drop(a.ID)
		m.forget(a.ID)
		return
	case !known && len(m.alerts) >= maxAlerts:
		return
	case !known:
		m.note = ""
	case !before.SnoozedUntil.IsZero() && a.SnoozedUntil.IsZero():
		m.forget(a.ID) // the snooze is over, and it still goes on: that is what the reminder was put off for
	}
	m.alerts[a.ID] = a
	m.announce(&a)
}

// announce decides whether people are told, once per alert and again when what matters has changed.
func (m *model) announce(a *api.Alert) {
	named := *a
	if named.Subject == api.SubjectGroup {
		named.Subject = api.SubjectProcess // how many processes do the job changes all the time, and is no news
	}
	now := about{who: m.text.Who(&named), level: a.SiteConfidence, severity: a.Severity}
	was, before := m.told[a.ID]
	worse := was.about.severity != api.MiningLike && now.severity == api.MiningLike
	switch {
	case was.about == now:
		return
	case a.Quiet && !was.open:
		return
	case was.dismissed && !worse:
		return // who sent it away does not want it back for a better name
	}
	if !before {
		m.order = append(m.order, a.ID)
		if len(m.order) > maxTold {
			delete(m.told, m.order[0])
			m.order = m.order[1:]
		}
	}
	m.told[a.ID] = told{about: now, open: true}
	n := notice{Key: a.ID, Summary: m.text.Title(a), Body: m.text.Body(a), Icon: iconOf(a)}
	verbs := verbsFor(a)
	for _, v := range []verb{verbDetails, verbClose, verbShow, verbAllow, verbSnooze, verbUnsnooze} {
		if verbs[v] {
			n.Actions = append(n.Actions, choice{v, m.label(v)})
		}
	}
	m.show = append(m.show, n)
}

// gone is called when the notice of an alert is no longer on the screen.
func (m *model) gone(key string, dismissed bool) {
	if t, ok := m.told[key]; ok {
		t.open, t.dismissed = false, t.dismissed || dismissed
		m.told[key] = t
	}
}

// drop takes an alert and its notice away.
func (m *model) drop(id string) {
	delete(m.alerts, id)
	m.close(id)
}

// close withdraws the notice of an alert.
func (m *model) close(id string) {
	if t, ok := m.told[id]; ok && t.open {
		t.open = false
		m.told[id] = t
		m.withdraw = append(m.withdraw, id)
	}
}

func (m *model) forget(id string) {
	delete(m.told, id)
	m.order = slices.DeleteFunc(m.order, func(s string) bool { return s == id })
}

// explain shows why there is an alert.
func (m *model) explain(a *api.Alert) {
	m.show = append(m.show, notice{
		Key: keyDetails, Summary: words.Fill(m.text.Say.DetailsTitle, "who", m.text.Who(a)),
		Body: strings.Join(m.text.Details(a), "\n"), Icon: iconOf(a),
	})
}

// result says what came of an action: in a notification, or in the menu where nobody shows notifications.
func (m *model) result(summary, body string) {
	if !m.offers.Notices {
		m.note = summary
		if body != "" {
			m.note += m.text.Say.Space + body
		}
		return
	}
	m.show = append(m.show, notice{Key: keyResult, Summary: summary, Body: body, Icon: iconWatching})
}

// view returns what icon and menu show now.
func (m *model) view() view {
	v := view{Icon: iconWatching, Note: m.note}
	ranked := m.ranked()
	switch {
	case m.watch != watchOn:
		v.Icon = iconNotWatching
	case len(ranked) > snoozed(ranked):
		awake := slices.IndexFunc(ranked, func(a api.Alert) bool { return a.SnoozedUntil.IsZero() })
		v.Icon = iconOf(&ranked[awake])
	}
	v.Header = m.header(len(ranked), snoozed(ranked))
	if v.Note == "" && m.trouble {
		v.Note = m.text.Say.Trouble
	}
	shown := ranked[:min(maxShown, len(ranked))]
	m.place(shown)
	for i, id := range m.slots {
		if a, ok := m.alerts[id]; ok {
			v.Slots[i] = m.entry(&a)
		}
	}
	if more := len(ranked) - len(shown); more > 0 {
		v.More = words.Fill(m.text.Say.More, "n", strconv.Itoa(more))
	}
	return v
}

// snoozed returns how many alerts their user does not want to be reminded of.
func snoozed(alerts []api.Alert) (n int) {
	for i := range alerts {
		if !alerts[i].SnoozedUntil.IsZero() {
			n++
		}
	}
	return n
}

func (m *model) header(alerts, snoozed int) string {
	say := m.text.Say
	switch {
	case m.watch == watchLooking:
		return say.HeaderLooking
	case m.watch == watchStopped && m.problem != "":
		return words.Fill(say.HeaderProblem, "problem", m.problem)
	case m.watch == watchStopped:
		return say.HeaderStopped
	case m.watch == watchSilent:
		return say.HeaderSilent
	case alerts == 0:
		return say.HeaderWatching
	case alerts == snoozed:
		return words.Fill(say.HeaderSnoozed, "n", strconv.Itoa(alerts))
	case alerts == 1:
		return say.HeaderAlert
	default:
		return words.Fill(say.HeaderAlerts, "n", strconv.Itoa(alerts))
	}
}

func (m *model) entry(a *api.Alert) entry {
	e := entry{ID: a.ID, Title: m.text.Menu(a), Verbs: verbsFor(a)}
	if !m.offers.Notices { // then Details stands in the menu itself
		e.Verbs[verbDetails] = false
		copy(e.Lines[:], m.text.Details(a)[1:])
	}
	return e
}

// ranked returns the alerts that matter most first: mining's shape, then the oldest.
func (m *model) ranked() []api.Alert {
	out := make([]api.Alert, 0, len(m.alerts))
	for _, a := range m.alerts {
		out = append(out, a)
	}
	rank := func(a *api.Alert) int {
		if a.Severity == api.MiningLike {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b api.Alert) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// place gives each alert a slot that it keeps, because a menu whose entries move is a menu of wrong clicks.
func (m *model) place(shown []api.Alert) {
	for i, id := range m.slots {
		if id != "" && !slices.ContainsFunc(shown, func(a api.Alert) bool { return a.ID == id }) {
			m.slots[i] = ""
			m.free = append(m.free, i)
		}
	}
	for _, a := range shown {
		if !slices.Contains(m.slots[:], a.ID) {
			m.slots[m.free[0]] = a.ID
			m.free = m.free[1:]
		}
	}
}

func (m *model) label(v verb) string {
	say := m.text.Say
	return [...]string{say.CloseTab, say.ShowTab, say.Allow, say.Snooze, say.Unsnooze, say.Details}[v]
}

// verbsFor returns what can be done about an alert. A tab is closed or shown only when it is known which; a site is
// allowed only when one can be named.
func verbsFor(a *api.Alert) (v [verbCount]bool) {
	tab := a.Subject == api.SubjectTab
	v[verbClose] = tab && a.SiteConfidence == api.Exact
	v[verbShow] = v[verbClose]
	v[verbAllow] = !tab || a.Site != ""
	v[verbSnooze], v[verbDetails] = a.SnoozedUntil.IsZero(), true
	v[verbUnsnooze] = !v[verbSnooze]
	return v
}

func iconOf(a *api.Alert) icon {
	if a.Severity == api.MiningLike {
		return iconAlert
	}
	return iconHeavy
}
