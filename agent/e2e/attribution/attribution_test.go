//go:build linux

package attribution_test

import (
	"testing"

	"github.com/minewatch/minewatch/agent/e2e/attribution"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/programs"
)

// TestNamesAreRight runs the scenario in both families. What extension and host cost at rest is measured by
// `make e2e-browsers` only.
func TestNamesAreRight(t *testing.T) {
	if testing.Short() {
		t.Skip("real browsers take minutes")
	}
	desktop.Need(t, attribution.Missing())
	bin := programs.ForTest(t, programs.Agent, programs.Host)
	for _, family := range []string{"chromium", "firefox"} {
		t.Run(family, func(t *testing.T) {
			result, err := attribution.Run(t.Context(), family, attribution.Options{Bin: bin, Progress: t.Output()})
			t.Logf("%+v", result)
			if err != nil {
				t.Error(err)
			}
		})
	}
}
