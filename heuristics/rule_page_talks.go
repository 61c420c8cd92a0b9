package heuristics

import (
	"fmt"
)

// pageTalks: a page that shows what its workers find takes part in the work; a miner's page rests.
type pageTalks struct{}

func (pageTalks) define() Definition {
	return Definition{
		ID: "page_talks_to_workers", Scope: ScopeBrowser, Needs: FactThreads, From: sustainedFrom,
		Reference: "chess engines, compilers and converters in workers report to their page; hash workers left it 0.4-3 % of the work",
	}
}

func (pageTalks) assess(f *Features, _ *Subject) finding {
	if f.Workers == 0 || f.WorkerShare < 0.5 {
		return finding{}
	}
	strength := -ramp(f.MainShare, 0.02, 0.12)
	if strength >= 0 {
		return finding{}
	}
	return finding{
		strength,
		map[string]float64{"main_share": f.MainShare},
		fmt.Sprintf("The page takes part in the work of its workers (%s), as interactive pages do.", percent(f.MainShare)),
	}
}
