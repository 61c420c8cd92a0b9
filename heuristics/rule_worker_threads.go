package heuristics

import (
	"fmt"
)

// workerThreads: browser miners run one equal hash loop per worker while the page itself rests.
type workerThreads struct{}

func (workerThreads) define() Definition {
	return Definition{
		ID: "worker_threads_busy", Scope: ScopeBrowser, Needs: FactThreads, From: sustainedFrom,
		Reference: "hash workers held 97-99.6 % of their process in 19 of 19 measurements, no other kind of page above 1 %; " +
			"two or more workers in 1,981 of 2,000 mining pages against 60 of 2,000 others",
	}
}

func (workerThreads) assess(f *Features, _ *Subject) finding {
	if f.Workers == 0 {
		return finding{}
	}
	strength := ramp(f.WorkerShare, 0.5, 0.85) * evenness(f)
	if strength <= 0 {
		return finding{}
	}
	return finding{strength, workerFacts(f), workerText(f, "background worker")}
}

// evenness goes from 1 for equal workers (or a single one) to 0 for those that differ by 40 %: pools of unequal tasks.
func evenness(f *Features) float64 {
	if f.Workers < 2 {
		return 1
	}
	return 1 - ramp(f.WorkerUneven, 0.15, 0.4)
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
	text := fmt.Sprintf("One %s is busy %s of the time", noun, percent(f.WorkerDemand))
	if f.Workers > 1 {
		text = fmt.Sprintf("%d %ss are equally busy, each %s of the time", f.Workers, noun, percent(f.WorkerDemand))
	}
	return text + fmt.Sprintf("; the main thread does %s of the work.", percent(f.MainShare))
}
