//go:build linux

package demo_test

import (
	"os"
	"testing"

	"github.com/minewatch/minewatch/agent/e2e/demo"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/programs"
)

// TestDemo is the demo itself: six tabs, one that computes out of sight, the alert, the click in the tray, the replay.
//
// MINEWATCH_DEMO_OUT keeps its pictures and logs there.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("the demo takes a minute")
	}
	desktop.Need(t, demo.Missing())
	bin := programs.ForTest(t, programs.Agent, programs.Tray)
	out := os.Getenv("MINEWATCH_DEMO_OUT")
	if out == "" {
		out = t.TempDir()
	}
	result, err := demo.Demo(t.Context(), demo.Options{Bin: bin, Out: out, Progress: t.Output()})
	t.Logf("%+v", result)
	if err != nil {
		t.Fatal(err)
	}
	// An agent that watches for miners must not be one: at most 3 % of one core, and 100 MB.
	if share := result.AgentCPU / result.AgentRun; share > 0.03 {
		t.Errorf("the agent used %.1f %% of a core", 100*share)
	}
	if result.AgentRSS > 100<<20 {
		t.Errorf("the agent holds %d MiB", result.AgentRSS>>20)
	}
	if len(result.Screenshots) != 5 {
		t.Errorf("pictures: %v", result.Screenshots)
	}
}
