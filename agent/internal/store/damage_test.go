package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// written returns a folder whose store holds n alerts and is closed.
func written(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s, n, func(i int) api.Alert { return sample(strconv.Itoa(i)) })
	must(t, s.Close())
	return dir
}

func TestDamagedFileIsSetAside(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"not a database": func([]byte) []byte { return []byte("hello, this is no database at all") },
		"header":         func(b []byte) []byte { copy(b, "garbage garbage!"); return b },
		"truncated":      func(b []byte) []byte { return b[:len(b)/2] },
		"zeroed pages":   func(b []byte) []byte { clear(b[4096 : 4096*20]); return b },
		"random pages": func(b []byte) []byte {
			r := rand.NewChaCha8([32]byte{1})
			r.Read(b[len(b)/3 : 2*len(b)/3])
			return b
		},
		"foreign tables": func([]byte) []byte { return foreign(t, `CREATE TABLE alerts (x)`) },
		"other columns":  func([]byte) []byte { return foreign(t, `CREATE TABLE alerts (x); PRAGMA user_version = 1`) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := written(t, 300)
			path := filepath.Join(dir, fileName)
			b, err := os.ReadFile(path)
			must(t, err)
			b = damage(b)
			must(t, os.WriteFile(path, b, 0o600))

			s, aside, err := Open(dir, "run")
			must(t, err)
			defer s.Close()
			if !strings.Contains(aside, "set aside as minewatch.db.damaged-") {
				t.Fatalf("said: %q", aside)
			}
			t.Log(aside)
			if got := alerts(t, s, "", time.Time{}); len(got) != 0 {
				t.Errorf("%d alerts in the new file", len(got))
			}
			must(t, s.SaveAlert(sample("new")))
			found, err := filepath.Glob(filepath.Join(dir, "*.damaged-*Z"))
			must(t, err)
			if len(found) != 1 {
				t.Fatalf("set aside: %v", found)
			}
			if kept, err := os.ReadFile(found[0]); err != nil || !bytes.Equal(kept, b) {
				t.Errorf("the damaged file was changed (%v)", err)
			}
		})
	}
}

func foreign(t *testing.T, schema string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "foreign.db")
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), schema)
	must(t, err)
	must(t, db.Close())
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

// A log left beside a new database would be taken for its own.
func TestCompanionsGoAsideToo(t *testing.T) {
	dir := t.TempDir()
	for _, name := range files(fileName) {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("broken "+name), 0o600))
	}
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	aside, err := setAside(root)
	must(t, err)
	for i, name := range files(aside) {
		if b, err := root.ReadFile(name); err != nil || string(b) != "broken "+files(fileName)[i] {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 5 { // those and the new, empty database
		t.Errorf("the folder holds %v", entries)
	}
	s := open(t, dir)
	must(t, s.SaveAlert(sample("new")))
}

func TestOnlyNewestDamagedFilesAreKept(t *testing.T) {
	dir := t.TempDir()
	for range 2 * maxAside {
		must(t, os.WriteFile(filepath.Join(dir, fileName), []byte("broken"), 0o600))
		s, aside, err := Open(dir, "run")
		must(t, err)
		must(t, s.Close())
		if aside == "" {
			t.Fatalf("said: %q", aside)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "minewatch.db.backup"), []byte("a person's own"), 0o600))
	aside, err := filepath.Glob(filepath.Join(dir, "*.damaged-*"))
	must(t, err)
	if len(aside) != maxAside {
		t.Errorf("%d damaged files: %v", len(aside), aside)
	}
	if _, err := os.Stat(filepath.Join(dir, "minewatch.db.backup")); err != nil {
		t.Error("another file was deleted")
	}
}

func TestFutureVersionIsLeftAlone(t *testing.T) {
	dir := written(t, 3)
	path := filepath.Join(dir, fileName)
	b, err := os.ReadFile(path)
	must(t, err)
	binary.BigEndian.PutUint32(b[60:], 99) // user_version, see the SQLite file format
	must(t, os.WriteFile(path, b, 0o600))
	want := sha256.Sum256(b)

	s, aside, err := Open(dir, "run")
	if err == nil {
		s.Close()
		t.Fatal("a file of the future was opened")
	}
	if !strings.Contains(err.Error(), "newer minewatch (schema 99, this one knows 2)") || aside != "" {
		t.Errorf("error %v, said %q", err, aside)
	}
	b, err = os.ReadFile(path)
	must(t, err)
	if sha256.Sum256(b) != want {
		t.Error("the file was changed")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder now holds %v", entries)
	}
}

// A crash may leave the log cut anywhere: what is read then must be what was stored up to some moment, whole.
func TestLogCutAnywhere(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	const n = 40
	for i := range n {
		a := sample(fmt.Sprintf("%02d", i))
		a.Started = noon.Add(time.Duration(i) * time.Second)
		must(t, s.SaveAlert(a))
	}
	db, err := os.ReadFile(filepath.Join(dir, fileName))
	must(t, err)
	wal, err := os.ReadFile(filepath.Join(dir, fileName+"-wal"))
	must(t, err)
	if len(wal) < 100_000 {
		t.Fatalf("the log holds only %d bytes", len(wal))
	}
	random := rand.New(rand.NewPCG(7, 7))
	seen := map[int]bool{}
	for range 40 {
		cut := slices.Clone(wal[:random.IntN(len(wal)+1)])
		if random.IntN(2) == 0 && len(cut) > 64 { // or the end was not written
			clear(cut[len(cut)-random.IntN(len(cut)/2):])
		}
		image := t.TempDir()
		must(t, os.WriteFile(filepath.Join(image, fileName), db, 0o600))
		must(t, os.WriteFile(filepath.Join(image, fileName+"-wal"), cut, 0o600))
		s := open(t, image)
		got := alerts(t, s, "", time.Time{})
		for i, a := range got {
			if a.ID != fmt.Sprintf("%02d", i) {
				t.Fatalf("alert %d is %s", i, a.ID)
			}
		}
		seen[len(got)] = true
		must(t, s.Close())
	}
	if len(seen) < 5 {
		t.Errorf("the cuts fell only after %v alerts", seen)
	}
}

// One row that cannot be read must not hide the others.
func TestRowOfAnotherVersion(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.SaveAlert(sample("good")))
	must(t, s.transact(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, insertAlert, "odd", "run", "1000", "", "firing", 1, noon.UnixMicro(), 13, `{"t_s":"now"}`)
		return err
	}))
	must(t, s.CloseOpen(noon, "agent_stopped", true))
	if got := alerts(t, s, "", time.Time{}); len(got) != 1 || got[0].ID != "good" || got[0].State != api.Resolved {
		t.Errorf("got %+v", got)
	}
}
