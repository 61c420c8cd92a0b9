package heuristics

// browserHelper: a browser's own helpers draw, decode and fetch for all tabs; pages compute in renderers.
type browserHelper struct{}

func (browserHelper) define() Definition {
	return Definition{
		ID: "browser_helper", Needs: "a process of a known browser",
		Reference: "in every measurement web miners computed in a renderer; graphics without a graphics card fills the drawing process evenly",
	}
}

func (browserHelper) assess(f *Features, about *Subject) (float64, map[string]float64, string, bool) {
	b := about.Info.Browser
	if b == nil || b.Role == "renderer" || f.Busy < sustainedFrom {
		return 0, nil, "", false
	}
	return -1, map[string]float64{}, "It is a part of the browser that serves all tabs, not a page.", true
}
