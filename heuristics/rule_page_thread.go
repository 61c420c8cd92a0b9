package heuristics

import (
	"fmt"
)

// pageThread: a page whose own thread computes without end. In sight that may be anything a person started; out of
// sight browsers slow a page's timers down and stop its drawing, so a page that goes on does so on purpose.
type pageThread struct{}

func (pageThread) define() Definition {
	return Definition{
		ID: "page_thread_busy", Scope: ScopeBrowser, Needs: FactThreads | FactVisibility, From: sustainedFrom,
		Reference: "browsers throttle timers of hidden pages to one a second and stop requestAnimationFrame (web platform documentation)",
	}
}

func (pageThread) assess(f *Features, _ *Subject) finding {
	strength := ramp(f.MainShare, 0.8, 0.95)
	if strength <= 0 {
		return finding{}
	}
	facts := map[string]float64{"main_share": f.MainShare, "hidden": f.Hidden}
	if f.Hidden > 0 {
		return finding{strength, facts, fmt.Sprintf("The page itself computes without end (%s of the work) although nobody sees it.", percent(f.MainShare))}
	}
	return finding{-strength, facts, fmt.Sprintf("The page on screen does the work itself (%s), as pages that people use do.", percent(f.MainShare))}
}
