package heuristics

import "time"

// duration: every further second without a pause makes page loads, proof-of-work gates and compilations less likely.
type duration struct{}

// longFrom is the duration up to which a load is nothing out of the ordinary.
const longFrom = 10 * time.Second

func (duration) define() Definition {
	return Definition{
		ID: "duration", Scope: ScopeAll, From: longFrom,
		Reference: "proof-of-work gates end after seconds; visits to mining sites last 3.5 min on average",
	}
}

func (duration) assess(f *Features, _ *Subject) finding {
	strength := ramp(f.Busy.Seconds(), longFrom.Seconds(), 90)
	if strength <= 0 {
		return finding{}
	}
	facts := map[string]float64{"busy_s": f.Busy.Seconds()}
	if f.Pauses > 0 {
		facts["pauses"] = float64(f.Pauses)
		return finding{strength, facts, "It comes back after each pause, always the same."}
	}
	return finding{strength, facts, "It has not paused for " + spell(f.Busy.Truncate(time.Second)) + "."}
}
