package heuristics

import (
	"fmt"
)

// steadyMemory: a hash loop works in the same memory for ever; compilers, converters and pages that do things for
// people ask for more and give it back.
type steadyMemory struct{}

func (steadyMemory) define() Definition {
	return Definition{
		ID: "steady_memory", Scope: ScopeBrowser | ScopeProgram, Needs: FactMemory, Aspect: AspectPurity, From: sustainedFrom,
		Reference: "hash loops kept within 1 % of their memory; builds, conversions and page loads moved by 10 % and more (measured)",
	}
}

func (steadyMemory) assess(f *Features, about *Subject) finding {
	facts := map[string]float64{"memory_moves": f.MemoryMoves, "memory_bytes": f.Memory}
	if f.MemoryMoves < 0.05 {
		return finding{1 - ramp(f.MemoryMoves, 0.01, 0.05), facts, "It works in the same memory all the time."}
	}
	// Hashes in WebAssembly leave garbage behind, which is collected now and then.
	from, to := 0.05, 0.25
	if about.scope() == ScopePage {
		from, to = 0.25, 0.5
	}
	return finding{
		-ramp(f.MemoryMoves, from, to), facts,
		fmt.Sprintf("Its memory goes up and down by %s; a miner works in the same memory all the time.", percent(f.MemoryMoves)),
	}
}
