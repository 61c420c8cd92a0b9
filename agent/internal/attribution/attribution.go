// Package attribution says whose load a verdict is about: which process, and if it is a browser's renderer, which tab
// and site, with how sure the answer is.
//
// It is pure. All it knows comes from snapshots, so a recording names the same site as the live run did.
package attribution

import (
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/heuristics"
)

// Owner is whose load it is.
type Owner struct {
	// Key is the same for all that is one thing to people: a tab's process, or the processes of one program that do one
	// job. A process and the group that it is the only member of have the same key.
	Key     string
	Subject api.Subject
	Level   api.Level
	// Site is set when one site can be named, Sites when it is one of several (api.Shared).
	Site  string
	Sites []string
	// EmbeddedIn is the site of the page around a cross-site frame.
	EmbeddedIn string
	// Browser is the program name of the browser, Root its main process.
	Browser string
	Root    heuristics.ProcessID
	// Tabs lists the tabs with frames in the process.
	Tabs []Tab
	// Renderer is the browser's number of the renderer process.
	Renderer int
}

// Tab is a tab that an owner lives in: what a person's click may close.
type Tab struct {
	ID        int64
	TopOrigin string
	Hidden    bool
}

// stale is the age, on the snapshots' clock, at which an answer is only "probably" true: hot renderers are asked every
// five seconds, so four answers are missing by then.
const stale = 20 * time.Second

// maxRemembered bounds the renderers and browsers remembered.
const maxRemembered = 4096

// SiteResolver knows which pages each renderer process runs, as of the snapshots it observed. The zero value is
// ready; it is not safe for concurrent use.
type SiteResolver struct {
	renderers map[heuristics.ProcessID]*entry
	browsers  map[heuristics.ProcessID]string // root -> program name
	jobs      jobs
	at        time.Duration
}

type entry struct {
	answer   heuristics.Renderer
	at       time.Duration
	lastSite string
}

// Observe learns from a snapshot.
func (b *SiteResolver) Observe(s *heuristics.Snapshot) {
	if b.renderers == nil {
		b.renderers = map[heuristics.ProcessID]*entry{}
		b.browsers = map[heuristics.ProcessID]string{}
	}
	b.at = s.At
	b.jobs.observe(s)
	for i := range s.Processes {
		p := &s.Processes[i]
		if p.Info != nil && p.Info.Browser != nil && p.Info.Browser.Role == "browser" && len(b.browsers) < maxRemembered {
			b.browsers[p.ID] = p.Info.Name
		}
	}
	for _, r := range s.Renderers {
		e := b.renderers[r.Process]
		if e == nil {
			if len(b.renderers) >= maxRemembered {
				b.forgetOldest() // an answer may come after its process ended, and would stay for ever
			}
			e = &entry{}
			b.renderers[r.Process] = e
		}
		e.answer, e.at = r, s.At
		if sites, _ := sitesOf(r.Frames); len(sites) == 1 {
			e.lastSite = sites[0]
		} else if site := SiteOf(r.LastOrigin); site != "" {
			e.lastSite = site
		}
	}
	for _, id := range s.Exited {
		delete(b.renderers, id)
		delete(b.browsers, id)
	}
}

// forgetOldest makes room for one renderer.
func (b *SiteResolver) forgetOldest() {
	var oldest heuristics.ProcessID
	found := false
	for id, e := range b.renderers {
		if o := b.renderers[oldest]; !found || e.at < o.at || (e.at == o.at && less(id, oldest)) {
			oldest, found = id, true
		}
	}
	delete(b.renderers, oldest)
}

// less gives processes an order, so that a replay forgets the same ones.
func less(a, b heuristics.ProcessID) bool {
	return a.PID < b.PID || (a.PID == b.PID && a.StartTime < b.StartTime)
}

// Owner returns whose load a verdict is about.
func (b *SiteResolver) Owner(v *heuristics.Verdict) Owner {
	key, in := v.Subject.Key, v.Subject.Info.Browser
	switch {
	case v.Subject.Kind == heuristics.SubjectUnattributed, v.Subject.Info.Parent.PID == kthreadd:
		return Owner{Key: key, Subject: subjectOf(v.Subject.Kind)}
	case v.Subject.Kind != heuristics.SubjectProcess, in == nil, in.Family == "electron": // a program built on a browser's engine has no tabs
		return Owner{Key: b.jobs.key(&v.Subject), Subject: subjectOf(v.Subject.Kind)}
	case in.Role != "renderer":
		return Owner{Key: key, Subject: api.SubjectProcess, Browser: b.browsers[in.Root], Root: in.Root}
	}
	o := Owner{
		Key: key, Subject: api.SubjectTab, Level: api.Unknown, Browser: b.browsers[in.Root], Root: in.Root, Renderer: in.Renderer,
	}
	e := b.renderers[v.Subject.Process]
	if e == nil {
		return o
	}
	o.Tabs = tabsOf(e.answer.Frames)
	sites, sure := sitesOf(e.answer.Frames)
	switch {
	case len(sites) == 0 || b.at-e.at > stale:
		if e.lastSite != "" {
			o.Level, o.Site = api.Probable, e.lastSite
		}
	case len(sites) == 1 && !sure:
		o.Level, o.Site = api.Probable, sites[0]
	case len(sites) == 1:
		o.Level, o.Site = api.Exact, sites[0]
		o.EmbeddedIn = embedder(e.answer.Frames, sites[0])
	default:
		o.Level, o.Sites = api.Shared, sites
	}
	return o
}

// subjectOf returns what a verdict is about as the local API says it, before it is known whether it is a tab.
func subjectOf(kind heuristics.SubjectKind) api.Subject {
	switch kind {
	case heuristics.SubjectGroup:
		return api.SubjectGroup
	case heuristics.SubjectUnattributed:
		return api.SubjectUnattributed
	case heuristics.SubjectProcess:
	}
	return api.SubjectProcess
}

// sitesOf returns the different sites of frames, sorted. A frame whose own origin the browser cannot tell (it was made
// by a script) may belong to the page around it or to somebody else, so then the answer is not sure.
func sitesOf(frames []heuristics.Frame) (sites []string, sure bool) {
	sure = true
	for _, f := range frames {
		site := SiteOf(f.Origin)
		if site == "" {
			site, sure = SiteOf(f.TopOrigin), false
		}
		if site != "" && !slices.Contains(sites, site) {
			sites = append(sites, site)
		}
	}
	slices.Sort(sites)
	return sites, sure
}

func tabsOf(frames []heuristics.Frame) []Tab {
	var tabs []Tab
	for _, f := range frames {
		if !slices.ContainsFunc(tabs, func(t Tab) bool { return t.ID == f.Tab }) {
			tabs = append(tabs, Tab{ID: f.Tab, TopOrigin: f.TopOrigin, Hidden: f.Hidden})
		}
	}
	return tabs
}

// embedder returns the one site around all frames if it is another than theirs.
func embedder(frames []heuristics.Frame, site string) string {
	around := ""
	for _, f := range frames {
		top := SiteOf(f.TopOrigin)
		if top == site || (around != "" && top != around) {
			return ""
		}
		around = top
	}
	return around
}
