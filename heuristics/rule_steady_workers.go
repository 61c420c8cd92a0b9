package heuristics

import "fmt"

// steadyWorkers: hash loops ask for the same time every second, whatever the page around them does. Workers that serve a
// page get work when there is some.
type steadyWorkers struct{}

func (steadyWorkers) define() Definition {
	return Definition{
		ID: "steady_workers", Scope: ScopePage, Needs: FactThreads | FactWorkerShape, Aspect: AspectSteadiness, From: sustainedFrom,
		Reference: "the sum of hash workers' demand varied by 0.2 to 7 % from second to second, throttled ones included (measured)",
	}
}

func (steadyWorkers) assess(f *Features, _ *Subject) finding {
	if f.Workers == 0 || f.WorkerCores < 0.05 {
		return finding{}
	}
	facts := map[string]float64{"worker_spread": f.WorkerSpread, "worker_cores": f.WorkerCores}
	if f.WorkerSpread < evenWorkers {
		return finding{
			1 - ramp(f.WorkerSpread, steadySpread, evenWorkers), facts,
			fmt.Sprintf("What its workers ask for hardly changes: by %.1f %% from second to second.", 100*f.WorkerSpread),
		}
	}
	return finding{
		-ramp(f.WorkerSpread, 0.3, 0.6) * ramp(f.WorkerShare, 0.1, 0.3), facts,
		fmt.Sprintf("Its workers compute in bursts (%s more or less from second to second), as they do for a page that is used; miners compute evenly.", percent(f.WorkerSpread)),
	}
}

// steadySpread is the spread up to which workers are steady, evenWorkers that from which they no longer are.
const steadySpread, evenWorkers = 0.05, 0.16
