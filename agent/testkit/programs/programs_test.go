package programs_test

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/testkit/programs"
)

func TestAProgramIsBuiltAndRuns(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the load is a program for Unix systems")
	}
	if testing.Short() {
		t.Skip("it builds a program")
	}
	dir := programs.ForTest(t, programs.Load)
	out, err := exec.CommandContext(t.Context(), filepath.Join(dir, programs.Load), "hash", "-for", "50ms").CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), " hashes\n") {
		t.Errorf("it says %q, %v", out, err)
	}
}

func TestWhatCannotBeBuiltIsSaid(t *testing.T) {
	err := programs.Build(t.Context(), t.TempDir(), nil, "miner")
	if err == nil || !strings.Contains(err.Error(), `"miner"`) {
		t.Errorf("a missing program: %v", err)
	}
	err = programs.Package(t.Context(), filepath.Join(t.TempDir(), "x"), "./nothing/here", false)
	if err == nil || !strings.Contains(err.Error(), "build x: ") {
		t.Errorf("a missing package: %v", err)
	}
}
