package store

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// FuzzRows reads rows that another version, another program or a bad disk left in a database that is whole: nobody is
// shown another user's row, what is shown can be told, and all can be closed at the next start.
func FuzzRows(f *testing.F) {
	good, err := json.Marshal(sample("a-1"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(good), "1000", "firing", int64(1), int64(2), int64(len(good)), "films.test", int64(0))
	f.Add(`{"id":5}`, "1001", "pending", int64(-1), int64(1<<62), int64(-9), "", int64(-1))
	f.Add(`{"id":"b","started":"9999-12-31T23:59:59Z","evidence":[{"facts":{"a":1e308}}]}`, "", "x", int64(0), int64(0), int64(0), "\x00", int64(1<<62))
	dir := f.TempDir()
	s, _, err := Open(dir, "run")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, body, user, state string, started, updated, size int64, site string, until int64) {
		ctx := t.Context()
		if _, err := s.db.ExecContext(ctx, `DELETE FROM alerts; DELETE FROM consents`); err != nil {
			t.Fatal(err)
		}
		if _, err := s.db.ExecContext(ctx, `INSERT INTO alerts (id, run, user, site, state, started, updated, bytes, body)
			VALUES ('x', 'other', ?, ?, ?, ?, ?, ?, ?)`, user, site, state, started, updated, size, body); err != nil {
			t.Skip(err) // it cannot be in a table
		}
		if _, err := s.db.ExecContext(ctx, `INSERT INTO consents (kind, user, site, program, since, until)
			VALUES ('allowance', ?, ?, '', ?, ?)`, user, site, started, until); err != nil {
			t.Skip(err)
		}
		checkRows(t, s, user)
	})
}

func checkRows(t *testing.T, s *Store, user string) {
	t.Helper()
	const stranger = "a stranger"
	for who, most := range map[string]int{"": 1, user: 1, stranger: 0} {
		if user == stranger {
			return
		}
		alerts, err := s.Alerts(t.Context(), who, time.Time{})
		if err != nil || len(alerts) > most {
			t.Errorf("%q is shown %d alerts of %q, %v", who, len(alerts), user, err)
		}
		allowed, err := s.Allowances(t.Context(), who, noon)
		if err != nil || len(allowed) > most {
			t.Errorf("%q is shown %d allowances of %q, %v", who, len(allowed), user, err)
		}
		for _, shown := range []any{alerts, allowed} {
			if _, err := json.Marshal(shown); err != nil {
				t.Errorf("what was read cannot be told: %v", err)
			}
		}
	}
	if err := s.CloseOpen(noon, api.ReasonAgentStopped, true); err != nil {
		t.Errorf("the next start cannot close what was open: %v", err)
	}
	if err := s.SaveAlert(sample("after")); err != nil {
		t.Errorf("nothing can be stored beside it: %v", err)
	}
}

// FuzzFile damages a database in one place, and opens it: either it is used as it is, or it is set aside and a new one
// works. Reading it costs no more than a whole one does.
func FuzzFile(f *testing.F) {
	whole := wholeFile(f)
	f.Add(uint32(0), []byte("SQLite format 4"), uint32(0))
	f.Add(uint32(16), []byte{0, 1}, uint32(0))
	f.Add(uint32(100), []byte{0xff, 0xff, 0xff, 0xff}, uint32(0))
	f.Add(uint32(60), []byte{0, 0, 0, 99}, uint32(0))
	f.Add(uint32(5000), []byte{}, uint32(4096))
	f.Fuzz(func(t *testing.T, at uint32, bytes []byte, cut uint32) {
		damaged := append([]byte{}, whole...)
		copy(damaged[int(at)%len(damaged):], bytes)
		damaged = damaged[:len(damaged)-int(cut)%len(damaged)]
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fileName), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		s, _, err := Open(dir, "run")
		if s == nil {
			if err == nil {
				t.Error("neither a store nor an error")
			}
			return // it says so, and the agent goes on without
		}
		defer s.Close()
		if _, err := s.Alerts(t.Context(), "", time.Time{}); err != nil {
			return // said as an error
		}
		_ = s.CloseOpen(noon, api.ReasonAgentStopped, true)
	})
}

// wholeFile returns the bytes of a database with one alert and one allowance.
func wholeFile(f *testing.F) []byte {
	f.Helper()
	dir := f.TempDir()
	s, _, err := Open(dir, "run")
	if err != nil {
		f.Fatal(err)
	}
	if err := s.SaveAlert(sample("a-1")); err != nil {
		f.Fatal(err)
	}
	if err := s.AddAllowance(f.Context(), api.Allowance{Site: "films.test", User: "1000", Since: noon}); err != nil {
		f.Fatal(err)
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		f.Fatal(err)
	}
	return b
}
