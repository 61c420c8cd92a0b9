package alert

import (
	"cmp"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
)

const (
	// maxAlerts bounds the alerts that are open at one time, maxUserAlerts those of one user.
	maxAlerts     = 1024
	maxUserAlerts = 256
	// What one alert holds at most, in bytes: a name, a path (Linux ends them there) and a sentence; and how many sites.
	maxName  = 256
	maxPath  = 4096
	maxText  = 512
	maxSites = 16
)

// room reports whether one more alert of a user may open. When all is full, the user who has most gives one up, so that
// nobody's processes keep another user's from being told of.
func (m *Manager) room(user string) (crowded *incident, ok bool) {
	switch {
	case m.opened[user] >= maxUserAlerts:
		return nil, false
	case len(m.open) < maxAlerts:
		return nil, true
	}
	most := user
	for u, n := range m.opened {
		if n > m.opened[most] || (n == m.opened[most] && u < most) {
			most = u
		}
	}
	if m.opened[most] <= m.opened[user]+1 {
		return nil, false
	}
	for _, in := range m.open {
		if in.alert.User == most && (crowded == nil || matters(in, crowded) < 0) {
			crowded = in
		}
	}
	return crowded, true
}

// matters orders alerts by how much is lost with them: pending ones, then heavy ones, then the newest.
func matters(a, b *incident) int {
	weight := func(in *incident) int {
		switch {
		case in.alert.State == api.Pending:
			return 0
		case in.alert.Severity == api.Heavy:
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(weight(a), weight(b)), cmp.Compare(b.suspected, a.suspected), cmp.Compare(a.key, b.key))
}

// clip cuts a text to at most so many bytes, between two characters.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}
