package alert

import (
	"testing"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/heuristics"
)

// The words of the local API are those of the detector today. Scripts and recordings know them, so a change of either
// is a decision and not a slip.
func TestWordsOfTheWire(t *testing.T) {
	for severity, want := range map[heuristics.Severity]api.Severity{
		heuristics.SeverityNone: "", heuristics.Heavy: "heavy", heuristics.MiningLike: "mining_like", "another": "",
	} {
		if got := SeverityOf(&heuristics.Verdict{Severity: severity}); got != want {
			t.Errorf("severity %q is told as %q, want %q", severity, got, want)
		}
	}
	for state, want := range map[heuristics.State]api.State{
		heuristics.Watching: "watching", heuristics.Suspected: "suspected", heuristics.Cleared: "cleared",
	} {
		if got := StateOf(&heuristics.Verdict{State: state}); got != want {
			t.Errorf("state %q is told as %q, want %q", state, got, want)
		}
	}
}
