//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/minewatch/minewatch/agent/internal/recordings/report"
)

// A pipe that somebody put where a report is to be written is neither waited for nor written to.
func TestReportIsNotWrittenToAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeReport(path, report.Page{}); err == nil {
		t.Error("written to a pipe without a reader")
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := writeReport(path, report.Page{}); err == nil {
		t.Error("written to a pipe with a reader")
	}
}
