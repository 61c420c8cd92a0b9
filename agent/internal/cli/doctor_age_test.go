package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/internal/buildinfo"
)

func TestDoctorSaysThatABuildIsOld(t *testing.T) {
	defer func(date string) { buildinfo.Date = date }(buildinfo.Date)
	buildinfo.Date = "2026-01-10"
	for day, want := range map[string]bool{"2026-01-11": false, "2026-07-01": false, "2026-07-20": true, "2025-01-01": false} {
		now, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		c, old := checkAge(now)
		if old != want || (old && !strings.Contains(c.Text, "2026-01-10")) {
			t.Errorf("on %s: %v, %q", day, old, c.Text)
		}
	}
	buildinfo.Date = "" // a build from sources does not know
	if _, old := checkAge(time.Now()); old {
		t.Error("a build without a date is called old")
	}
}
