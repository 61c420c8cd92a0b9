package terminal

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	flag.Parse()
	time.Local = time.FixedZone("test", 3600) // goldens show local times
	os.Exit(m.Run())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

// noon is the wall clock of the tests.
func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func findings() []api.Evidence {
	return []api.Evidence{
		{Rule: "worker_threads_busy", Text: "2 background workers are equally busy, each 70 % of the time; the main thread does 1 % of the work.", Weight: 3},
		{Rule: "flatness", Text: "The load is steady: it varies by 1.2 % from second to second.", Weight: 1},
		{Rule: "hidden_tab", Text: "The tab is on screen.", Weight: -0.3},
	}
}

// films is a firing alert about a tab, changed as the test likes.
func films(change func(*api.Alert)) api.Alert {
	a := api.Alert{
		Type: "alert", ID: "20260301T110000-3", Key: "process 4711.1", State: api.Firing, T: 41, Started: noon(), Updated: noon().Add(41 * time.Second),
		Subject: tab, Site: "films.test", SiteConfidence: "exact", Browser: "chromium", BrowserTitle: "Chromium", Tabs: 1, TabHidden: true,
		ProcessName: "chromium", PID: 4711, Cores: 1.43, MachinePercent: 71.5, Busy: 41, Severity: miningLike,
		Confidence: 0.97, Evidence: findings(),
	}
	if change != nil {
		change(&a)
	}
	return a
}

// stress is a firing alert about a program.
func stress(a *api.Alert) {
	a.ID, a.Key, a.Subject, a.Site, a.SiteConfidence, a.Browser = "20260301T110000-4", "job stress-ng", "process", "", "", ""
	a.Tabs, a.TabHidden, a.ProcessName, a.PID, a.Severity, a.Confidence = 0, false, "stress-ng", 99, "heavy", 0.12
	a.Cores, a.MachinePercent, a.Busy, a.Evidence = 0.4, 20, 400, nil
}

// hotRows is what is busy at a tick.
func hotRows(i int) []api.LiveRow {
	return []api.LiveRow{
		{
			Key: "process 4711.1", Subject: tab, Process: "chromium", PID: 4711, Site: "films.test", SiteConfidence: "exact",
			Cores: 1.43, Mean: 1.4, State: suspected, Severity: miningLike, Confidence: 0.97, Busy: float64(i), Evidence: findings(),
		},
		{Key: "process 812.1", Subject: "process", Process: "Xorg", PID: 812, Cores: 0.05 * float64(i%4), Mean: 0.08, State: "watching", Confidence: 0.02, Busy: 3},
		{Key: "group cc1plus", Subject: group, Process: "cc1plus", PID: int32(900 + i), Cores: 0.1 * float64(i%10), Mean: 0.3, State: "watching", Confidence: 0.04, Busy: 20},
		{Key: "process 4800.1", Subject: tab, Process: "chromium", PID: 4800, Cores: 0.2, Mean: 0.2, State: "cleared", Confidence: 0.06, Busy: 12},
	}
}

func tick(i int, hot []api.LiveRow) *api.Live {
	return &api.Live{
		Type: "tick", T: float64(i), Time: noon().Add(time.Duration(i) * time.Second), Machine: 70 + float64(i%5), Cores: 2,
		Processes: 143, Hot: hot,
	}
}
