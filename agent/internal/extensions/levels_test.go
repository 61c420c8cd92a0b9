//go:build linux

package extensions

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/heuristics"
)

// tally counts frames by what was said of the process they live in.
type tally struct {
	frames, exact, weaker, wrong int
	took                         []time.Duration // each answer
}

// check compares what is said of one renderer process against the sites that live there.
func (c *tally) check(t *testing.T, family string, got heuristics.Renderer, truth []string) {
	t.Helper()
	sites := map[string]bool{}
	for _, name := range truth {
		origin, _, _ := strings.Cut(name, " in ")
		if site := attribution.SiteOf(origin); site != "" { // an empty tab has none
			sites[site] = true
		}
	}
	root := heuristics.ProcessID{PID: 1, StartTime: 1}
	var resolver attribution.SiteResolver
	resolver.Observe(&heuristics.Snapshot{Renderers: []heuristics.Renderer{got}})
	o := resolver.Owner(&heuristics.Verdict{Subject: heuristics.Subject{
		Kind: heuristics.SubjectProcess, Process: got.Process, Info: heuristics.ProcessInfo{
			Browser: &heuristics.BrowserProcess{Family: heuristics.Family(family), Role: heuristics.RoleRenderer, Root: root, Renderer: 1},
		},
	}})
	if len(sites) == 0 && o.Level == api.Unknown {
		return // an empty tab: there is nothing to be named
	}
	c.frames += len(truth)
	all := slices.Collect(maps.Keys(sites))
	switch {
	case o.Level == api.Exact && len(sites) == 1 && sites[o.Site],
		// All of several sites, and no more: there is no better answer.
		o.Level == api.Shared && len(o.Sites) == len(sites) && !slices.ContainsFunc(o.Sites, func(s string) bool { return !sites[s] }):
		c.exact += len(truth)
	case o.Level == api.Unknown, o.Level == api.Shared && slices.ContainsFunc(o.Sites, func(s string) bool { return sites[s] }),
		o.Level == api.Probable && sites[o.Site]:
		c.weaker += len(truth)
		t.Logf("weaker: of %v was said %s %q %v", all, o.Level, o.Site, o.Sites)
	default:
		c.wrong += len(truth)
		t.Errorf("WRONG: of %v was said %s %q %v, from %+v", all, o.Level, o.Site, o.Sites, got)
	}
}

// askAll asks about all renderers whose pages are known until so many frames are named exactly, and then whether their
// numbers are trusted as they should be. Searching takes one page after another, so it tries several times.
func (c *tally) askAll(
	t *testing.T, s *Service, family string, root heuristics.ProcessID, all map[int]heuristics.ProcessID,
	truth map[int32][]string, tries, enough int, want trust,
) {
	t.Helper()
	for range tries {
		if c.exact >= enough {
			break
		}
		for number, p := range all {
			if len(truth[p.PID]) > 0 {
				s.Ask(p, root, number)
			}
		}
		for end := time.Now().Add(askAgainAfter + time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			for _, r := range s.Answers() {
				c.check(t, family, r, truth[r.Process.PID])
			}
		}
	}
	t.Logf("%d frames: %d exact, %d weaker, %d wrong", c.frames, c.exact, c.weaker, c.wrong)
	for _, got := range trusts(s, root) {
		if got != want {
			t.Errorf("the numbers are %d, want %d", got, want)
		}
	}
}
