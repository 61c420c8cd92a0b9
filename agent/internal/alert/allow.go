package alert

import (
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/heuristics"
)

// Target is what a person's click on an alert acts on.
type Target struct {
	Alert   api.Alert
	Process heuristics.ProcessID
	Owner   attribution.Owner
}

// Open returns the alerts that are not resolved, of one user or of all if user is "".
func (m *Manager) Open(user string) []api.Alert {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []api.Alert
	for _, in := range m.sorted() {
		if user == "" || in.alert.User == user {
			out = append(out, in.alert)
		}
	}
	return out
}

// Target returns what the open alert with this id is about; ok is false if it is no longer open.
func (m *Manager) Target(id string) (t Target, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, in := range m.open {
		if in.alert.ID == id {
			return Target{Alert: in.alert, Process: in.process, Owner: in.owner}, true
		}
	}
	return Target{}, false
}

// Closing notes that a browser is asked to close the tab of an alert, which does not end before the answer: answered must
// be called with whether the browser agreed, so that the end is put down to that or not.
func (m *Manager) Closing(id string) (answered func(agreed bool)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, in := range m.open {
		if in.alert.ID == id {
			in.closing++
			return func(agreed bool) {
				m.mu.Lock()
				defer m.mu.Unlock()
				in.closing--
				if agreed {
					in.closed = m.at
				}
			}
		}
	}
	return func(bool) {}
}

// SetAllowances replaces what users allowed. Alerts it covers end at the next tick.
func (m *Manager) SetAllowances(all []api.Allowance) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.allowed = slices.Clone(all)
}

// SetSnoozes replaces what users want to hear nothing of for a while, and returns the open alerts that it changed.
func (m *Manager) SetSnoozes(all []api.Allowance) []api.Alert {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.snoozed = slices.Clone(all)
	var changed []api.Alert
	for _, in := range m.sorted() {
		until := in.alert.SnoozedUntil
		in.alert.SnoozedUntil = time.Time{}
		if in.alert.Quiet = m.isQuiet(in); !in.alert.SnoozedUntil.Equal(until) && in.alert.State == api.Firing {
			changed = append(changed, in.alert)
		}
	}
	return changed
}

// Hush keeps one open alert quiet until a time, where there is no single site or program to snooze; the zero time ends
// that. It returns the alert if it is open.
func (m *Manager) Hush(id string, until time.Time) []api.Alert {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, in := range m.open {
		if in.alert.ID == id {
			in.hushed, in.alert.SnoozedUntil = until, time.Time{}
			in.alert.Quiet = m.isQuiet(in)
			return []api.Alert{in.alert}
		}
	}
	return nil
}

// isAllowed reports whether the owner of a load is allowed, by its site or by its program. One of several sites is
// allowed only when every one of them is.
func (m *Manager) isAllowed(j *Finding) bool {
	a := api.Alert{
		Site: j.Owner.Site, User: j.Verdict.Subject.Info.User, Subject: j.Owner.Subject,
		Exe: clip(j.Verdict.Subject.Info.Exe, maxPath), ProcessName: clip(j.Verdict.Subject.Info.Name, maxName),
	}
	covered := func(a *api.Alert) bool {
		return slices.ContainsFunc(m.allowed, func(w api.Allowance) bool { return matches(&w, a, m.now) })
	}
	if len(j.Owner.Sites) == 0 {
		return covered(&a)
	}
	for _, site := range j.Owner.Sites {
		a.Site = site
		if !covered(&a) {
			return false
		}
	}
	return true
}

// matches reports whether an allowance or snooze covers an alert. A program never covers the tabs of a browser.
func matches(w *api.Allowance, a *api.Alert, now time.Time) bool {
	if (w.User != "" && w.User != a.User) || (!w.Until.IsZero() && now.After(w.Until)) {
		return false
	}
	if w.Site != "" {
		return w.Site == a.Site
	}
	return w.Program != "" && a.Subject != api.SubjectTab && w.Program == Program(a)
}

// Program returns the name under which an alert's program is allowed: its path, or its name where the path is hidden.
func Program(a *api.Alert) string {
	if a.Exe != "" {
		return a.Exe
	}
	return a.ProcessName
}
