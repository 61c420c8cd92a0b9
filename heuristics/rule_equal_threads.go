package heuristics

// equalThreads: a native miner runs one equal hash loop per core or per share of the cache; most programs have one busy
// thread, or several that do different work.
type equalThreads struct{}

func (equalThreads) define() Definition {
	return Definition{
		ID: "equal_threads", Scope: ScopeProgram, Needs: FactThreads, From: sustainedFrom,
		Reference: "XMRig starts one thread per 2 MiB of L3 cache, all alike; 50-66 % of the cores were seen",
	}
}

func (equalThreads) assess(f *Features, _ *Subject) finding {
	if f.Workers < 2 {
		return finding{}
	}
	strength := ramp(f.WorkerShare, 0.7, 0.95) * evenness(f)
	if strength > 0 {
		return finding{strength, workerFacts(f), workerText(f, "thread")}
	}
	return finding{-ramp(f.WorkerUneven, 0.4, 0.8), workerFacts(f), "Its threads do different amounts of work, as those of most programs do."}
}
