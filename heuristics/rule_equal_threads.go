package heuristics

import "fmt"

// equalThreads: a miner runs one equal hash loop per core or per share of the cache. Most programs have one busy thread,
// or several that bear names and do different work.
type equalThreads struct{}

// differentWork is from how many kinds of thread on, by their names, a program's threads do different work.
const differentWork = 3

func (equalThreads) define() Definition {
	return Definition{
		ID: "equal_threads", Scope: ScopePage | ScopeProgram, Needs: FactThreads, Aspect: AspectThreads, From: sustainedFrom,
		Reference: "XMRig starts one thread per 2 MiB of L3 cache, all alike; 50-66 % of the cores were seen",
	}
}

func (equalThreads) assess(f *Features, about *Subject) finding {
	noun := "thread"
	if about.scope() == ScopePage {
		noun = "background worker"
	}
	if f.Workers < 2 {
		return finding{}
	}
	facts := workerFacts(f)
	if noun == "thread" && f.ThreadKinds >= differentWork {
		facts["thread_kinds"] = f.ThreadKinds
		return finding{-1, facts, fmt.Sprintf("Its threads bear %.0f different names and do different work; those of a miner are all alike.", f.ThreadKinds)}
	}
	strength := ramp(f.WorkerShare, 0.1, 0.5) * (1 - ramp(f.WorkerUneven, 0.1, 0.35))
	if strength > 0 {
		return finding{
			strength, facts,
			fmt.Sprintf("%d %ss are equally busy, each %s of the time.", f.Workers, noun, percent(f.WorkerDemand)),
		}
	}
	return finding{
		-max(ramp(f.WorkerUneven, 0.65, 1), f.takingTurns()), facts,
		fmt.Sprintf("Its %ss do different amounts of work, as those of most programs do; those of a miner are all alike.", noun),
	}
}
