package heuristics

// browserHelper: a browser's own helpers draw, decode and fetch for all tabs; pages compute in renderers.
type browserHelper struct{}

func (browserHelper) define() Definition {
	return Definition{
		ID: "browser_helper", Scope: ScopeHelper, From: sustainedFrom,
		Reference: "in every measurement web miners computed in a renderer; graphics without a graphics card fills the drawing process evenly",
	}
}

func (browserHelper) assess(_ *Features, _ *Subject) finding {
	return finding{-1, map[string]float64{}, "It is a part of the browser that serves all tabs, not a page."}
}
