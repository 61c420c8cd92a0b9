package heuristics

import (
	"fmt"
)

// workerThreads: browser miners compute in workers, for the page itself would stand still. All sorts of worker count, and
// their sum decides: a miner may give each of many workers a little.
type workerThreads struct{}

func (workerThreads) define() Definition {
	return Definition{
		ID: "worker_threads_busy", Scope: ScopePage, Needs: FactThreads, Aspect: AspectThreads, From: sustainedFrom,
		Reference: "busy workers in 28 of 28 recordings of browser mining, among honest pages only those that compute; " +
			"two or more workers in 1,981 of 2,000 mining pages against 60 of 2,000 others",
	}
}

func (workerThreads) assess(f *Features, _ *Subject) finding {
	strength := f.workersCompute()
	if f.Workers == 0 || !(strength > 0) {
		return finding{}
	}
	// Beside a page that does most of the work its workers are helpers.
	strength *= 0.4 + 0.6*ramp(f.WorkerShare, 0.1, 0.4)
	facts, text := workerFacts(f), workerText(f, "background worker")
	if f.TabCores > f.WorkerCores {
		facts["tabs"], facts["tab_cores"] = f.Tabs, f.TabCores
		text += fmt.Sprintf(" %.0f pages of this browser do the same, %.1f cores together.", f.Tabs, f.TabCores)
	}
	return finding{strength, facts, text}
}

// workersCompute says from 0 to 1 whether a page's workers compute, by what they ask for together with those of pages that
// do the same; NaN where that is not known.
func (f *Features) workersCompute() float64 {
	together := f.WorkerCores
	if f.TabCores > together { // NaN compares false
		together = f.TabCores
	}
	return ramp(together, 0.06, 0.18)
}

func workerFacts(f *Features) map[string]float64 {
	facts := map[string]float64{
		"workers": float64(f.Workers), "worker_share": f.WorkerShare, "main_share": f.MainShare, "worker_demand_cores": f.WorkerDemand,
	}
	if f.Workers > 1 {
		facts["worker_uneven"] = f.WorkerUneven
	}
	return facts
}

func workerText(f *Features, noun string) string {
	if f.Workers < 2 {
		return fmt.Sprintf("One %s is busy %s of the time.", noun, percent(f.WorkerDemand))
	}
	return fmt.Sprintf("%d %ss are busy, each %s of the time.", f.Workers, noun, percent(f.WorkerDemand))
}
