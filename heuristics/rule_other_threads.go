package heuristics

import (
	"fmt"
)

// otherThreads: drawing, media and the collection of garbage run on threads of their own. Mining needs none of them.
type otherThreads struct{}

func (otherThreads) define() Definition {
	return Definition{
		ID: "other_threads", Scope: ScopeBrowser, Needs: FactThreads, From: sustainedFrom,
		Reference: "video ran in media and pool threads, drawing in compositor threads in every page measured; hash workers left them 0.4-3 %",
	}
}

func (otherThreads) assess(f *Features, _ *Subject) finding {
	other := max(0, 1-f.WorkerShare-f.MainShare)
	strength := -ramp(other, 0.05, 0.3)
	if strength >= 0 {
		return finding{}
	}
	return finding{
		strength,
		map[string]float64{"other_share": other},
		fmt.Sprintf("Threads for drawing, sound and the like do %s of its work, unlike mining.", percent(other)),
	}
}
