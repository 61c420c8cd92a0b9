package cli

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"minewatch": func() { os.Exit(Main(os.Args[1:])) }})
}

// TestCommands runs each page of shell in testdata/script against the real program.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Setup: func(e *testscript.Env) error {
			// A short path: that of a unix socket is at most 107 bytes long.
			run, err := os.MkdirTemp("", "mw") //nolint:usetesting // t.TempDir is too long for a socket
			if err != nil {
				return err
			}
			e.Defer(func() { _ = os.RemoveAll(run) })
			e.Setenv("XDG_RUNTIME_DIR", run)
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("TRACES", e.Getenv("WORK")+"/traces")
			e.Setenv("MINEWATCH_SOCKET", "")
			script, err := os.ReadFile("../../../scripts/run.sh")
			if err != nil {
				return err
			}
			if err := os.WriteFile(e.WorkDir+"/run.sh", script, 0o600); err != nil {
				return err
			}
			return os.CopyFS(e.WorkDir+"/traces", os.DirFS("../../../testdata/traces"))
		},
	})
}
