package evaluate

import (
	"path"
	"slices"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/heuristics"
)

// commLength is the length to which Linux cuts the name of a process (TASK_COMM_LEN less its end).
const commLength = 15

// subject is what an alert or a verdict is about, as far as it takes to compare it with the truth.
type subject struct {
	kind          api.Subject
	key           string // as in api.Alert
	site          string
	sites         []string
	name, exe     string
	browser       string // program name of the browser
	family        string // of the browser, "" when the process is none's
	siteUncertain bool   // a tab whose site nobody could name
}

func subjectOf(j *alert.Finding) subject {
	s := subject{
		kind: j.Owner.Subject, key: j.Key(), site: j.Owner.Site, sites: j.Owner.Sites, name: j.Verdict.Subject.Info.Name,
		exe: j.Verdict.Subject.Info.Exe, browser: j.Owner.Browser, siteUncertain: j.Owner.Level == api.Unknown,
	}
	if b := j.Verdict.Subject.Info.Browser; b != nil {
		s.family = string(b.Family)
	}
	return s
}

func subjectOfAlert(a *api.Alert, subjects []alert.Finding) subject {
	s := subject{
		kind: a.Subject, key: a.Key, site: a.Site, sites: a.Sites, name: a.ProcessName, exe: a.Exe, browser: a.Browser,
		siteUncertain: a.SiteConfidence == api.Unknown,
	}
	for i := range subjects {
		if b := subjects[i].Verdict.Subject.Info.Browser; b != nil && subjects[i].Key() == a.Key {
			s.family = string(b.Family)
		}
	}
	return s
}

// matcher knows whose load the truth means.
type matcher struct {
	sites []string // none for a load outside a browser
	names []string
	// families are the browsers that processes of these names belong to, as the recording shows.
	families map[string]bool
	// missing are the names that no process had so far.
	missing map[string]bool
}

func newMatcher(t *Truth) *matcher {
	m := &matcher{names: t.names(), families: map[string]bool{}, missing: map[string]bool{}}
	for _, site := range t.AllSites() {
		m.sites = append(m.sites, siteOf(site))
	}
	for _, n := range m.names {
		m.missing[n] = true
	}
	return m
}

// siteOf brings the site of a truth file into the form in which alerts name it.
func siteOf(site string) string {
	if !strings.Contains(site, "://") {
		if s := attribution.SiteOf("https://" + site); s != "" {
			return s
		}
	} else if s := attribution.SiteOf(site); s != "" {
		return s
	}
	return site
}

// learn looks at the processes of a snapshot.
func (m *matcher) learn(s *heuristics.Snapshot) {
	for i := range s.Processes {
		in := s.Processes[i].Info
		if in == nil {
			continue
		}
		for _, n := range m.names {
			if !sameProgram(n, in.Name, in.Exe) {
				continue
			}
			delete(m.missing, n)
			if in.Browser != nil {
				m.families[string(in.Browser.Family)] = true
			}
		}
	}
}

// absent returns the program that the truth names and the recording never shows, "" if there is none. Of several names
// that a load may go by, one is enough.
func (m *matcher) absent(t *Truth) string {
	switch {
	case t.Process != "" && m.missing[t.Process] && len(t.Programs) == 0:
		return t.Process
	case len(m.names) > 0 && len(m.missing) == countUnique(m.names):
		return m.names[0]
	}
	return ""
}

func countUnique(names []string) int {
	sorted := slices.Sorted(slices.Values(names))
	return len(slices.Compact(sorted))
}

// is reports whether a subject is the true one.
func (m *matcher) is(s *subject) bool {
	if len(m.sites) == 0 {
		return (s.kind == api.SubjectProcess || s.kind == api.SubjectGroup ||
			s.kind == api.SubjectUnattributed) && m.isProgram(s.name, s.exe)
	}
	switch {
	case slices.Contains(m.sites, s.site) || slices.ContainsFunc(s.sites, func(site string) bool { return slices.Contains(m.sites, site) }):
		return true
	case s.site != "" || len(s.sites) > 0 || s.kind != api.SubjectTab:
		return false
	}
	return m.families[s.family] || m.isProgram(s.name, s.exe) || m.isProgram(s.browser, "")
}

func (m *matcher) isProgram(name, exe string) bool {
	return slices.ContainsFunc(m.names, func(n string) bool { return sameProgram(n, name, exe) })
}

// siteVerdict says whether the one site that a subject names is a true one: right, wrong, or neither where it names
// none.
func (m *matcher) siteVerdict(s *subject) (right, wrong bool) {
	if s.site == "" {
		return false, false
	}
	right = slices.Contains(m.sites, s.site)
	return right, !right
}

// sameProgram reports whether a name in a truth file means the process with this name or program path.
func sameProgram(truth, name, exe string) bool {
	if truth == "" {
		return false
	}
	if truth == name || (len(name) == commLength && strings.HasPrefix(truth, name)) {
		return true
	}
	base := path.Base(strings.ReplaceAll(exe, `\`, "/"))
	return exe != "" && truth == base || strings.EqualFold(truth+".exe", name) || strings.EqualFold(truth+".exe", base)
}
