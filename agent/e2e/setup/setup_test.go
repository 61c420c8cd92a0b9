//go:build linux

package setup_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// setup runs scripts/setup.sh with only the given commands to be found, each a shell script.
func setup(t *testing.T, purpose string, commands map[string]string, env ...string) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	for name, body := range commands {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// What the script itself needs.
	for _, name := range []string{"env", "mktemp", "rm", "tail", "touch", "chmod"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs strings.Builder
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "../../../scripts/setup.sh", purpose)
	cmd.Env = append([]string{"PATH=" + dir, "HERE=" + dir, "TMPDIR=" + t.TempDir()}, env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// trayTools is all that `make run` needs on a machine with a display.
func trayTools() map[string]string {
	return map[string]string{"gcc": "", "pkg-config": `[ "$*" = "--exists ayatana-appindicator3-0.1" ]`}
}

func TestSetupIsSilentWhenAllIsThere(t *testing.T) {
	code, out, errs := setup(t, "run", trayTools(), "DISPLAY=:0")
	if code != 0 || out != "" || errs != "" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	// Without a display the tray is not run, so nothing is needed.
	code, out, errs = setup(t, "run", nil)
	if code != 0 || out != "" || errs != "" {
		t.Errorf("no display: exit %d, %q, %q", code, out, errs)
	}
}

func TestSetupInstallsWhatIsMissing(t *testing.T) {
	commands := map[string]string{
		"pkg-config": "exit 0",
		"id":         "echo 0",
		"apt-get": `echo "$@" >>"$HERE/apt.log"
case "$*" in *install*) echo "$@" >&2; touch "$HERE/gcc"; chmod +x "$HERE/gcc" ;; esac`,
	}
	code, out, errs := setup(t, "run", commands, "DISPLAY=:0")
	if code != 0 || errs != "" || !strings.Contains(out, "  gcc: compiles the tray's part in C\n") || strings.Count(out, "\n") != 2 {
		t.Errorf("exit %d, %q, %q; want one line for gcc alone", code, out, errs)
	}
	// An installation that brings nothing is no success.
	commands["apt-get"] = "exit 0"
	code, _, errs = setup(t, "run", commands, "WAYLAND_DISPLAY=wayland-0")
	if code != 1 || !strings.Contains(errs, "still missing") {
		t.Errorf("exit %d, %q; want a complaint", code, errs)
	}
	commands["apt-get"] = "echo E: no network; exit 100"
	code, _, errs = setup(t, "run", commands, "DISPLAY=:0")
	if code != 1 || !strings.Contains(errs, "E: no network") || !strings.Contains(errs, "apt-get install gcc") {
		t.Errorf("exit %d, %q; want apt-get's own words and the command", code, errs)
	}
}

func TestSetupUsesSudoOnlyWhenNotRoot(t *testing.T) {
	commands := map[string]string{
		"pkg-config": "exit 0", "id": "echo 1000",
		"apt-get": `[ -n "$AS_ROOT" ] || exit 100; touch "$HERE/gcc"; chmod +x "$HERE/gcc"`,
	}
	code, _, errs := setup(t, "run", commands, "DISPLAY=:0")
	if code != 1 || !strings.Contains(errs, "as root, run: apt-get install gcc") {
		t.Errorf("no sudo: exit %d, %q", code, errs)
	}
	commands["sudo"] = `AS_ROOT=1 exec "$@"`
	if code, _, errs := setup(t, "run", commands, "DISPLAY=:0"); code != 0 {
		t.Errorf("with sudo: exit %d, %q", code, errs)
	}
}

func TestSetupElsewhereSaysWhatIsNeeded(t *testing.T) {
	code, _, errs := setup(t, "test", nil)
	if code != 1 {
		t.Errorf("exit %d", code)
	}
	for _, word := range []string{"not a Debian system", "chromium:", "xvfb:", "dunst:", "xfce4-panel:"} {
		if !strings.Contains(errs, word) {
			t.Errorf("%q does not say %q", errs, word)
		}
	}
	if code, _, errs := setup(t, "everything", nil); code != 2 || !strings.Contains(errs, "usage") {
		t.Errorf("wrong usage: exit %d, %q", code, errs)
	}
}
