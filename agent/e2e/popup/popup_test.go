//go:build linux

package popup_test

import (
	"os"
	"testing"

	"github.com/minewatch/minewatch/agent/e2e/popup"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/programs"
)

// axe is where scripts/npm.sh puts the checker of accessibility.
const axe = "../../../.cache/npm/test/node_modules/axe-core/axe.min.js"

// TestPopup uses the popup in both browsers.
//
// MINEWATCH_POPUP_OUT keeps its pictures there.
func TestPopup(t *testing.T) {
	if testing.Short() {
		t.Skip("real browsers take a minute")
	}
	missing := popup.Missing()
	if _, err := os.Stat(axe); err != nil {
		missing = append(missing, "axe-core (scripts/npm.sh test)")
	}
	desktop.Need(t, missing)
	bin := programs.ForTest(t, programs.Agent, programs.Host)
	out := os.Getenv("MINEWATCH_POPUP_OUT")
	if out == "" {
		out = t.TempDir()
	}
	if err := popup.Run(t.Context(), popup.Options{Bin: bin, Out: out, Axe: axe, Progress: t.Output()}); err != nil {
		t.Fatal(err)
	}
}
