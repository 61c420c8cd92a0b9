package heuristics

// installed: a program that lies elsewhere was brought by somebody without an administrator. Programs that an administrator or a package put in their place are known to somebody. One busy thread of such
// a program is far more often a hung or hard-working service than a miner.
type installed struct{}

func (installed) define() Definition {
	return Definition{
		ID: "installed", Scope: ScopeNative, Needs: FactPath, Aspect: AspectPlace, From: sustainedFrom,
		Reference: "one thread of an installed program that spins is the commonest run-away load in public reports (shells, indexers, helpers of package and network managers)",
	}
}

func (installed) assess(f *Features, about *Subject) finding {
	exe := about.Info.Exe
	switch {
	case oddFolder(exe) != 0:
		return finding{} // see odd_place
	case !inSystemFolder(exe):
		return finding{0.6, map[string]float64{}, "It lies outside the folders of installed programs, where no administrator put it."}
	}
	if f.Workers >= 2 && f.WorkerUneven < 0.35 || about.Kind == SubjectGroup {
		return finding{-1, map[string]float64{}, "It is an installed program, which only an administrator can put in its place."}
	}
	return finding{-1, map[string]float64{}, "It is one busy thread of an installed program, as of a service that hangs or works hard; miners seldom are installed."}
}
