package cli

import (
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
)

// A browser whose extension or host is too old is trouble, and what to update is the next step.
func TestDoctorTellsWhatToUpdate(t *testing.T) {
	well := api.BrowserStatus{Name: "chromium", Extension: "0.1.0"}
	old := api.BrowserStatus{Name: "firefox", Update: "update the extension"}
	if c := checkBrowsers(&api.Status{Browsers: []api.BrowserStatus{well}}); c.State != checkOK || c.Text != "connected: chromium" {
		t.Errorf("one that is well: %+v", c)
	}
	c := checkBrowsers(&api.Status{Browsers: []api.BrowserStatus{old, well}})
	if c.State != checkTrouble || !strings.HasPrefix(c.Text, "firefox ") || c.Next != old.Update {
		t.Errorf("one that is old: %+v", c)
	}
}
