package heuristics

import "math"

// outOfSight: work in a tab that nobody looks at or listens to serves somebody else more often than the visitor.
type outOfSight struct{}

func (outOfSight) define() Definition {
	return Definition{
		ID:        "out_of_sight",
		Needs:     "the browser extension's word on the tab",
		Reference: "hidden and silent and flat and in workers is the strongest combination known",
	}
}

func (outOfSight) assess(f *Features, _ *Subject) (float64, map[string]float64, string, bool) {
	if math.IsNaN(f.Hidden) || math.IsNaN(f.Audible) || f.Busy < sustainedFrom || f.Audible > 0 {
		return 0, nil, "", false
	}
	facts := map[string]float64{"hidden": f.Hidden}
	if f.Hidden > 0 {
		return 1, facts, "It is in a tab that is not on screen and makes no sound.", true
	}
	return -1, facts, "The tab is on screen.", true
}
