//go:build linux

package extensions

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minewatch/minewatch/heuristics"
)

// edit replaces one text in one file of the extension.
func edit(t *testing.T, folder, name, old, with string) {
	t.Helper()
	path := filepath.Join(folder, name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s does not hold %q", name, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, with, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestChromiumIsChecked runs the memory step in real pages of a Chromium whose person has allowed it: right numbers
// pass, and wrong ones name nobody.
func TestChromiumIsChecked(t *testing.T) {
	// What a click would give is asked for at once, since nobody clicks here.
	allowed := func(folder string) {
		edit(t, folder, "manifest.json", `"optional_permissions": ["scripting"],`, "")
		edit(t, folder, "manifest.json", `"optional_host_permissions"`, `"host_permissions"`)
		edit(t, folder, "manifest.json", `"permissions": [`, `"permissions": ["scripting", `)
	}
	for name, c := range map[string]struct {
		change func(string)
		want   trust
		least  int // frames named exactly
	}{
		"right numbers": {allowed, sound, 20},
		"wrong numbers": {func(folder string) {
			allowed(folder)
			edit(t, folder, "frames.js", "(await chrome.webNavigation.getAllFrames({ tabId: tab })) ?? []",
				"((await chrome.webNavigation.getAllFrames({ tabId: tab })) ?? []).map((f) => ({ ...f, processId: f.processId + 1 }))")
		}, broken, 10},
	} {
		t.Run(name, func(t *testing.T) {
			b := startChromiumWith(t, pages(), "", c.change)
			for _, host := range []string{"one.test", "two.test", "three.test", "four.test", "five.test"} {
				b.openTab(t, b.url(host, "/?nested"))
			}
			for _, host := range []string{"news.test", "mail.test", "shop.test"} {
				b.openTab(t, b.url(host, "/?frame=adnet.test&frame=widget.test"))
			}
			truth := b.truth(t)
			all := b.renderers(t)
			measure(b.service, thisMachine(func(heuristics.ProcessID) map[int]heuristics.ProcessID { return all }))
			var tally tally
			tally.askAll(t, b.service, "chromium", b.root, all, truth, 20, c.least, c.want)
			if tally.exact < c.least || tally.wrong > 0 {
				t.Errorf("%d frames were named exactly, want %d; %d wrong", tally.exact, c.least, tally.wrong)
			}
		})
	}
}
