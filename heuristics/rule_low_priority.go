package heuristics

import "fmt"

// lowPriority: miners give way to everything else so that nobody notices. So do backups and volunteer computing.
type lowPriority struct{}

func (lowPriority) define() Definition {
	return Definition{
		ID: "low_priority", Scope: ScopeNative, Aspect: AspectPriority, From: sustainedFrom,
		Reference: "nice 19 is among the ways in which miners hide; backup and indexing programs use it as well",
	}
}

func (lowPriority) assess(_ *Features, about *Subject) finding {
	n := about.Info.Nice
	if n < 10 || inSystemFolder(about.Info.Exe) { // services give way as a matter of course
		return finding{}
	}
	return finding{
		ramp(float64(n), 5, 15),
		map[string]float64{"nice": float64(n)},
		fmt.Sprintf("It gives way to every other program (priority %d), so that it is hardly noticed.", n),
	}
}
