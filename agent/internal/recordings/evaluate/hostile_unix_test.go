//go:build unix

package evaluate

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A folder of recordings may come from a stranger: a label that is a pipe must not be waited for.
func TestLabelThatIsAPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, truthFile), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, traceFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := Run(t.Context(), dir, Options{})
	if err != nil || len(all) != 1 || !strings.Contains(all[0].Error, "no regular file") {
		t.Errorf("%+v, error %v", all, err)
	}
}
