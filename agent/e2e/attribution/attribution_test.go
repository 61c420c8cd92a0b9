//go:build linux

package attribution_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/minewatch/minewatch/agent/e2e/attribution"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
)

// TestNamesAreRight runs the scenario in both families. What extension and host cost at rest is measured by
// `make e2e-browsers` only.
func TestNamesAreRight(t *testing.T) {
	if testing.Short() {
		t.Skip("real browsers take minutes")
	}
	desktop.Need(t, attribution.Missing())
	bin := t.TempDir()
	for name, pkg := range map[string]string{"minewatch": "../..", "minewatch-host": "../../host"} {
		build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, name), pkg)
		build.Env = append(build.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
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
