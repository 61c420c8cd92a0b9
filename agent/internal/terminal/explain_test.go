package terminal

import (
	"strings"
	"testing"
)

// A rule's sentence stands in the explanation whole, however long it is, and no line is too long.
func TestExplainShowsWholeSentences(t *testing.T) {
	text := "It has used 0.9 cores (46 % of this computer) for 13 seconds. It asks for 1.6; other programs leave it less."
	e := Explanation{
		T: 24, Subject: "process", ProcessName: "load\x1b[31m", PID: 70, State: suspected, Severity: miningLike, Confidence: 0.986, LogOdds: 4.26, Bias: -4.5,
		Features: []Figure{{Name: "births", Unit: "1/s", Meaning: "processes begun per second"}, {Name: "demand", Unit: "cores", Value: new(1.6), Meaning: "what it asks for"}},
		Rules:    []Opinion{{Rule: "sustained_load", Strength: 1, Weight: 1.2, Text: text, Needs: "CPU time"}, {Rule: "audible", Silent: true, Needs: "the browser's word"}},
	}
	for _, width := range []int{0, 80, 300} {
		var b strings.Builder
		if err := Explain(&b, &e, width); err != nil {
			t.Fatal(err)
		}
		got := b.String()
		joined := strings.Join(strings.Fields(got), " ")
		if !strings.Contains(joined, text+" (strength +1.00)") {
			t.Errorf("width %d: the sentence is not whole:\n%s", width, got)
		}
		for line := range strings.Lines(got) {
			if n := cells(strings.TrimSuffix(line, "\n")); n > max(width, leastWidth) || strings.Contains(line, "\x1b") {
				t.Errorf("width %d: %d columns: %q", width, n, line)
			}
		}
		for _, want := range []string{"births", "not known", "1.60 cores", "needs the browser's word", "a confidence of 98.6 %"} {
			if !strings.Contains(joined, want) {
				t.Errorf("width %d: %q is missing:\n%s", width, want, got)
			}
		}
	}
}
