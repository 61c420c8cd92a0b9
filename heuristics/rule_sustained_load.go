package heuristics

import (
	"fmt"
	"math"
	"time"
)

// sustainedLoad: without sustained load there is nothing to explain. Alone it says little: a compiler does the same.
type sustainedLoad struct{}

// sustainedFrom is how long a load must have lasted before it counts: page loads and start-ups are over by then.
const sustainedFrom = 8 * time.Second

func (sustainedLoad) define() Definition {
	return Definition{
		ID: "sustained_load", Scope: ScopeAll, From: sustainedFrom,
		Reference: "Elastic's rule asks for 90 % of all CPU and so misses a miner at 39 % of a laptop; the floor here is a fifth of one core",
	}
}

func (sustainedLoad) assess(f *Features, _ *Subject) finding {
	load := f.Cores
	if f.Demand > load { // NaN compares false
		load = f.Demand
	}
	if f.WorkerCores > load {
		load = f.WorkerCores
	}
	if f.TabCores > load {
		load = f.TabCores
	}
	strength := ramp(load, 0.08, 0.3)
	if strength <= 0 {
		return finding{}
	}
	facts := map[string]float64{"cores": f.Cores, "busy_s": f.Busy.Seconds(), "machine_percent": 100 * f.Machine}
	text := fmt.Sprintf("It has used %.1f cores (%s of this computer) for %s.", f.Cores, percent(f.Machine), spell(f.Busy))
	if !math.IsNaN(f.Demand) {
		facts["demand_cores"] = f.Demand
		if f.Demand > 1.25*f.Cores {
			text += fmt.Sprintf(" It asks for %.1f; other programs leave it less.", f.Demand)
		}
	}
	return finding{strength, facts, text}
}
