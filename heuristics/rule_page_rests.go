package heuristics

import (
	"fmt"
	"math"
)

// pageRests: a miner's page only starts its workers. A page that shows what its workers find takes part in the work.
type pageRests struct{}

func (pageRests) define() Definition {
	return Definition{
		ID: "page_rests", Scope: ScopePage, Needs: FactThreads, Aspect: AspectThreads, From: sustainedFrom,
		Reference: "hash workers left their page at most 1 % of what they used (28 of 28 recordings); chess engines, compilers and converters in workers 2 to 20 %",
	}
}

func (pageRests) assess(f *Features, _ *Subject) finding {
	if f.Workers == 0 || f.WorkerShare <= 0 {
		return finding{}
	}
	part := f.MainShare / f.WorkerShare
	facts := map[string]float64{"main_share": f.MainShare, "worker_share": f.WorkerShare}
	if part < 0.04 {
		strength := 1 - ramp(part, 0.015, 0.04)
		if w := f.workersCompute(); w < 1 { // that it rests says little where they hardly do anything
			strength *= w
		}
		return finding{strength, facts, "The page itself rests while its background workers compute."}
	}
	return finding{
		-ramp(part, 0.05, 0.2) * ramp(f.WorkerShare, 0.1, 0.3) * (1 - f.inStep()), facts,
		fmt.Sprintf("The page takes part in the work of its workers (%s beside %s), as interactive pages do; a miner's page rests.", percent(f.MainShare), percent(f.WorkerShare)),
	}
}

// inStep says from 0 to 1 whether several workers keep the same pace, below full duty: each has a clock of its own, so that
// what the page does beside them is no work of theirs. Those that serve a page differ by what it asks of them.
func (f *Features) inStep() float64 {
	in := (1 - ramp(f.WorkerUneven, 0.01, 0.03)) * (1 - ramp(f.WorkerSpread, 0.04, 0.08)) * (1 - ramp(f.WorkerDemand, 0.85, 0.9))
	if math.IsNaN(in) {
		return 0
	}
	return in
}
