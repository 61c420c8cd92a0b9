package heuristics

import "math"

// inUse: what a person is using right now is most likely doing what the person wants. What goes on when nobody is
// there serves somebody else.
type inUse struct{}

func (inUse) define() Definition {
	return Definition{
		ID: "in_use", Scope: ScopeBrowser, Needs: FactVisibility, Aspect: AspectScreen, From: sustainedFrom,
		Reference: "miners stop or slow down while the user is active and go on when nobody is there",
	}
}

func (inUse) assess(f *Features, _ *Subject) finding {
	facts := map[string]float64{}
	if !math.IsNaN(f.Away) {
		facts["away"] = f.Away
	}
	switch {
	case f.FullScreen > 0:
		facts["full_screen"] = 1
		return finding{-1, facts, "The tab fills the screen, as films and games do."}
	case f.Away > 0 && !(f.Audible > 0) && f.Hidden > 0: // who watches a film without sound touches nothing either
		return finding{1, facts, "Nobody has used this computer for a minute, and it goes on."}
	case f.Focused > 0 && f.Away == 0:
		facts["focused"] = 1
		return finding{-1, facts, "The tab is in front and somebody is using the computer."}
	}
	return finding{}
}
