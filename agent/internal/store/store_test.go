package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
)

// noon is the time at which the tests' alerts happen.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// hostile is what names may hold when somebody wants to do harm.
func hostile() []string {
	return []string{
		"$(touch x)';--<b>", "'); DROP TABLE alerts; --", "\u202egro.evil\u202c", "two\nlines\r\n\x1b[31mred\x1b[0m",
		strings.Repeat("長", maxUser/3), "“smart”", "=1+1", "nul\x00inside", "%s%n?#&", "\ufffd", `\`, "{\"a\":1}",
	}
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, aside, err := Open(dir, "run")
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if aside != "" {
		t.Fatalf("Open set a file aside: %q", aside)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func sample(id string) api.Alert {
	return api.Alert{
		Type: "alert", ID: id, State: api.Firing, T: 41, Started: noon, Updated: noon.Add(time.Minute),
		Subject: "browser_tab", Site: "films.test", SiteConfidence: "exact", ProcessName: "chromium", Exe: "/usr/bin/chromium",
		User: "1000", PID: 4711, Cores: 1.43, MachinePercent: 71.5, Severity: "mining_like", Confidence: 0.97,
		Evidence: []api.Evidence{{Rule: "worker_threads_busy", Text: "t", Weight: 1.5, Facts: map[string]float64{"cores": 1.4}}},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func alerts(t *testing.T, s *Store, user string, since time.Time) []api.Alert {
	t.Helper()
	out, err := s.Alerts(t.Context(), user, since)
	must(t, err)
	return out
}

// What keeps a change through a power cut, and the memory small, cannot be seen from outside.
func TestSettings(t *testing.T) {
	s := open(t, t.TempDir())
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "busy_timeout": "2000", "cache_size": "-256", "secure_delete": "1",
		"auto_vacuum": "2", "temp_store": "2", "trusted_schema": "0", "user_version": strconv.Itoa(schemaVersion),
	} {
		var got string
		must(t, s.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	if n := s.db.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestAlertsOutliveTheRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "state")
	s := open(t, dir)
	late, early := sample("late"), sample("early")
	early.Started, early.State = noon.Add(-time.Hour), api.Pending
	must(t, s.SaveAlert(late))
	must(t, s.SaveAlert(early))
	early.State, early.Site = api.Firing, "other.test"
	must(t, s.SaveAlert(early))
	must(t, s.Close())

	s = open(t, dir)
	if diff := cmp.Diff([]api.Alert{early, late}, alerts(t, s, "", time.Time{})); diff != "" {
		t.Errorf("after reopening (-want +got):\n%s", diff)
	}
}

func TestAlertsOfOneUserSince(t *testing.T) {
	s := open(t, t.TempDir())
	for i, user := range []string{"1000", "1001", "1000"} {
		a := sample(strconv.Itoa(i))
		a.User, a.Started, a.Updated = user, noon, noon.Add(time.Duration(i)*time.Hour)
		must(t, s.SaveAlert(a))
	}
	ids := func(user string, since time.Time) string {
		var ids strings.Builder
		for _, a := range alerts(t, s, user, since) {
			ids.WriteString(a.ID)
		}
		return ids.String()
	}
	for _, c := range []struct {
		user  string
		since time.Time
		want  string
	}{
		{"", time.Time{}, "012"},
		{"1000", time.Time{}, "02"},
		{"1001", time.Time{}, "1"},
		{"' OR 1=1 --", time.Time{}, ""},
		{"", noon.Add(time.Hour), "12"}, // at since counts
		{"", noon.Add(time.Hour + time.Microsecond), "2"},
		{"1000", noon.Add(9 * time.Hour), ""},
	} {
		if got := ids(c.user, c.since); got != c.want {
			t.Errorf("Alerts(%q, %v): %q, want %q", c.user, c.since, got, c.want)
		}
	}
}

func TestHostileNames(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var want []api.Alert
	var allowed []api.Allowance
	for i, name := range hostile() {
		a := sample(fmt.Sprintf("%02d%.60s", i, name))
		a.ID = strings.ToValidUTF8(a.ID, "") // the cut may split a character
		a.Site, a.Sites, a.EmbeddedIn, a.ProcessName, a.Exe, a.User = name, []string{name}, name, name, name, name
		a.Evidence[0].Text, a.Reason, a.Browser = name, api.Reason(name), name
		must(t, s.SaveAlert(a))
		want = append(want, a)
		w := api.Allowance{Type: "allowance", User: name, Since: noon, Until: noon.Add(time.Hour)}
		if i%2 == 0 {
			w.Site = name
		} else {
			w.Program = name
		}
		must(t, s.AddAllowance(t.Context(), w))
		must(t, s.SetSnooze(t.Context(), w))
		allowed = append(allowed, w)
	}
	must(t, s.Close())
	s = open(t, dir)
	if diff := cmp.Diff(want, alerts(t, s, "", time.Time{})); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	for i, w := range allowed {
		for _, list := range []func(context.Context, string, time.Time) ([]api.Allowance, error){s.Allowances, s.Snoozes} {
			got, err := list(t.Context(), w.User, noon)
			if diff := cmp.Diff([]api.Allowance{w}, got); err != nil || diff != "" {
				t.Errorf("name %d: %v (-want +got):\n%s", i, err, diff)
			}
		}
		if got := alerts(t, s, w.User, time.Time{}); len(got) != 1 || got[0].Site != w.User {
			t.Errorf("name %d: %d alerts of that user", i, len(got))
		}
		if ok, err := s.RemoveAllowance(t.Context(), w); !ok || err != nil {
			t.Errorf("name %d: RemoveAllowance: %v, %v", i, ok, err)
		}
	}
}

// A client is shown a broken name as JSON carries it, and must be able to take that allowance back.
func TestBrokenUTF8IsFoundByItsShownForm(t *testing.T) {
	s := open(t, t.TempDir())
	broken := api.Allowance{User: "1000", Program: "/opt/\xff\xfe\xff/x"}
	must(t, s.AddAllowance(t.Context(), broken))
	list, err := s.Allowances(t.Context(), "1000", noon)
	must(t, err)
	text, err := json.Marshal(broken)
	must(t, err)
	var shown api.Allowance
	must(t, json.Unmarshal(text, &shown))
	if len(list) != 1 || list[0].Program != shown.Program {
		t.Fatalf("stored as %q, JSON shows %q", list, shown.Program)
	}
	if ok, err := s.RemoveAllowance(t.Context(), shown); !ok || err != nil {
		t.Errorf("RemoveAllowance of the shown form: %v, %v", ok, err)
	}
}

func TestAlertsRefused(t *testing.T) {
	s := open(t, t.TempDir())
	huge, far := sample("huge"), sample("far")
	huge.Exe = strings.Repeat("x", maxAlertBytes)
	far.Started = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) // JSON ends with the year 9999
	for name, a := range map[string]api.Alert{
		"no id": sample(""), "long id": sample(strings.Repeat("x", maxID+1)), "huge": huge, "far": far,
	} {
		if err := s.SaveAlert(a); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := alerts(t, s, "", time.Time{}); len(got) != 0 {
		t.Errorf("%d alerts were stored", len(got))
	}
	must(t, s.SaveAlert(sample("good")))
}

func TestListIsBounded(t *testing.T) {
	s := open(t, t.TempDir())
	fill(t, s, maxListed+5, func(i int) api.Alert {
		return api.Alert{ID: strconv.Itoa(i), Started: noon.Add(time.Duration(i) * time.Second), Updated: noon}
	})
	got := alerts(t, s, "", time.Time{})
	if len(got) != maxListed || got[0].ID != "5" || got[maxListed-1].ID != strconv.Itoa(maxListed+4) {
		t.Errorf("%d alerts, from %s to %s", len(got), got[0].ID, got[len(got)-1].ID)
	}
	const n, each = 100, 60 << 10
	fill(t, s, n, func(i int) api.Alert {
		a := sample("big" + strconv.Itoa(i))
		a.Started, a.Exe = noon.Add(48*time.Hour+time.Duration(i)*time.Second), strings.Repeat("x", each)
		return a
	})
	got = alerts(t, s, "", time.Time{})
	big, all := 0, 0
	for _, a := range got {
		b, err := json.Marshal(a)
		must(t, err)
		all += len(b)
		if len(b) > each {
			big++
		}
	}
	if all > maxListedBytes || big < maxListedBytes/each/3 || got[len(got)-1].ID != "big99" {
		t.Errorf("%d alerts of %d bytes, %d bytes in all", big, each, all)
	}
	if small := len(got) - big; small < 5000 { // the other user's have a share as well
		t.Errorf("%d alerts of the other user", small)
	}
}

// fill stores n alerts in one transaction, for tests that need many rows.
func fill(t *testing.T, s *Store, n int, alert func(int) api.Alert) {
	t.Helper()
	must(t, s.transact(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		for i := range n {
			a := alert(i)
			if _, err := saveAlert(ctx, tx, s.run, &a); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestCloseOpen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for id, state := range map[string]api.AlertState{"p": api.Pending, "f": api.Firing, "r": api.Resolved} {
		a := sample(id)
		a.State = state
		if state == api.Resolved {
			a.Reason, a.Ended = "load_ended", noon
		}
		must(t, s.SaveAlert(a))
	}
	now := noon.Add(8 * time.Hour)
	must(t, s.CloseOpen(now, "agent_stopped", true))
	must(t, s.CloseOpen(now.Add(time.Hour), "again", true)) // finds nothing more
	for _, a := range alerts(t, s, "", time.Time{}) {
		reason, ended := api.ReasonAgentStopped, now
		if a.ID == "r" {
			reason, ended = "load_ended", noon
		}
		if a.State != api.Resolved || a.Reason != reason || !a.Ended.Equal(ended) {
			t.Errorf("%s: %s, %q, ended %v", a.ID, a.State, a.Reason, a.Ended)
		}
	}
	if got := alerts(t, s, "", now); len(got) != 2 {
		t.Errorf("%d alerts count as updated when they were closed, want 2", len(got))
	}
}

// A year of a machine with far more alerts than any real one.
func TestPruneYear(t *testing.T) {
	const days, perDay, maxRows = 365, 40, 5000
	dir := t.TempDir()
	s := open(t, dir)
	start := noon.AddDate(-1, 0, 0)
	fill(t, s, days*perDay, func(i int) api.Alert {
		a := sample(strconv.Itoa(i))
		a.Started = start.Add(time.Duration(i) * 24 * time.Hour / perDay)
		a.Updated, a.State, a.Site = a.Started.Add(time.Minute), api.Resolved, fmt.Sprintf("secret%d.test", i)
		if i == 0 {
			a.State = api.Firing // firing for a year: still open
		}
		return a
	})
	must(t, s.AddAllowance(t.Context(), api.Allowance{User: "1000", Site: "over.test", Until: noon.Add(-time.Second)}))
	must(t, s.AddAllowance(t.Context(), api.Allowance{User: "1000", Site: "kept.test"}))
	before := size(t, dir)

	must(t, s.Prune(noon, 90*24*time.Hour, 0))
	if n := count(t, s, "alerts"); n != 90*perDay+1 {
		t.Errorf("%d alerts after 90 days were kept, want %d", n, 90*perDay+1)
	}
	if n := count(t, s, "consents"); n != 1 {
		t.Errorf("%d allowances, want 1", n)
	}
	must(t, s.Prune(noon, 0, 1000))
	if n := count(t, s, "alerts"); n != 1001 {
		t.Errorf("%d alerts after 1000 were kept, want those and the open one", n)
	}
	got := alerts(t, s, "", time.Time{})
	if got[0].ID != "0" || got[1].ID != strconv.Itoa(days*perDay-1000) || got[1000].ID != strconv.Itoa(days*perDay-1) {
		t.Errorf("kept %s, %s to %s", got[0].ID, got[1].ID, got[1000].ID)
	}
	if after := size(t, dir); after > before/5 {
		t.Errorf("the folder went from %d to %d bytes", before, after)
	}
	text, err := os.ReadFile(filepath.Join(dir, fileName))
	must(t, err)
	if strings.Contains(string(text), "secret500.test") {
		t.Error("a pruned site can still be read in the file")
	}
	must(t, s.Prune(noon, 0, maxRows)) // nothing to do
	if n := count(t, s, "alerts"); n != 1001 {
		t.Errorf("%d alerts", n)
	}
}

func count(t *testing.T, s *Store, table string) (n int) {
	t.Helper()
	must(t, s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n))
	return n
}

// size returns the bytes of all files in the folder.
func size(t *testing.T, dir string) (sum int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		fi, err := e.Info()
		must(t, err)
		sum += fi.Size()
	}
	return sum
}
