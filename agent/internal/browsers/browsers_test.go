package browsers

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/minewatch/minewatch/heuristics"
)

func TestTable(t *testing.T) {
	ids, owners := map[string]bool{}, map[string]string{}
	for _, b := range All() {
		if b.ID == "" || b.ID != Bare(b.ID) || ids[b.ID] || b.Title == "" || b.Scheme == "" || len(b.Programs) == 0 {
			t.Errorf("%q lacks something, or stands twice: %+v", b.ID, b)
		}
		ids[b.ID] = true
		if _, ok := EngineOf(b.Family); !ok {
			t.Errorf("%s is of the family %q, which no engine has", b.ID, b.Family)
		}
		for _, p := range b.Programs {
			if p != Bare(p) || owners[p] != "" {
				t.Errorf("%s: program %q is not as Bare gives it, or %s has it too", b.ID, p, owners[p])
			}
			owners[p] = b.ID
			if got, ok := ByProgram(strings.ToUpper(p) + ".EXE"); !ok || got.ID != b.ID {
				t.Errorf("%q is taken for %q", p, got.ID)
			}
			if !IsPublic(p) || !IsPublic(p[:min(len(p), kernelName)]) {
				t.Errorf("%q is not public", p)
			}
			if got := Title(p); got != b.Title {
				t.Errorf("%q is called %q, want %q", p, got, b.Title)
			}
		}
		places := map[string]bool{}
		for _, goos := range []string{"linux", "darwin", "windows", "plan9"} {
			for _, at := range b.Places(goos) {
				if places[goos+at.ID] || !strings.HasPrefix(at.ID, b.ID) || at.Title == "" || at.Profiles == "" || path.IsAbs(at.Profiles) {
					t.Errorf("%s on %s: %+v", b.ID, goos, at)
				}
				places[goos+at.ID] = true
				for _, p := range at.Programs {
					if _, ok := ByProgram(p); !ok || p != Bare(p) {
						t.Errorf("%s on %s: the program %q is no browser's", at.ID, goos, p)
					}
				}
				if (goos == "windows") != (len(at.Keys) > 0) || (goos == "windows") != (len(at.AllHosts) == 0) {
					t.Errorf("%s on %s has keys %v and folders %v", at.ID, goos, at.Keys, at.AllHosts)
				}
			}
		}
	}
}

func TestNamesThatAreNoBrowsers(t *testing.T) {
	for _, name := range []string{"", "code", "my-firefox", "chromedriver", "operations", ".exe", "chromium2"} {
		if b, ok := ByProgram(name); ok || IsPublic(name) || Title(name) != name {
			t.Errorf("%q is taken for %q", name, b.ID)
		}
	}
	if !IsPublic("Isolated Web Co") || !IsPublic("chrome_crashpad") {
		t.Error("a process of an engine is not public")
	}
}

func TestEngines(t *testing.T) {
	for _, e := range Engines() {
		if e.Least < 1 || e.Least > len(e.Beside) || len(e.Roles) == 0 || len(e.Sessions) == 0 {
			t.Errorf("%s: %+v", e.Family, e)
		}
		for _, name := range e.Threads {
			if len(name) > kernelName {
				t.Errorf("%s: the thread %q is never seen whole", e.Family, name)
			}
		}
		for _, pattern := range append(slices.Concat(e.Beside...), e.Sessions...) {
			if _, err := path.Match(pattern, "x"); err != nil {
				t.Errorf("%s: %q: %v", e.Family, pattern, err)
			}
		}
	}
	if _, ok := EngineOf(heuristics.Electron); ok {
		t.Error("Electron is no browser's engine")
	}
}
