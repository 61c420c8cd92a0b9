package desktop

import "os"

// Test is the part of testing.TB that Need uses.
type Test interface {
	Helper()
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Need skips a test for which programs are missing. Where CI is set it fails instead: there they must have been
// installed, and a suite that skips what matters would look green.
func Need(t Test, missing []string) {
	t.Helper()
	switch {
	case len(missing) == 0:
	case os.Getenv("CI") != "":
		t.Fatalf("not installed: %v; run scripts/setup.sh test", missing)
	default:
		t.Skipf("not installed: %v", missing)
	}
}
