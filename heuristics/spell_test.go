package heuristics

import (
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api/words"
)

// TestSpell: the detector may import nothing, so it words its own times; a person must not be able to tell.
func TestSpell(t *testing.T) {
	w := words.In(words.English)
	for _, s := range []float64{0, 0.4, 0.6, 1, 1.4, 2, 59, 119, 119.4, 119.6, 120, 7199, 7200, 86_399, 100_000} {
		if got, want := spell(time.Duration(s*float64(time.Second))), w.Span(s, false); got != want {
			t.Errorf("%v s: %q here, %q in agent/api/words", s, got, want)
		}
	}
}
