package cli

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/internal/install"
)

// The keys that scripts read stay as they are, and each stands in the page for them.
func TestBrowserKeysArePromised(t *testing.T) {
	page, err := os.ReadFile("../../../docs/install-browsers.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		value any
		want  string
	}{
		{browserReport{}, "agent_running browsers extension_dir extension_id firefox_xpi type"},
		{browserPlacement{Next: "x", Hint: "x"}, "connected extension found hint host_system host_user manifest name next state title"},
		{systemReport{Planned: []string{"x"}, Notes: []string{"x"}}, "notes planned stamp steps type"},
		{install.Done{Why: "x"}, "outcome path why"},
	} {
		data, err := json.Marshal(c.value)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		keys := slices.Sorted(maps.Keys(got))
		if diff := cmp.Diff(c.want, strings.Join(keys, " ")); diff != "" {
			t.Errorf("%T (-want +got):\n%s", c.value, diff)
		}
		for _, k := range keys {
			if !strings.Contains(string(page), "`"+k+"`") {
				t.Errorf("docs/install-browsers.md does not tell of %q", k)
			}
		}
	}
}

// Chrome and its Beta are one program's name: the one that the user has started is connected, and not the other.
func TestWhoIs(t *testing.T) {
	all := []install.SetupState{}
	for _, b := range install.Browsers("linux", &install.Paths{}) {
		s := install.SetupState{Browser: b, State: install.NotFound}
		if b.Name == "google-chrome-beta" || b.Name == "firefox" {
			s.State = install.Ready
		}
		all = append(all, s)
	}
	got := whoIs(all, []string{"chrome", "firefox-esr", "chromium", "nonsense"})
	want := map[string]bool{"google-chrome-beta": true, "firefox": true, "chromium": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("connected (-want +got):\n%s", diff)
	}
}

// On Debian the way without an administrator comes first; the other names the program by a path that sudo finds, or says
// what is missing for it.
func TestTheWayByHandOnDebian(t *testing.T) {
	for _, exe := range []string{"/usr/bin/env", t.TempDir() + "/minewatch"} {
		setup := &install.Setup{Exe: exe, DebianChromium: true}
		s := install.SetupState{State: install.Ready, Host: install.Ready, Extension: install.UserFolder}
		s.Browser.Name, s.Browser.Title = "chromium", "Chromium"
		r := browserReport{AgentRunning: true, ExtensionDir: "/home/me/ext"}
		next := nextStep(&s, &r, false)
		hint := otherWay(&s, next, setup)
		if !strings.Contains(next, "Load unpacked") || !strings.Contains(hint, "browser install --system") {
			t.Errorf("%s: next %q, hint %q", exe, next, hint)
		}
		if exe == "/usr/bin/env" && !strings.HasPrefix(hint, "sudo /") {
			t.Errorf("sudo does not find it: %q", hint)
		}
		if exe != "/usr/bin/env" && !strings.Contains(hint, "sudo install -m 755 "+exe+" ") {
			t.Errorf("a program in a user's folder is refused, which the hint should say: %q", hint)
		}
		r.Browsers = []browserPlacement{{Title: "Chromium", Found: true, State: "ready", Next: next, Hint: hint}}
		var b strings.Builder
		if err := tellBrowsers(&b, "status", &r); err != nil || !strings.Contains(b.String(), "\n  or: "+hint) {
			t.Errorf("%v in\n%s", err, b.String())
		}
	}
}
