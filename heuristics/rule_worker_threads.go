package heuristics

import (
	"fmt"
	"math"
)

// workerThreads: browser miners run one equal hash loop per worker while the page itself rests. Pages that compute on
// their main thread, draw or play video do not look like that.
type workerThreads struct{}

func (workerThreads) define() Definition {
	return Definition{
		ID:    "worker_threads_busy",
		Needs: "CPU time per thread",
		Reference: "hash workers held 97-99.6 % of their process in 19 of 19 measurements, no other kind of page above 1 %; " +
			"two or more workers in 1,981 of 2,000 mining pages against 60 of 2,000 others",
	}
}

func (workerThreads) judge(f *Features, about *Subject) (float64, map[string]float64, string, bool) {
	if math.IsNaN(f.WorkerShare) || f.Busy < sustainedFrom {
		return 0, nil, "", false
	}
	facts := map[string]float64{"workers": float64(f.Workers), "worker_share": f.WorkerShare, "main_share": f.MainShare}
	inBrowser := about.Info.Browser != nil
	if inBrowser && f.WorkerShare < 0.5 {
		text := fmt.Sprintf("Background workers do only %s of its work, unlike browser mining.", percent(f.WorkerShare))
		return -1 + ramp(f.WorkerShare, 0.1, 0.5), facts, text, true
	}
	if f.Workers == 0 || (!inBrowser && f.Workers < 2) {
		return 0, nil, "", false // one busy thread of a native program is nothing special
	}
	strength := ramp(f.WorkerShare, 0.8, 0.95)
	facts["worker_demand_cores"] = f.WorkerDemand
	text := fmt.Sprintf("One background worker is busy %s of the time", percent(f.WorkerDemand))
	if f.Workers == 1 {
		strength *= 0.7
	} else {
		facts["worker_uneven"] = f.WorkerUneven
		strength *= 1 - ramp(f.WorkerUneven, 0.15, 0.4)
		text = fmt.Sprintf("%d background workers are equally busy, each %s of the time", f.Workers, percent(f.WorkerDemand))
	}
	if strength <= 0 {
		return 0, nil, "", false
	}
	text += fmt.Sprintf("; the main thread does %s of the work.", percent(f.MainShare))
	return strength, facts, text, true
}
