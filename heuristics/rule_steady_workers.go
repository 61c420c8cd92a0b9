package heuristics

import (
	"fmt"
	"math"
)

// steadyWorkers: hash loops ask for the same time every second, whatever the page around them does. Workers that serve a
// page get work when there is some.
type steadyWorkers struct{}

func (steadyWorkers) define() Definition {
	return Definition{
		ID: "steady_workers", Scope: ScopePage, Needs: FactThreads | FactWorkerShape, Aspect: AspectSteadiness, From: sustainedFrom,
		Reference: "the sum of hash workers' demand varied by 0.2 to 7 % from second to second, throttled ones included, and by 1 % at full duty (measured)",
	}
}

func (steadyWorkers) assess(f *Features, _ *Subject) finding {
	if f.Workers == 0 || f.WorkerCores < 0.05 {
		return finding{}
	}
	facts := map[string]float64{"worker_spread": f.WorkerSpread, "worker_cores": f.WorkerCores}
	odd := f.restless()
	strength := (1-ramp(f.WorkerSpread, steadySpread, evenWorkers))*(1-f.takingTurns())*(1-odd) - odd
	bursts := ramp(f.WorkerSpread, 0.3, 0.6) * ramp(f.WorkerShare, 0.1, 0.3)
	switch {
	case strength > 0:
		return finding{strength, facts, fmt.Sprintf("What its workers ask for hardly changes: by %.1f %% from second to second.", 100*f.WorkerSpread)}
	case odd > bursts:
		facts["worker_demand_cores"] = f.WorkerDemand
		return finding{
			strength, facts,
			fmt.Sprintf("Its workers take all they can get now, but not all the time (%s more or less); those of a miner would do so every second.", percent(f.WorkerSpread)),
		}
	}
	return finding{
		-bursts, facts,
		fmt.Sprintf("Its workers compute in bursts (%s more or less from second to second), as they do for a page that is used; miners compute evenly.", percent(f.WorkerSpread)),
	}
}

// steadySpread is the spread up to which workers are steady, evenWorkers that from which they no longer are.
const steadySpread, evenWorkers = 0.05, 0.16

// restless says from 0 to 1 whether workers run at full duty at present, but have not all the time: a hash loop that never
// rests asks for the same every second, within 2 %.
func (f *Features) restless() float64 {
	odd := ramp(f.WorkerDemand, 0.85, 0.9) * ramp(f.WorkerSpread, 0.04, 0.08)
	if math.IsNaN(odd) {
		return 0
	}
	return odd
}

// takingTurns says from 0 to 1 whether a page's workers get work as it comes: each does another amount of it, and their
// sum changes. Hash loops of unequal speed differ as well, but keep to it. 0 for a single worker.
func (f *Features) takingTurns() float64 {
	turns := ramp(f.WorkerUneven, 0.4, 0.65) * ramp(f.WorkerSpread, 0.06, 0.1)
	if math.IsNaN(turns) {
		return 0
	}
	return turns
}
