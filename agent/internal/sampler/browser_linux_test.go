package sampler

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// Real browsers, as installed and as a copy of Chromium in another folder under another name, are known by what they are;
// a program that runs beside them with their words is not.
func TestRealBrowsersAreBelieved(t *testing.T) {
	if testing.Short() {
		t.Skip("starts browsers")
	}
	const installed, firefox = "/usr/lib/chromium/chromium", "/usr/lib/firefox-esr/firefox-esr"
	for _, f := range []string{installed, firefox} {
		if _, err := os.Stat(f); err != nil {
			t.Skip(err)
		}
	}
	copied := filepath.Join(t.TempDir(), "nest", "pigeon")
	if out, err := exec.CommandContext(t.Context(), "cp", "-r", filepath.Dir(installed), filepath.Dir(copied)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Rename(filepath.Join(filepath.Dir(copied), "chromium"), copied); err != nil {
		t.Fatal(err)
	}
	poser := filepath.Join(t.TempDir(), "chromium")
	if out, err := exec.CommandContext(t.Context(), "cp", os.Args[0], poser).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	chromiumArgs := func() []string {
		return []string{
			"--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--user-data-dir=" + t.TempDir(),
			"data:text/html,<script>for(let e=Date.now()+3000;Date.now()<e;);</script>",
		}
	}
	for _, test := range []struct {
		name, program string
		args          []string
		family        heuristics.Family
	}{
		{"Chromium", installed, chromiumArgs(), heuristics.Chromium},
		{"a copy of Chromium under another name", copied, chromiumArgs(), heuristics.Chromium},
		{"Firefox", firefox, []string{"--headless", "--no-remote", "--profile", t.TempDir(), "data:text/html,x"}, heuristics.Firefox},
	} {
		t.Run(test.name, func(t *testing.T) {
			pid := startTree(t, test.program, test.args...)
			root, page, posers := watchTree(t, pid, time.Minute)
			if root == nil || root.Family != test.family || root.Role != heuristics.RoleBrowser || root.Root.PID != pid {
				t.Errorf("its main process is %+v", root)
			}
			if page == nil || page.Family != test.family || page.Root.PID != pid || page.Renderer == 0 {
				t.Errorf("its page is %+v", page)
			}
			if len(posers) > 0 {
				t.Errorf("of its own, %v count as posing", posers)
			}
		})
	}
	t.Run("a program with their words", func(t *testing.T) {
		t.Setenv(loadTime, "20s")
		pid := startTree(t, poser, "--type=renderer", "--renderer-client-id=5")
		root, page, posers := watchTree(t, pid, 3*time.Second)
		if root != nil || page != nil || len(posers) != 1 {
			t.Errorf("it is taken for %+v, %+v; posing are %v", root, page, posers)
		}
	})
}

// startTree starts a program in a process group of its own, which ends with the test.
func startTree(t *testing.T, program string, args ...string) int32 {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	c.Env = append(os.Environ(), "HOME="+t.TempDir())
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		_ = c.Wait()
	})
	return int32(c.Process.Pid)
}

// watchTree follows a process and its descendants until both the main process and a page are known, or the time is over.
func watchTree(t *testing.T, pid int32, most time.Duration) (root, page *heuristics.BrowserProcess, posers []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	s := New(Options{Interval: 200 * time.Millisecond})
	settled := 0
	for _, err := range s.Source(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		root, page, posers = nil, nil, nil
		for _, k := range s.table {
			if !descends(s, k, pid) {
				continue
			}
			if k.info.PosesAsBrowser {
				posers = append(posers, strings.Join([]string{k.info.Name, k.info.Exe, k.command.role}, " "))
			}
			switch {
			case k.id.PID == pid:
				root = k.info.Browser
			case k.info.Browser != nil && k.info.Browser.Role == heuristics.RoleRenderer:
				page = k.info.Browser
			}
		}
		if root != nil && page != nil {
			if settled++; settled > 5 {
				return root, page, posers
			}
		}
	}
	return root, page, posers
}

func descends(s *Sampler, k *known, pid int32) bool {
	for range 2 * maxAncestors {
		if k == nil || k.id.PID == pid {
			return k != nil
		}
		k = s.byPID[k.info.Parent.PID]
	}
	return false
}
