package heuristics

// outOfSight: work in a tab that nobody looks at or listens to serves somebody else more often than the visitor.
type outOfSight struct{}

func (outOfSight) define() Definition {
	return Definition{
		ID: "out_of_sight", Scope: ScopeBrowser, Needs: FactVisibility | FactSound, From: sustainedFrom,
		Reference: "hidden and silent and flat and in workers is the strongest combination known",
	}
}

func (outOfSight) assess(f *Features, _ *Subject) finding {
	if f.Audible > 0 {
		return finding{}
	}
	facts := map[string]float64{"hidden": f.Hidden}
	if f.Hidden > 0 {
		return finding{1, facts, "It is in a tab that is not on screen and makes no sound."}
	}
	return finding{-1, facts, "The tab is on screen."}
}
