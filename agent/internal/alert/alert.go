// Package alert turns judged subjects into alerts: pending while the site is looked up, firing while people should
// know, resolved when it is over. It keeps one alert per subject, a cooldown, and what the user allowed.
//
// Time comes with each call from the snapshot; there is no clock here, so a replay gives the alerts of the live run.
package alert

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/agent/internal/browsers"
	"github.com/minewatch/minewatch/heuristics"
)

const (
	// lookupPatience is how long an alert stays pending for want of a site before it fires without one. Measured: an
	// awake extension answers within 0.1 s (p95), and hot renderers have been asked before they are suspected.
	lookupPatience = 6 * time.Second
	// refresh is how often the figures of a firing alert are reported again.
	refresh = 10 * time.Second
	// gone is how long a subject may be missing from the verdicts before its alert ends.
	gone = 3 * time.Second
	// fading is the loss of confidence from which the figures of an alert are no longer renewed.
	fading = 0.1
	// closeCounts is how long after a browser closed the tab of an alert its end is put down to that.
	closeCounts = 30 * time.Second
)

// Finding is a verdict with its owner.
type Finding struct {
	Verdict heuristics.Verdict
	Owner   attribution.Owner
}

// Manager holds the open alerts. It is safe for concurrent use.
type Manager struct {
	mu        sync.Mutex
	prefix    string
	count     int
	open      map[string]*incident // by subject key
	opened    map[string]int       // how many are open, by user
	cooldowns cooldowns
	allowed   []api.Allowance
	snoozed   []api.Allowance
	at        time.Duration
	now       time.Time
	only      string // the one user whose alerts are raised, "" for everybody's
}

// incident is one open alert with what is needed to act on it.
type incident struct {
	key       string
	alert     api.Alert
	owner     attribution.Owner
	process   heuristics.ProcessID
	suspected time.Duration // when it became pending
	seen      time.Duration
	told      time.Duration
	hushed    time.Time // quiet until then
	// closing counts the requests to close its tab that a browser has not answered yet; closed is when one agreed.
	closing int
	closed  time.Duration
	// over is the reason for an end that waits for such an answer.
	over api.Reason
}

// NewManager returns a manager. Alert ids begin with the prefix, which must differ from run to run; allowed and snoozed
// are what the store remembers.
func NewManager(prefix string, allowed, snoozed []api.Allowance) *Manager {
	return &Manager{
		prefix: prefix, allowed: slices.Clone(allowed), snoozed: slices.Clone(snoozed),
		open: map[string]*incident{}, opened: map[string]int{},
	}
}

// OnlyFor has alerts raised only about what one user runs, and about what no user is known of.
func (m *Manager) OnlyFor(user string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.only = user
}

// Observe takes what was judged at one tick, as Fold returns it, and returns the alerts that changed, each as it is now.
func (m *Manager) Observe(now time.Time, at time.Duration, judged []Finding) []api.Alert {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now, m.at = now.UTC(), at
	var changed []api.Alert
	for i := range judged {
		changed = m.consider(changed, &judged[i])
	}
	for _, in := range m.sorted() {
		if at-in.seen >= gone && in.over == "" {
			in.over = api.ReasonProcessEnded
		}
		if in.over != "" && in.closing == 0 {
			changed = append(changed, m.resolve(in, in.over))
		}
	}
	return changed
}

func (m *Manager) consider(changed []api.Alert, j *Finding) []api.Alert {
	key := j.Key()
	in := m.open[key]
	switch {
	case j.Verdict.State == heuristics.Cleared && in != nil:
		in.over = api.ReasonLoadEnded
		return changed
	case j.Verdict.State != heuristics.Suspected, m.isOthers(j):
		return changed
	case m.isAllowed(j):
		if in != nil {
			return append(changed, m.resolve(in, api.ReasonAllowed))
		}
		return changed
	case in == nil:
		if m.sameSite(j) {
			return changed
		}
		user := clip(j.Verdict.Subject.Info.User, maxName)
		crowded, ok := m.room(user)
		if !ok {
			return changed
		}
		if crowded != nil {
			changed = append(changed, m.resolve(crowded, api.ReasonCrowdedOut))
		}
		m.count++
		in = &incident{key: key, suspected: m.at, alert: api.Alert{
			Type: "alert", Key: key, ID: fmt.Sprintf("%s-%d", m.prefix, m.count), State: api.Pending, Started: m.now, User: user,
		}}
		m.open[key] = in
		m.opened[user]++
	}
	in.seen, in.over = m.at, ""
	was := in.alert
	m.describe(in, j)
	switch {
	case in.alert.State == api.Pending && (j.Owner.Level != api.Unknown || m.at-in.suspected >= lookupPatience):
		in.alert.State = api.Firing
		in.alert.Quiet = m.isQuiet(in)
	case in.alert.State == api.Pending:
		if was.Updated.IsZero() {
			break // tell once that it is pending
		}
		return changed
	case was.Severity != in.alert.Severity || was.Site != in.alert.Site || was.SiteConfidence != in.alert.SiteConfidence:
		in.alert.Quiet = m.isQuiet(in)
	case !in.alert.SnoozedUntil.IsZero() && !m.now.Before(in.alert.SnoozedUntil): // it has gone on all the while
		in.alert.SnoozedUntil = time.Time{}
		in.alert.Quiet = m.isQuiet(in)
	case m.at-in.told < refresh:
		return changed
	}
	in.told = m.at
	return append(changed, in.alert)
}

// isOthers reports whether a load is of a user whose alerts are not raised here.
func (m *Manager) isOthers(j *Finding) bool {
	user := j.Verdict.Subject.Info.User
	return m.only != "" && user != "" && user != m.only
}

// sameSite reports whether another process of the same site in the same browser has an open alert already.
func (m *Manager) sameSite(j *Finding) bool {
	if j.Owner.Site == "" {
		return false
	}
	for _, in := range m.open {
		if in.owner.Site == j.Owner.Site && in.owner.Root == j.Owner.Root {
			return true
		}
	}
	return false
}

// describe writes what is known now into the alert.
func (m *Manager) describe(in *incident, j *Finding) {
	v, o, a := &j.Verdict, &j.Owner, &in.alert
	in.owner, in.process = *o, v.Subject.Process
	a.T, a.Updated = m.at.Seconds(), m.now
	a.Subject, a.Site, a.Sites = o.Subject, o.Site, o.Sites[:min(len(o.Sites), maxSites)]
	a.SiteConfidence, a.EmbeddedIn, a.Browser = o.Level, o.EmbeddedIn, clip(o.Browser, maxName)
	a.BrowserTitle = browsers.Title(a.Browser)
	a.Tabs = len(o.Tabs)
	a.TabHidden = len(o.Tabs) > 0 && !slices.ContainsFunc(o.Tabs, func(t attribution.Tab) bool { return !t.Hidden })
	a.ProcessName, a.Exe = clip(v.Subject.Info.Name, maxName), clip(v.Subject.Info.Exe, maxPath)
	a.PID, a.Processes = v.Subject.Process.PID, v.Subject.Members
	a.Busy, a.Severity = Round(v.Features.Busy.Seconds(), 10), SeverityOf(v)
	// While a load fades its evidence does too. What people read later is why the alert was raised.
	if v.Confidence < a.Confidence-fading {
		return
	}
	a.Cores, a.MachinePercent = Round(v.Features.Cores, 100), Round(100*v.Features.Machine, 10)
	a.Confidence, a.Evidence = Round(v.Confidence, 100), EvidenceOf(v)
}

func (m *Manager) resolve(in *incident, reason api.Reason) api.Alert {
	a := &in.alert
	if in.closed > 0 && m.at-in.closed < closeCounts && reason != api.ReasonAllowed {
		reason = api.ReasonTabClosed
	}
	if a.State == api.Firing {
		m.cooldowns.begin(a.User, in.label(), m.at)
	}
	a.State, a.Reason, a.T, a.Updated, a.Ended = api.Resolved, reason, m.at.Seconds(), m.now, m.now
	delete(m.open, in.key)
	if m.opened[a.User]--; m.opened[a.User] == 0 {
		delete(m.opened, a.User)
	}
	return *a
}

// isQuiet reports that no notification is due: snoozed, or the same subject alerted within the cooldown.
func (m *Manager) isQuiet(in *incident) bool {
	if m.now.Before(in.hushed) {
		in.alert.SnoozedUntil = in.hushed
		return true
	}
	for _, s := range m.snoozed {
		if matches(&s, &in.alert, m.now) {
			in.alert.SnoozedUntil = s.Until
			return true
		}
	}
	return m.cooldowns.holds(in.alert.User, in.label(), m.at)
}

// label names a user's subject across processes: the site and browser program, or the program.
func (in *incident) label() string {
	a := &in.alert
	return cmp.Or(a.Site, a.Exe, a.ProcessName) + "\x00" + string(a.Severity)
}

func (m *Manager) sorted() []*incident {
	out := make([]*incident, 0, len(m.open))
	for _, in := range m.open {
		out = append(out, in)
	}
	slices.SortFunc(out, func(a, b *incident) int { return cmp.Compare(a.key, b.key) })
	return out
}

// Round rounds to 1/parts.
func Round(x, parts float64) float64 {
	n := x * parts
	if n < 0 {
		return float64(int64(n-0.5)) / parts
	}
	return float64(int64(n+0.5)) / parts
}
