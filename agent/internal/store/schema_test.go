package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
)

// schema1 is what version 0.1.0-dev wrote.
const schema1 = `
CREATE TABLE alerts (id TEXT NOT NULL PRIMARY KEY, user TEXT NOT NULL, site TEXT NOT NULL, state TEXT NOT NULL,
	started INTEGER NOT NULL, updated INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX alerts_started ON alerts (started);
CREATE INDEX alerts_updated ON alerts (updated);
CREATE INDEX alerts_open ON alerts (state) WHERE state <> 'resolved';
CREATE TABLE consents (kind TEXT NOT NULL, user TEXT NOT NULL, site TEXT NOT NULL, program TEXT NOT NULL,
	since INTEGER, until INTEGER, PRIMARY KEY (kind, user, site, program)) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;`

// older returns a folder with the file of version 1 that holds these alerts and allowances.
func older(t *testing.T, alerts []api.Alert, allowed []api.Allowance) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	db, err := sql.Open("sqlite", filepath.Join(dir, fileName))
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;`+schema1)
	must(t, err)
	for _, a := range alerts {
		body, err := json.Marshal(a)
		must(t, err)
		_, err = db.ExecContext(t.Context(), `INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?)`,
			a.ID, a.User, a.Site, string(a.State), a.Started.UnixMicro(), a.Updated.UnixMicro(), string(body))
		must(t, err)
	}
	for _, a := range allowed {
		_, err = db.ExecContext(t.Context(), upsertConsent, string(allowance), a.User, a.Site, a.Program, micros(a.Since), micros(a.Until))
		must(t, err)
	}
	return dir
}

func TestFileOfVersion1(t *testing.T) {
	left, done := sample("left open"), sample("done")
	done.State, done.Reason, done.Ended = api.Resolved, "load_ended", noon.Add(time.Minute)
	films := api.Allowance{Type: "allowance", User: "1000", Site: "films.test", Since: noon}
	huge := api.Allowance{User: "1000", Program: "/" + strings.Repeat("x", 16<<10)}
	dir := older(t, []api.Alert{left, done}, []api.Allowance{films, huge})
	for range 2 { // the second time it is brought already
		s := open(t, dir)
		if diff := cmp.Diff([]api.Alert{left, done}, alerts(t, s, "1000", time.Time{})); diff != "" {
			t.Errorf("alerts (-want +got):\n%s", diff)
		}
		got, err := s.Allowances(t.Context(), "", noon)
		if diff := cmp.Diff([]api.Allowance{films}, got); err != nil || diff != "" {
			t.Errorf("allowances %v (-want +got):\n%s", err, diff)
		}
		must(t, s.Close())
	}
	s := open(t, dir)
	if err := s.SaveAlert(left); !errors.Is(err, ErrInvalid) {
		t.Errorf("an alert of the older version was replaced: %v", err)
	}
	must(t, s.CloseOpen(noon.Add(time.Hour), "agent_stopped", false))
	got := alerts(t, s, "", noon.Add(time.Hour))
	if len(got) != 1 || got[0].ID != left.ID || got[0].State != api.Resolved {
		t.Errorf("closed %+v", got)
	}
	var wrong int
	must(t, s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM alerts WHERE bytes <> octet_length(body)`).Scan(&wrong))
	if wrong > 0 {
		t.Errorf("the size of %d alerts is not known", wrong)
	}
}

// A step that fails leaves the file as it was.
func TestFailedMigrationChangesNothing(t *testing.T) {
	dir := older(t, []api.Alert{sample("x")}, nil)
	table := func(change string) {
		t.Helper()
		db, err := sql.Open("sqlite", filepath.Join(dir, fileName))
		must(t, err)
		_, err = db.ExecContext(t.Context(), change)
		must(t, errors.Join(err, db.Close()))
	}
	table(`ALTER TABLE alerts ADD COLUMN bytes INTEGER`) // the second step of the migration fails on it
	if s, _, err := Open(dir, "run"); err == nil || !strings.Contains(err.Error(), "from schema 1 to 2") {
		t.Errorf("opened: %v, %v", s, err)
	}
	table(`ALTER TABLE alerts DROP COLUMN bytes`)
	if got := alerts(t, open(t, dir), "", time.Time{}); len(got) != 1 {
		t.Errorf("%d alerts afterwards", len(got))
	}
}

// Two runs never replace each other's alerts, whatever ids they give.
func TestAnotherRunsAlertIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	mine := sample("1")
	must(t, first.SaveAlert(mine))
	must(t, first.Close())
	second, _, err := Open(dir, "another")
	must(t, err)
	defer second.Close()
	theirs := sample("1")
	theirs.Site = "other.test"
	if err := second.SaveAlert(theirs); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "another run") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]api.Alert{mine}, alerts(t, second, "", time.Time{})); diff != "" {
		t.Errorf("after the second run (-want +got):\n%s", diff)
	}
	must(t, second.SaveAlert(sample("2")))
	must(t, second.CloseOpen(noon, "agent_stopped", false))
	for _, a := range alerts(t, second, "", time.Time{}) {
		if open := a.State != api.Resolved; open != (a.ID == "2") {
			t.Errorf("alert %s is %s", a.ID, a.State)
		}
	}
}

func TestGoneAndReplacedFilesAreNoticed(t *testing.T) {
	for name, harm := range map[string]func(dir string) error{
		"deleted":    func(dir string) error { return os.Remove(filepath.Join(dir, fileName)) },
		"its log":    func(dir string) error { return os.Remove(filepath.Join(dir, fileName+"-wal")) },
		"the folder": os.RemoveAll,
		"moved away": func(dir string) error { return os.Rename(dir, dir+".old") },
		"replaced":   func(dir string) error { return replace(filepath.Join(dir, fileName)) },
		"a directory": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, fileName)), os.Mkdir(filepath.Join(dir, fileName), 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			s := open(t, dir)
			must(t, s.SaveAlert(sample("before")))
			must(t, s.Check())
			must(t, harm(dir))
			if err := s.Check(); !errors.Is(err, ErrStale) {
				t.Fatalf("not noticed: %v", err)
			}
			must(t, s.Close())
			again, _, err := Open(dir, "run")
			if name == "a directory" {
				if err == nil || !strings.Contains(err.Error(), "not a plain file") {
					t.Errorf("error %v", err)
				}
				return
			}
			must(t, err)
			defer again.Close()
			must(t, again.SaveAlert(sample("after")))
			must(t, again.Check())
			if got := alerts(t, again, "", time.Time{}); name == "its log" && len(got) != 2 {
				t.Errorf("%d alerts after only the log was deleted, want both", len(got))
			}
		})
	}
}

// replace puts a copy in the place of a file, as a backup that is restored.
func replace(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".copy", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".copy", path)
}
