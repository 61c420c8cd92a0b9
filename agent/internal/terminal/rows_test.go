package terminal

import (
	"testing"

	"github.com/minewatch/minewatch/agent/api"
)

// A key acts on the alert of its row, so a row must never take the alert of another.
func TestAlertOf(t *testing.T) {
	t.Parallel()
	open := []api.Alert{films(nil), films(stress)}
	tests := []struct {
		name string
		row  api.LiveRow
		want string
	}{
		{"its tab", api.LiveRow{Key: "process 4711.1", Subject: tab, Process: "chromium", PID: 4711}, open[0].ID},
		{"another tab of the browser", api.LiveRow{Key: "process 4712.1", Subject: tab, Process: "chromium", PID: 4712}, ""},
		{"the pid, used again", api.LiveRow{Key: "process 4711.2", Subject: "process", Process: "bash", PID: 4711}, ""},
		{"its program", api.LiveRow{Key: "job stress-ng", Subject: "process", Process: "stress-ng", PID: 99}, open[1].ID},
		{"several processes of it by now", api.LiveRow{Key: "job stress-ng", Subject: group, Process: "stress-ng", PID: 104}, open[1].ID},
		{"another program", api.LiveRow{Key: "job cc1plus", Subject: group, Process: "cc1plus", PID: 99}, ""},
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
