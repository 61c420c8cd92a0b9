package alert

import (
	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/heuristics"
)

// The words of the local API are versioned apart from the detector's, so each is turned into the other in one place:
// here, and attribution.Owner for the subject. A test holds that none is forgotten.

// SeverityOf returns a verdict's severity as the local API says it.
func SeverityOf(v *heuristics.Verdict) api.Severity {
	switch v.Severity {
	case heuristics.MiningLike:
		return api.MiningLike
	case heuristics.Heavy:
		return api.Heavy
	case heuristics.SeverityNone:
	}
	return ""
}

// StateOf returns a verdict's state as the local API says it.
func StateOf(v *heuristics.Verdict) api.State {
	switch v.State {
	case heuristics.Suspected:
		return api.Suspected
	case heuristics.Cleared:
		return api.Cleared
	case heuristics.Watching:
	}
	return api.Watching
}

// EvidenceOf returns a verdict's evidence as the local API says it.
func EvidenceOf(v *heuristics.Verdict) []api.Evidence {
	out := make([]api.Evidence, len(v.Evidence))
	for i, e := range v.Evidence {
		facts := make(map[string]float64, len(e.Facts))
		for k, x := range e.Facts {
			facts[k] = Round(x, 1000)
		}
		out[i] = api.Evidence{Rule: string(e.Rule), Text: clip(e.Text, maxText), Weight: Round(e.Weight, 100), Facts: facts}
	}
	return out
}
