package heuristics

// audible: a tab that plays sound has somebody who listens; music, calls and games are work of their own.
type audible struct{}

func (audible) define() Definition {
	return Definition{
		ID: "audible", Scope: ScopeBrowser, Needs: FactSound, Aspect: AspectScreen, From: sustainedFrom,
		Reference: "video, calls and games are the hardest benign loads; all play sound when they are used",
	}
}

func (audible) assess(f *Features, _ *Subject) finding {
	if f.Audible == 0 {
		return finding{}
	}
	return finding{-1, map[string]float64{"audible": 1}, "The tab plays sound, so somebody may be using it."}
}
