package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUpgradeTakenBack(t *testing.T) {
	dir := t.TempDir()
	if got := upgradeTakenBack(dir); got != "" {
		t.Errorf("no note: %q", got)
	}
	file := filepath.Join(dir, "upgrade-taken-back")
	if err := os.WriteFile(file, []byte("The upgrade to 0.1.2 \x1b[31mdid not work.\nmore"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := upgradeTakenBack(dir); !strings.HasPrefix(got, "The upgrade to 0.1.2 ") || strings.ContainsAny(got, "\x1b\n") {
		t.Errorf("said %q", got)
	}
	if err := os.WriteFile(file, []byte(strings.Repeat("x", 10_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := upgradeTakenBack(dir); len(got) > maxNote {
		t.Errorf("%d bytes were read", len(got))
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", file); err != nil {
		t.Fatal(err)
	}
	if got := upgradeTakenBack(dir); got != "" {
		t.Errorf("a link was followed: %q", got)
	}
}
