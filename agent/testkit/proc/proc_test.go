//go:build linux

package proc

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
)

func TestRead(t *testing.T) {
	s, err := Read(os.Getpid())
	if err != nil || s.PID != os.Getpid() || s.Parent != os.Getppid() || s.Started == 0 {
		t.Errorf("Read of this process = %+v, %v", s, err)
	}
	if _, err := Read(1 << 30); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of no process: %v", err)
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(all, func(s Stat) bool { return s.PID == os.Getpid() && s.Parent == os.Getppid() }) {
		t.Errorf("this process is not among the %d of All", len(all))
	}
}
