package heuristics

import "math"

// audible: a tab that plays sound has somebody who listens; music, calls and games are work of their own.
type audible struct{}

func (audible) define() Definition {
	return Definition{
		ID: "audible", Needs: "the browser extension's word on the tab",
		Reference: "video, calls and games are the hardest benign loads; all play sound when they are used",
	}
}

func (audible) assess(f *Features, _ *Subject) (float64, map[string]float64, string, bool) {
	if math.IsNaN(f.Audible) || f.Audible == 0 || f.Busy < sustainedFrom {
		return 0, nil, "", false
	}
	return -1, map[string]float64{"audible": 1}, "The tab plays sound, so somebody may be using it.", true
}
