package heuristics

import "math"

// outOfSight: work in a tab that nobody looks at or listens to serves somebody else more often than the visitor.
type outOfSight struct{}

func (outOfSight) define() Definition {
	return Definition{
		ID: "out_of_sight", Scope: ScopeBrowser, Needs: FactVisibility, Aspect: AspectScreen, From: sustainedFrom,
		Reference: "hidden and silent and flat and in workers is the strongest combination known",
	}
}

func (outOfSight) assess(f *Features, _ *Subject) finding {
	if f.Audible > 0 {
		return finding{}
	}
	facts := map[string]float64{"hidden": f.Hidden}
	if f.Hidden > 0 {
		strength, text := 1.0, "It is in a tab that is not on screen and makes no sound."
		if math.IsNaN(f.Audible) {
			text = "It is in a tab that is not on screen."
		}
		if f.MainShare > 0.5 { // a calculation that somebody left alone; see page_thread_busy
			strength = 0.5
		}
		return finding{strength, facts, text}
	}
	return finding{-1, facts, "The tab is on screen."}
}
