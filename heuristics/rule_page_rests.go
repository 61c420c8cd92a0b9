package heuristics

import (
	"fmt"
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
		return finding{1 - ramp(part, 0.015, 0.04), facts, "The page itself rests while its background workers compute."}
	}
	return finding{
		-ramp(part, 0.05, 0.2) * ramp(f.WorkerShare, 0.1, 0.3), facts,
		fmt.Sprintf("The page takes part in the work of its workers (%s beside %s), as interactive pages do; a miner's page rests.", percent(f.MainShare), percent(f.WorkerShare)),
	}
}
