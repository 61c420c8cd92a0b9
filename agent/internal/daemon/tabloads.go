package daemon

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/extensions"
	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/heuristics"
)

const (
	// loadSpan is how far back the popup's curve reaches, in samples of one second.
	loadSpan = 60
	// maxLoads bounds the renderers whose past is kept, maxTabs those told to a popup: nobody reads more.
	maxLoads = 256
	maxTabs  = 8
	// maxWhy bounds the sentences told of one renderer, each of at most maxWhyRunes.
	maxWhy      = 4
	maxWhyRunes = 200
	// leastTold is the load, in cores, from which a tab is worth a line to a person who asks.
	leastTold = 0.05
)

// loads remembers what busy renderers used in the last minute, for the popups of their browsers.
type loads struct {
	mu      sync.Mutex
	at      time.Duration
	before  time.Duration // the tick before
	cores   int
	machine float64
	busy    liveUse
	of      map[string]*load // by subject key
}

// load is one renderer.
type load struct {
	verdict heuristics.Verdict
	site    string // its one site, "" for none or several
	seen    time.Duration
	past    []sample // oldest first
}

// sample is the use of one interval, by its end.
type sample struct {
	at         time.Duration
	hundredths int // of a core
}

// observe takes what one tick led to.
func (l *loads) observe(t *pipeline.Tick) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]*load{}
	}
	l.before, l.at, l.cores = l.at, t.Snapshot.At, max(1, t.Snapshot.Cores)
	l.machine = l.busy.since(&t.Snapshot)
	for i := range t.Findings {
		v := &t.Findings[i].Verdict
		in := v.Subject.Info.Browser
		if v.Subject.Kind != heuristics.SubjectProcess || in == nil || in.Role != "renderer" || in.Family == "electron" {
			continue
		}
		r := l.of[v.Subject.Key]
		if r == nil {
			if len(l.of) >= maxLoads {
				continue
			}
			r = &load{}
			l.of[v.Subject.Key] = r
		} else if r.seen < l.before {
			r.past = append(r.past, sample{at: l.before}) // it was quiet meanwhile
		}
		r.verdict, r.seen, r.site = *v, l.at, t.Findings[i].Owner.Site
		r.past = append(r.past, sample{l.at, int(100*max(0, v.Now) + 0.5)})
	}
	for key, r := range l.of {
		if l.at-r.seen > loadSpan*time.Second {
			delete(l.of, key)
			continue
		}
		for len(r.past) > 1 && l.at-r.past[0].at > (loadSpan+5)*time.Second {
			r.past = r.past[1:]
		}
	}
}

// told returns what a browser's popup may know: the renderers under its root that belong to its user, the busiest
// first. open are that user's open alerts by process, allowed the sites that the user allows.
func (l *loads) told(peer extensions.Peer, lang string, open map[int32]*api.Alert, allowed map[string]bool) nm.LoadResult {
	l.mu.Lock()
	defer l.mu.Unlock()
	say := words.In(words.Lang(lang)).Say
	out := nm.LoadResult{Machine: l.machine}
	for _, r := range l.of {
		v := &r.verdict
		if v.Subject.Info.User != peer.User || v.Subject.Info.Browser.Root != peer.Root || r.seen != l.at {
			continue
		}
		a := open[v.Subject.Process.PID]
		if v.Now < leastTold && v.Features.Cores < leastTold && a == nil {
			continue
		}
		t := nm.TabLoad{
			Renderer: v.Subject.Info.Browser.Renderer, Cores: alert.Round(v.Now, 100),
			Machine: alert.Round(100*v.Now/float64(l.cores), 10), Samples: r.seconds(l.at),
			Busy: alert.Round(v.Features.Busy.Seconds(), 1), State: alert.StateOf(v),
		}
		if v.State == heuristics.Suspected {
			t.Severity, t.Why = alert.SeverityOf(v), whyOf(v, say)
		}
		t.Allowed = a == nil && allowed[r.site]
		if a != nil {
			t.Alert, t.CanAllow, t.Snoozed = a.ID, a.Site != "", a.Quiet && !a.SnoozedUntil.IsZero()
		}
		out.Tabs = append(out.Tabs, t)
	}
	slices.SortFunc(out.Tabs, func(a, b nm.TabLoad) int {
		return cmp.Or(cmp.Compare(b.Cores, a.Cores), cmp.Compare(a.Renderer, b.Renderer))
	})
	for len(out.Tabs) > maxTabs || (len(out.Tabs) > 0 && !nm.Fits(out)) {
		out.Tabs = out.Tabs[:len(out.Tabs)-1]
		out.More++
	}
	return out
}

// site returns the one site of a renderer that is busy now, "" if it is not known.
func (l *loads) site(peer extensions.Peer, renderer int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.of {
		in := r.verdict.Subject.Info
		if in.User == peer.User && in.Browser.Root == peer.Root && in.Browser.Renderer == renderer && r.seen == l.at {
			return r.site
		}
	}
	return ""
}

// seconds returns the past as one sample a second, the newest last, from the first that is known.
func (r *load) seconds(now time.Duration) []int {
	out := []int{}
	i := 0
	for s := loadSpan - 1; s >= 0; s-- {
		at := now - time.Duration(s)*time.Second
		if at <= r.past[0].at-time.Second {
			continue
		}
		for i < len(r.past)-1 && r.past[i].at < at { // a sample covers what lies before it
			i++
		}
		out = append(out, r.past[i].hundredths)
	}
	return out
}

// whyOf returns the agent's sentences on a verdict: what it may mean, then what the strongest rules found.
func whyOf(v *heuristics.Verdict, say *words.Sentences) []string {
	out := []string{say.Heavy}
	if v.Severity == heuristics.MiningLike {
		out[0] = say.MiningLike
	}
	found := slices.Clone(v.Evidence)
	slices.SortStableFunc(found, func(a, b heuristics.Evidence) int { return cmp.Compare(b.Weight, a.Weight) })
	for _, e := range found {
		if len(out) < maxWhy && e.Weight > 0 {
			out = append(out, words.CleanSentence(e.Text))
		}
	}
	for i, s := range out {
		if r := []rune(s); len(r) > maxWhyRunes {
			out[i] = string(r[:maxWhyRunes-1]) + "…"
		}
	}
	return out
}
