package heuristics

import "fmt"

// otherThreads: drawing, media and the collection of garbage run on threads of their own. Mining needs little of them.
type otherThreads struct{}

func (otherThreads) define() Definition {
	return Definition{
		ID: "other_threads", Scope: ScopePage, Needs: FactThreads, Aspect: AspectThreads, From: sustainedFrom,
		Reference: "video ran in media and pool threads, drawing in compositor threads in every page measured; hash workers left them 0.4-3 %, those that keep the collector of garbage busy 23 %",
	}
}

func (otherThreads) assess(f *Features, _ *Subject) finding {
	other := max(0, 1-f.WorkerShare-f.MainShare)
	if other <= 0.15 {
		return finding{}
	}
	return finding{
		-ramp(other, 0.15, 0.5),
		map[string]float64{"other_share": other},
		fmt.Sprintf("Threads for drawing, sound and the like do %s of its work, as in films, calls and games; miners need none of them.", percent(other)),
	}
}
