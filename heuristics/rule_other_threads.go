package heuristics

import (
	"fmt"
	"math"
)

// otherThreads: drawing, media and the collection of garbage run on threads of their own. Mining needs none of them.
type otherThreads struct{}

func (otherThreads) define() Definition {
	return Definition{
		ID:        "other_threads",
		Needs:     "a browser's renderer with CPU time and names of its threads",
		Reference: "video ran in media and pool threads, drawing in compositor threads in every page measured; hash workers left them 0.4-3 %",
	}
}

func (otherThreads) assess(f *Features, about *Subject) (float64, map[string]float64, string, bool) {
	if about.Info.Browser == nil || math.IsNaN(f.WorkerShare) || math.IsNaN(f.MainShare) || f.Busy < sustainedFrom {
		return 0, nil, "", false
	}
	other := max(0, 1-f.WorkerShare-f.MainShare)
	strength := -ramp(other, 0.05, 0.3)
	if strength >= 0 {
		return 0, nil, "", false
	}
	return strength, map[string]float64{"other_share": other},
		fmt.Sprintf("Threads for drawing, sound and the like do %s of its work, unlike mining.", percent(other)), true
}
