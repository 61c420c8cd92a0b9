package heuristics

import (
	"fmt"
	"math"
)

// memoryStep: memory-hard hashes fill a large block at the start and keep it.
type memoryStep struct{}

func (memoryStep) define() Definition {
	return Definition{
		ID: "memory_step", Needs: "resident memory from the start of the load",
		Reference: "RandomX takes 2,080 + 256 MiB in fast mode and 256 MiB in light mode, once",
	}
}

func (memoryStep) assess(f *Features, _ *Subject) (float64, map[string]float64, string, bool) {
	const least, clear = 96 << 20, 224 << 20
	if math.IsNaN(f.MemoryStep) || math.IsNaN(f.MemoryMoves) || f.Busy < stepWithin || f.MemoryMoves > 0.05 {
		return 0, nil, "", false
	}
	strength := ramp(f.MemoryStep, least, clear)
	return strength, map[string]float64{"memory_step_bytes": f.MemoryStep},
		fmt.Sprintf("It took %s of memory at its start and has kept it, as memory-hard hashes do.", bytesText(f.MemoryStep)), strength > 0
}
