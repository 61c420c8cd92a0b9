package terminal

import (
	"cmp"
	"slices"

	"github.com/minewatch/minewatch/agent/api"
)

// row is one line of the table: something busy, something with an open alert, or both.
type row struct {
	// id is the same for the same thing from tick to tick, also when an alert joins it or its load pauses.
	id string
	// key finds its past.
	key string
	// about holds what is known of it, in the words of an alert; its figures are those of the last tick.
	about api.Alert
	// open is its open alert, or nil.
	open *api.Alert
	// state is that of an api.LiveRow.
	state   api.State
	mean    float64
	allowed bool
}

// buildRows merges what is busy with the open alerts: alerts first, then what the detector suspects, then by use over the
// judge's window, which is calmer to look at than the use of one second.
func buildRows(l *api.Live, open []api.Alert, allows func(*api.LiveRow) bool) []row {
	var rows []row
	taken := map[string]bool{}
	if l != nil {
		for i := range l.Hot[:min(len(l.Hot), maxRows)] {
			h := &l.Hot[i]
			r := row{id: "row " + h.Key, key: h.Key, about: aboutRow(h, l.Cores), state: h.State, mean: h.Mean}
			if a := alertOf(h, open, taken); a != nil {
				taken[a.ID] = true
				r.open, r.id = a, "alert "+a.ID
				r.about = withAlert(r.about, a)
			}
			r.allowed = r.open == nil && h.State == suspected && allows(h)
			rows = append(rows, r)
		}
	}
	for i := range open {
		if a := &open[i]; !taken[a.ID] { // its load pauses, or its process is not among the busy
			r := row{id: "alert " + a.ID, about: *a, open: a, state: suspected, mean: a.Cores}
			r.about.Cores, r.about.MachinePercent = 0, 0
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(b.mean, a.mean), cmp.Compare(a.id, b.id))
	})
	return rows
}

func (r *row) rank() int {
	switch {
	case r.open != nil && r.open.State == api.Firing && r.about.Severity == miningLike:
		return 0
	case r.open != nil && r.open.State == api.Firing:
		return 1
	case r.open != nil || (r.state == suspected && !r.allowed):
		return 2
	default:
		return 3
	}
}

// verdict says in words what is thought of a row, in at most 19 columns.
func (r *row) verdict() string {
	switch {
	case r.open != nil && r.open.State == api.Pending:
		return "? looking it up"
	case r.allowed:
		return "· allowed"
	case r.open != nil || r.state == suspected:
		return "! " + looks(r.about.Severity)
	case r.state == api.Cleared:
		return "· calm again"
	default:
		return "· watching"
	}
}

// alertOf finds the open alert of a busy row.
func alertOf(h *api.LiveRow, open []api.Alert, taken map[string]bool) *api.Alert {
	for i := range open {
		a := &open[i]
		if !taken[a.ID] && a.Key == h.Key {
			return a
		}
	}
	return nil
}

func aboutRow(h *api.LiveRow, all int) api.Alert {
	a := api.Alert{
		Subject: h.Subject, Site: h.Site, Sites: h.Sites, SiteConfidence: h.SiteConfidence, ProcessName: h.Process, Browser: h.Browser, BrowserTitle: h.BrowserTitle,
		PID: h.PID, Processes: h.Processes, Cores: h.Cores, Busy: h.Busy, Severity: h.Severity, Confidence: h.Confidence, Evidence: h.Evidence,
	}
	if all > 0 {
		a.MachinePercent = sane(100*h.Cores/float64(all), 100)
	}
	return a
}

// withAlert adds what only the alert knows; the figures stay those of the tick.
func withAlert(about api.Alert, a *api.Alert) api.Alert {
	out := *a
	out.Cores, out.MachinePercent, out.Busy = about.Cores, about.MachinePercent, about.Busy
	if about.Severity != "" {
		out.Severity, out.Confidence = about.Severity, about.Confidence
	}
	if len(about.Evidence) > 0 {
		out.Evidence = about.Evidence
	}
	return out
}
