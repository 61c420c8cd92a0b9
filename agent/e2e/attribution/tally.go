//go:build linux

package attribution

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/heuristics"
)

// lodger is one frame, as the browser itself knows it.
type lodger struct {
	// id is the browser's name of the frame.
	id string
	// origin is its own, or that of the nearest frame around it that has one.
	origin string
	// frozen is set for a document that is kept for "back" and cannot use the processor.
	frozen bool
}

// tally counts frames by what was said of the process they live in.
type tally struct {
	exact, weaker, wrong int
	distinct             map[string]bool // ids of the frames
	processes            map[heuristics.ProcessID]bool
	took                 []time.Duration // from question to answer
	unanswered           int             // processes
	faults               []string        // everything wrong, and why answers were weaker
}

func newTally() *tally {
	return &tally{distinct: map[string]bool{}, processes: map[heuristics.ProcessID]bool{}}
}

// owner returns what an alert about the renderer would say, given the extension's answer.
func owner(family string, root heuristics.ProcessID, renderer int, got heuristics.Renderer) attribution.Owner {
	var resolver attribution.SiteResolver
	resolver.Observe(&heuristics.Snapshot{Renderers: []heuristics.Renderer{got}})
	return resolver.Owner(&heuristics.Verdict{Subject: heuristics.Subject{
		Kind: heuristics.SubjectProcess, Process: got.Process, Info: heuristics.ProcessInfo{
			Browser: &heuristics.BrowserProcess{Family: heuristics.Family(family), Role: heuristics.RoleRenderer, Root: root, Renderer: renderer},
		},
	}})
}

// check compares what is said of one renderer process with the pages it runs. after says which step of the scenario it
// was.
func (c *tally) check(after string, o *attribution.Owner, p heuristics.ProcessID, there []lodger) {
	left := sitesOf(there, true)
	there = slices.DeleteFunc(slices.Clone(there), func(l lodger) bool { return l.frozen })
	sites := sitesOf(there, false)
	all := slices.Sorted(maps.Keys(sites))
	if len(sites) == 0 { // nobody to be named: an empty tab, or a page that was left
		// Who was there last may be said, and that this is not sure.
		if o.Level == api.Exact || o.Level == api.Shared || (o.Level == api.Probable && len(left) > 0 && !left[o.Site]) {
			c.wrong += max(1, len(there))
			c.fault("WRONG", after, o, p, all)
		}
		return
	}
	c.processes[p] = true
	for _, l := range there {
		c.distinct[l.id] = true
	}
	switch others := slices.DeleteFunc(slices.Clone(o.Sites), func(s string) bool { return sites[s] }); {
	case o.Level == api.Exact && len(sites) == 1 && sites[o.Site],
		o.Level == api.Shared && len(others) == 0 && len(o.Sites) == len(sites): // there is no better answer
		c.exact += len(there)
	case o.Level == api.Unknown,
		o.Level == api.Shared && len(others) < len(o.Sites),
		o.Level == api.Probable && sites[o.Site]:
		c.weaker += len(there)
		c.fault("weaker", after, o, p, all)
	case o.Level == api.Exact, o.Level == api.Shared, o.Level == api.Probable:
		c.wrong += len(there)
		c.fault("WRONG", after, o, p, all)
	}
}

// sitesOf returns the sites of those that are frozen, or of those that are not.
func sitesOf(there []lodger, frozen bool) map[string]bool {
	sites := map[string]bool{}
	for _, l := range there {
		if site := attribution.SiteOf(l.origin); site != "" && l.frozen == frozen { // an empty tab has none
			sites[site] = true
		}
	}
	return sites
}

func (c *tally) fault(how, after string, o *attribution.Owner, p heuristics.ProcessID, all []string) {
	c.faults = append(c.faults, fmt.Sprintf("%s, %s: in process %d live %v, it was said: %s %q %v", how, after, p.PID, all, o.Level, o.Site, o.Sites))
}

// percentile returns the time that a share of all was within, in milliseconds.
func percentile(all []time.Duration, share float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(all), cmp.Compare)
	at := min(len(sorted)-1, int(share*float64(len(sorted))))
	return float64(sorted[at].Microseconds()/100) / 10
}
