package terminal

import (
	"cmp"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/minewatch/minewatch/agent/api"
)

// View draws the whole screen.
func (m *model) View() tea.View {
	v := tea.NewView(m.drawn())
	v.AltScreen = true
	return v
}

// drawn returns at most height lines of at most width columns.
func (m *model) drawn() string {
	w, h := max(m.width, 1), max(m.height, 1)
	var lines []string
	if m.help {
		lines = m.helpLines(w)
	} else {
		lines = m.screen(w, h)
	}
	out := strings.Join(lines[:min(len(lines), h)], "\n")
	if m.ascii {
		out = ascii(out)
	}
	return out
}

// screen shares the height out: header and footer always, then the alerts, the table, and why.
func (m *model) screen(w, h int) []string {
	head, foot := m.header(w), m.footer(w)
	room := h - len(head) - len(foot)
	if room < 3 { // hardly a terminal
		return append(head, foot...)
	}
	lines := head
	if alerts := m.banner(w, max(1, room/3)); len(alerts) > 0 {
		if room >= 12 {
			alerts = append([]string{""}, alerts...)
		}
		lines = append(lines, alerts...)
	}
	if h >= 12 {
		lines = append(lines, "")
	}
	room = h - len(lines) - len(foot)
	why := m.why(w)
	// The table may take what "why" leaves, but at least half: without its row the reason has no subject.
	table := m.table(w, max(room-len(why)-1, (room+1)/2))
	lines = append(lines, table...)
	if room -= len(table); room >= 2 && len(why) > 0 {
		lines = append(append(lines, ""), fitLines(why, room-1)...)
	}
	for len(lines)+len(foot) < h {
		lines = append(lines, "")
	}
	return append(lines, foot...)
}

// fitLines cuts lines off and says so.
func fitLines(lines []string, n int) []string {
	if len(lines) <= n {
		return lines
	}
	return append(lines[:n-1:n-1], "…")
}

// header says whether anybody watches, and how busy the machine is: one line, or two where it does not fit.
func (m *model) header(w int) []string {
	state, as := m.watchState()
	titled := "minewatch  " + state
	paint := func(s string) string {
		if rest, ok := strings.CutPrefix(s, "minewatch  "); ok {
			return m.style.title.Render("minewatch") + "  " + as.Render(rest)
		}
		return s
	}
	facts, cpu := m.facts(), ""
	if m.live != nil && m.fresh() {
		bar := m.past.spark(m.past.machine, 10, 100)
		cpu = "CPU " + bar + right(percent(m.live.Machine), 6)
	}
	gap := w - cells(titled) - 3 - cells(facts) - 2 - cells(cpu)
	if gap >= 0 {
		return []string{paint(titled) + "   " + facts + strings.Repeat(" ", gap+2) + cpu}
	}
	if gap = w - cells(titled) - cells(cpu); gap < 2 && cpu != "" {
		cpu = "CPU " + percent(m.live.Machine)
		gap = w - cells(titled) - cells(cpu)
	}
	first := paint(clip(titled, w))
	if gap >= 2 {
		first += strings.Repeat(" ", gap) + cpu
	}
	return []string{first, clip(facts, w)}
}

// watchState says in a few words whether the agent is reached and watches.
func (m *model) watchState() (string, look) {
	switch {
	case m.link == lost:
		return "NOT WATCHING", m.style.bad
	case m.link == connecting:
		return "connecting", m.style.warn
	case m.stale():
		return "NOT MEASURING", m.style.bad
	case m.live == nil:
		return "starting", m.style.warn
	default:
		return "watching", m.style.good
	}
}

// facts lists the machine's size and the number of alerts, or says how old the view is.
func (m *model) facts() string {
	if m.link == lost && m.live == nil {
		return ""
	}
	if m.live != nil && !m.fresh() {
		return "this is how it was at " + m.live.Time.Local().Format("15:04:05")
	}
	all, processes, firing := m.status.Cores, m.status.Processes, 0
	if m.live != nil {
		all, processes = cmp.Or(m.live.Cores, all), cmp.Or(m.live.Processes, processes)
	}
	var parts []string
	if all > 0 {
		parts = append(parts, count(all, "core"))
	}
	if processes > 0 {
		parts = append(parts, count(processes, "process"))
	}
	for _, a := range m.open {
		if a.State == api.Firing {
			firing++
		}
	}
	switch {
	case firing > 0:
		parts = append(parts, "! "+count(firing, "alert"))
	case m.link == connected:
		parts = append(parts, "no alerts")
	}
	return strings.Join(parts, " · ")
}

// banner tells the firing alerts in at most n lines: as many whole sentences as fit, then short ones, then a number.
func (m *model) banner(w, n int) []string {
	var firing []api.Alert
	for _, a := range m.alerts() {
		if a.State == api.Firing {
			firing = append(firing, a)
		}
	}
	var out []string
	for i := range firing {
		a, rest := &firing[i], len(firing)-i
		room := n - len(out)
		if room < 1 || (room == 1 && rest > 1) {
			if room == 1 {
				out = append(out, clip("  and "+count(rest, "more alert"), w))
			}
			break
		}
		as := m.style.of(a.Severity)
		lines := wrap("! ", sentence(a)+hushed(a), w)
		if len(lines) > max(1, room-min(1, rest-1)) {
			lines = []string{clip("! "+english().Menu(a), w)}
		}
		for _, l := range lines {
			out = append(out, as.Render(l))
		}
	}
	return out
}

// hushed says until when an alert notifies nobody.
func hushed(a *api.Alert) string {
	if a.SnoozedUntil.IsZero() {
		return ""
	}
	return " (snoozed until " + a.SnoozedUntil.Local().Format("15:04") + ")"
}

// why tells what is known of the selected row.
func (m *model) why(w int) []string {
	r := m.selected()
	if r == nil {
		return nil
	}
	a := &r.about
	title := "Why: " + label(a)
	switch {
	case a.Subject == tab && a.Site+strings.Join(a.Sites, "") != "":
		title += " (" + program(a) + ", process " + strconv.Itoa(int(a.PID)) + ")"
	case a.Subject != group:
		title += " (process " + strconv.Itoa(int(a.PID)) + ")"
	}
	lines := []string{m.style.title.Render(clip(title, w))}
	if c := columnsFor(w); !c.share || !c.like {
		use := cores(a.Cores) + " cores, " + percent(a.MachinePercent) + " of this computer, for " + span(a.Busy) +
			". Likeness to mining: " + likeness(a.Confidence) + "."
		lines = append(lines, wrap("  ", use, w)...)
	}
	switch {
	case r.open != nil && r.open.State == api.Pending:
		lines = append(lines, wrap("  ", "minewatch is asking the browser which site it is.", w)...)
	case r.open != nil:
		lines = append(lines, wrap("  ", meaning(a), w)...)
	case r.allowed:
		lines = append(lines, wrap("  ", "You allowed it, so it raises no alert.", w)...)
	case r.state != suspected && len(a.Evidence) == 0:
		lines = append(lines, wrap("  ", "Nothing unusual so far.", w)...)
	}
	for i := range a.Evidence[:min(8, len(a.Evidence))] {
		if sign, text := evidence(&a.Evidence[i]); text != "" {
			lines = append(lines, wrap("  "+sign, text, w)...)
		}
	}
	return lines
}

// footer is a question, a result or a trouble, and below it the keys.
func (m *model) footer(w int) []string {
	var lines []string
	switch {
	case m.asking != nil:
		what := "the tab of "
		if m.asking.Tabs > 1 {
			what = strconv.Itoa(m.asking.Tabs) + " tabs of "
		}
		for _, l := range wrap("? ", "Close "+what+english().Tab(m.asking)+"? What you typed there is lost.", w) {
			lines = append(lines, m.style.title.Render(l))
		}
		return append(lines, clip("y yes, close   n no", w))
	case m.note != "":
		lines = wrap("", m.note, w)
	case m.link == lost:
		lines = wrap("", "Trying again. "+m.problem, w)
	case m.stale():
		lines = wrap("", "The last measurement came "+span(float64(m.silent))+" ago. See: minewatch doctor", w)
	case len(m.status.Warnings) > 0:
		lines = wrap("", "! "+english().Say.Trouble, w)
	}
	return append(lines[:min(3, len(lines))], m.keys(w))
}

// keys lists what can be done now, shortly where there is no room for more.
func (m *model) keys(w int) string {
	var long, short string
	if r := m.selected(); r != nil && m.link == connected && r.open != nil && r.open.State == api.Firing {
		a := r.open
		if a.Subject == tab && a.SiteConfidence == api.Exact { // the agent closes no tab that it is not sure of
			long, short = "c close tab  o show tab  ", "c close  o show  "
		}
		if a.Subject != tab || a.Site != "" {
			long, short = long+"a allow  ", short+"a allow  "
		}
		long, short = long+"s snooze 1 h  ", short+"s snooze  "
	}
	if len(m.rows) > 1 {
		long += "j/k select  "
	}
	const last = "? help  q quit"
	for _, s := range []string{long + last, strings.TrimSuffix(long, "j/k select  ") + last, short + last} {
		if cells(s) <= w {
			return s
		}
	}
	return clip(short+"? q", w)
}

// helpLines explain the screen.
func (m *model) helpLines(w int) []string {
	lines := []string{m.style.title.Render(clip("What you see (any key goes back)", w))}
	for _, t := range [][2]string{
		{"CORES  ", "processor cores in use now; CPU is its share of this computer."},
		{"MINUTE ", "the last 60 seconds, all rows on one scale."},
		{"VERDICT", "\"!\" is an alert: \"looks like mining\", or only \"busy for long\". The percentage is how much the load is like mining. It is never proof."},
		{"+ and -", "what speaks for mining, and what against."},
	} {
		if t[0] != "MINUTE " || columnsFor(w).spark > 0 {
			lines = append(lines, wrap(t[0]+"  ", t[1], w)...)
		}
	}
	lines = append(lines, "", m.style.title.Render(clip("Keys", w)))
	for _, t := range [][2]string{
		{"j k  ", "or arrows: select a row"},
		{"c    ", "close its tab (asks first)"},
		{"o    ", "show its tab"},
		{"a    ", "allow its site or program: you agreed to the load"},
		{"s    ", "snooze: no reminder for 1 hour"},
		{"q    ", "quit this view"},
	} {
		lines = append(lines, wrap(t[0], t[1], w)...)
	}
	return lines
}
