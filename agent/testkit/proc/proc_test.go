//go:build linux

package proc

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
	"testing/quick"
	"time"
)

const tail = ") S 42 1 1 0 -1 4194304 100 0 0 0 150 25 7 8 20 0 1 0 98765 1000 200"

func TestParse(t *testing.T) {
	want := Stat{PID: 4711, Parent: 42, State: 'S', CPU: 1750 * time.Millisecond, Started: 987650 * time.Millisecond}
	for _, name := range []string{"a", "a) R 1 (b", "", ") ) )", "\n", "x) Z 9 9 9"} {
		if got, err := parse("4711 (" + name + tail); err != nil || got != want {
			t.Errorf("name %q: %+v, %v; want %+v", name, got, err, want)
		}
	}
	// Whatever a program calls itself, its figures are found.
	if err := quick.Check(func(name string) bool {
		got, err := parse("4711 (" + name + tail)
		return err == nil && got == want
	}, nil); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "12", "12 (a)", "12 (a) ", "12 (a) S 3", "x (a" + tail, "12 (a) SS" + tail[3:]} {
		if got, err := parse(text); err == nil {
			t.Errorf("parse(%q) = %+v and no error", text, got)
		}
	}
}

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
