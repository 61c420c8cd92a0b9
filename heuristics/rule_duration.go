package heuristics

import "time"

// duration: every further second without a pause makes page loads, proof-of-work gates and compilations less likely.
type duration struct{}

func (duration) define() Definition {
	return Definition{
		ID:        "duration",
		Needs:     "CPU time of the subject",
		Reference: "proof-of-work gates end after seconds; visits to mining sites last 3.5 min on average",
	}
}

func (duration) assess(f *Features, _ *Subject) (float64, map[string]float64, string, bool) {
	strength := ramp(f.Busy.Seconds(), 10, 90)
	if strength <= 0 {
		return 0, nil, "", false
	}
	return strength, map[string]float64{"busy_s": f.Busy.Seconds()},
		"It has not paused for " + spell(f.Busy.Truncate(time.Second)) + ".", true
}
