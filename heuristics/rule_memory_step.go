package heuristics

import (
	"fmt"
)

// memoryStep: memory-hard hashes fill a large block at the start and keep it.
type memoryStep struct{}

func (memoryStep) define() Definition {
	return Definition{
		ID: "memory_step", Scope: ScopeBrowser | ScopeProgram, Needs: FactMemory | FactMemoryStep, Aspect: AspectMemory, From: stepWithin,
		Reference: "RandomX takes 2,080 + 256 MiB in fast mode and 256 MiB in light mode, once",
	}
}

func (memoryStep) assess(f *Features, _ *Subject) finding {
	const least, clear = 96 << 20, 224 << 20
	if f.MemoryMoves > 0.05 {
		return finding{}
	}
	strength := ramp(f.MemoryStep, least, clear)
	return finding{
		strength,
		map[string]float64{"memory_step_bytes": f.MemoryStep},
		fmt.Sprintf("It took %s of memory at its start and has kept it, as memory-hard hashes do.", bytesText(f.MemoryStep)),
	}
}
