package heuristics

import (
	"fmt"
	"math"
)

// pageTalks: a page that shows what its workers find takes part in the work; a miner's page rests.
type pageTalks struct{}

func (pageTalks) define() Definition {
	return Definition{
		ID:        "page_talks_to_workers",
		Needs:     "a browser's renderer with busy web workers and CPU time per thread",
		Reference: "chess engines, compilers and converters in workers report to their page; hash workers left it 0.4-3 % of the work",
	}
}

func (pageTalks) assess(f *Features, about *Subject) (float64, map[string]float64, string, bool) {
	if about.Info.Browser == nil || math.IsNaN(f.WorkerShare) || f.Workers == 0 || f.Busy < sustainedFrom || f.WorkerShare < 0.5 {
		return 0, nil, "", false
	}
	strength := -ramp(f.MainShare, 0.02, 0.12)
	if strength >= 0 {
		return 0, nil, "", false
	}
	return strength, map[string]float64{"main_share": f.MainShare},
		fmt.Sprintf("The page takes part in the work of its workers (%s), as interactive pages do.", percent(f.MainShare)), true
}
