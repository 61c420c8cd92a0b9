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
		{browserPlacement{Next: "x"}, "connected extension found host_system host_user manifest name next state title"},
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
