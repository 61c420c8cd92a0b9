package terminal

import (
	"testing"

	"github.com/minewatch/minewatch/agent/api"
)

// A key acts on the alert of its row, so a row must never take the alert of another.
func TestAlertOf(t *testing.T) {
	t.Parallel()
	grouped := func(a *api.Alert) { stress(a); a.ID, a.Subject, a.Processes = "group", group, 8 }
	open := []api.Alert{films(nil), films(stress), films(grouped)}
	tests := []struct {
		name string
		row  api.LiveRow
		want string
	}{
		{"its tab", api.LiveRow{Subject: tab, Process: "chromium", PID: 4711}, open[0].ID},
		{"another tab of the browser", api.LiveRow{Subject: tab, Process: "chromium", PID: 4712}, ""},
		{"the pid, used again", api.LiveRow{Subject: "process", Process: "bash", PID: 4711}, ""},
		{"its program", api.LiveRow{Subject: "process", Process: "stress-ng", PID: 99}, open[1].ID},
		{"its group, with another busiest member", api.LiveRow{Subject: group, Process: "stress-ng", PID: 104}, open[2].ID},
		{"another group", api.LiveRow{Subject: group, Process: "cc1plus", PID: 99}, ""},
	}
	for _, tt := range tests {
		got := ""
		if a := alertOf(&tt.row, open, map[string]bool{}); a != nil {
			got = a.ID
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if a := alertOf(&tests[0].row, open, map[string]bool{open[0].ID: true}); a != nil {
		t.Error("two rows have the same alert")
	}
}
