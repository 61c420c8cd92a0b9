//go:build unix

package store

import (
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe in the state folder's place is an error at once: waiting for its other end would end all watching.
func TestStateThatIsAPipe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := syscall.Mkfifo(dir, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, _, err := Open(dir, "run"); err == nil {
		_ = s.Close()
		t.Error("a pipe was taken for a folder")
	}
}
