package heuristics

import "math"

// hiddenTab: work in a tab that nobody looks at or listens to serves somebody else more often than the visitor.
type hiddenTab struct{}

func (hiddenTab) define() Definition {
	return Definition{
		ID:        "hidden_tab",
		Needs:     "the browser extension's word on the tab",
		Reference: "hidden and silent and flat and in workers is the strongest combination known",
	}
}

func (hiddenTab) judge(f *Features, _ *Subject) (float64, map[string]float64, string, bool) {
	if math.IsNaN(f.Hidden) || math.IsNaN(f.Audible) || f.Busy < sustainedFrom {
		return 0, nil, "", false
	}
	facts := map[string]float64{"hidden": f.Hidden, "audible": f.Audible}
	switch {
	case f.Audible > 0:
		return -1, facts, "The tab plays sound, so somebody may be using it.", true
	case f.Hidden > 0:
		return 1, facts, "It is in a tab that is not on screen and makes no sound.", true
	default:
		return -0.3, facts, "The tab is on screen.", true
	}
}
