package heuristics

import "fmt"

// heldBack: a program that has something to compute takes a thread and works through. One whose threads all stop again and
// again, at the same pace all the time, holds back on purpose: miners are throttled so that nobody notices.
type heldBack struct{}

// pacedThread is the demand of a program's busiest thread, in cores, up to which all of them hold back.
const pacedThread = 0.75

func (heldBack) define() Definition {
	return Definition{
		ID: "held_back", Scope: ScopeProgram, Needs: FactThreads | FactShape | FactSystemTime, Aspect: AspectSteadiness, From: sustainedFrom,
		Reference: "no thread of a throttled native miner asked for more than 0.6 of a core, and their sum varied by 3 to 24 % (measured); " +
			"solvers, encoders and loops that spin had a thread at 0.9 and more, services that wait spend 30 % and more in the kernel",
	}
}

func (heldBack) assess(f *Features, _ *Subject) finding {
	if f.Workers == 0 || f.ThreadKinds >= differentWork {
		return finding{}
	}
	strength := (1 - ramp(f.WorkerMost, pacedThread, fullDuty)) * (1 - ramp(f.Spread, evenSpread, wildSpread)) *
		(1 - ramp(f.SystemShare, kernelSome, kernelMuch))
	return finding{
		strength,
		map[string]float64{"worker_most_cores": f.WorkerMost, "spread": f.Spread, "system_share": f.SystemShare},
		fmt.Sprintf("It holds back: none of its threads works more than %s of the time, and yet all of them together are steady.", percent(f.WorkerMost)),
	}
}
