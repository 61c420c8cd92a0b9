//go:build !windows

package api

import (
	"strings"
	"testing"
)

func TestFoldersOfOnesOwn(t *testing.T) {
	for name, test := range map[string]struct {
		home, state, runtime string
		wantState, wantRun   string // "" for an error that names the variable in errors
		errors               string
	}{
		"a desktop":        {"/home/x", "", "/run/user/7", "/home/x/.local/state/minewatch", "/run/user/7/minewatch", ""},
		"no runtime":       {"/home/x", "", "", "/home/x/.local/state/minewatch", "/home/x/.local/state/minewatch/run", ""},
		"a state folder":   {"", "/var/x", "", "/var/x/minewatch", "/var/x/minewatch/run", ""},
		"no home":          {"", "", "", "", "", "HOME"},
		"a relative home":  {"x", "", "", "", "", "HOME"},
		"a relative state": {"/home/x", "state", "", "", "", "XDG_STATE_HOME"},
		"a relative run":   {"/home/x", "", "run", "/home/x/.local/state/minewatch", "", "XDG_RUNTIME_DIR"},
	} {
		t.Setenv("HOME", test.home)
		t.Setenv("XDG_STATE_HOME", test.state)
		t.Setenv("XDG_RUNTIME_DIR", test.runtime)
		for _, c := range []struct {
			dir  func() (string, error)
			want string
		}{{StateDir, test.wantState}, {RuntimeDir, test.wantRun}} {
			got, err := c.dir()
			switch {
			case c.want != "" && (err != nil || got != c.want):
				t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
			case c.want == "" && (err == nil || !strings.Contains(err.Error(), test.errors)):
				t.Errorf("%s: %q, %v, want an error about %s", name, got, err, test.errors)
			}
		}
	}
}
