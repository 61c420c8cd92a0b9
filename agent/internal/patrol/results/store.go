package results

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/net/publicsuffix"
	_ "modernc.org/sqlite" // the driver

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/check"
)

// Files in a run's folder.
const (
	Database = "results.sqlite"
	Lines    = "results.jsonl"
	Summary  = "summary.html"
	chain    = "evidence/log.jsonl"
)

const settings = "?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)" +
	"&_pragma=synchronous(FULL)" + // what is acknowledged outlives a power cut
	"&_pragma=trusted_schema(OFF)"

const schema = `
CREATE TABLE IF NOT EXISTS run (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL, queued INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS todo (page INTEGER PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS visit (page INTEGER NOT NULL, visit INTEGER NOT NULL, url TEXT NOT NULL, long INTEGER NOT NULL, verdict TEXT NOT NULL, last INTEGER NOT NULL, packed BLOB NOT NULL, PRIMARY KEY (page, visit)) STRICT;
CREATE TABLE IF NOT EXISTS page (page INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, host TEXT NOT NULL, site TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL, sentence TEXT NOT NULL, json TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS page_verdict ON page (verdict, site);
CREATE TABLE IF NOT EXISTS script (script TEXT NOT NULL, sha256 TEXT NOT NULL, page INTEGER NOT NULL, site TEXT NOT NULL, verdict TEXT NOT NULL, PRIMARY KEY (script, sha256, page)) STRICT;`

// Store is the database of a run.
type Store struct {
	db  *sql.DB
	dir string
}

// Open opens the database in a run's folder, and makes it if the folder has none.
func Open(ctx context.Context, dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return open(ctx, dir, settings, schema)
}

// OpenRead opens the results of a run to read them.
func OpenRead(ctx context.Context, dir string) (*Store, error) {
	if fi, err := os.Lstat(filepath.Join(dir, Database)); err != nil || !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%s holds no results of a patrol", dir)
	}
	return open(ctx, dir, "?mode=ro&_pragma=busy_timeout(5000)&_pragma=trusted_schema(OFF)&_pragma=query_only(1)", "SELECT json FROM run")
}

func open(ctx context.Context, dir, settings, statement string) (*Store, error) {
	file, err := filepath.Abs(filepath.Join(dir, Database))
	if err != nil {
		return nil, err
	}
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String()+settings)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, statement); err != nil {
		db.Close()
		return nil, fmt.Errorf("%s cannot be used: %w", file, err)
	}
	return &Store{db, dir}, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// State is how far a run is.
type State struct {
	// Queued is how many pages are in the queue for certain, Seq the last answer that was taken from it.
	Queued int
	Seq    uint64
	Ended  bool
}

// Run returns the run of this folder, nil if none was begun.
func (s *Store) Run(ctx context.Context) (*Run, State, error) {
	var (
		text  string
		state State
	)
	err := s.db.QueryRowContext(ctx, "SELECT json, queued, seq, ended FROM run").Scan(&text, &state.Queued, &state.Seq, &state.Ended)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, state, nil
	}
	if err != nil {
		return nil, state, err
	}
	var r Run
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, state, fmt.Errorf("the run's settings cannot be read: %w", err)
	}
	return &r, state, nil
}

// Begin keeps a run's settings.
func (s *Store) Begin(ctx context.Context, r *Run) error {
	text, err := json.Marshal(r)
	if err == nil {
		_, err = s.db.ExecContext(ctx, "INSERT INTO run (one, json) VALUES (1, ?)", string(text))
	}
	return err
}

// SetQueued keeps that the pages up to and with n are in the queue.
func (s *Store) SetQueued(ctx context.Context, from, n int) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	for i := from + 1; i <= n; i++ {
		// One that was answered already, before this was written, is done.
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO todo SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM page WHERE page = ?1)", i); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, "UPDATE run SET queued = ?", n); err != nil {
		return err
	}
	return tx.Commit()
}

// Unfinished is a page in the queue without a final word: Last is the answer of its last visit, nil if there is none.
type Unfinished struct {
	Page int
	Last *Answer
}

// Unfinished returns the pages in the queue without a final word.
func (s *Store) Unfinished(ctx context.Context) ([]Unfinished, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT t.page, (SELECT packed FROM visit v WHERE v.page = t.page ORDER BY visit DESC LIMIT 1) FROM todo t ORDER BY t.page")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Unfinished
	for rows.Next() {
		var (
			u      Unfinished
			packed []byte
		)
		if err := rows.Scan(&u.Page, &packed); err != nil {
			return nil, err
		}
		if packed != nil {
			if u.Last, err = Unpack(packed); err != nil {
				return nil, err
			}
		}
		out = append(out, u)
	}
	return out, rows.Err()
}

// SetEnded keeps that all is done.
func (s *Store) SetEnded(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "UPDATE run SET ended = 1")
	return err
}

// Add keeps an answer, and the final word on its page if it was the last. It returns that page, nil if there is none yet
// or it was known before.
func (s *Store) Add(ctx context.Context, run *Run, n int, seq uint64, a *Answer, packed []byte) (final *Page, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if _, err := tx.ExecContext(ctx, "UPDATE run SET seq = max(seq, ?)", seq); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO visit VALUES (?, ?, ?, ?, ?, ?, ?)",
		n, a.Task.Visit, a.Task.URL, a.Task.Long, string(a.Visit.Verdict), a.Next == nil, packed); err != nil {
		return nil, err
	}
	if a.Next == nil {
		if final, err = s.finish(ctx, tx, run, n, a.Task.URL); err != nil {
			return nil, err
		}
	}
	return final, tx.Commit()
}

// finish writes the final word on a page, once.
func (s *Store) finish(ctx context.Context, tx *sql.Tx, run *Run, n int, address string) (*Page, error) {
	rows, err := tx.QueryContext(ctx, "SELECT packed FROM visit WHERE page = ? ORDER BY visit", n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var answers []*Answer
	for rows.Next() {
		var packed []byte
		if err := rows.Scan(&packed); err != nil {
			return nil, err
		}
		a, err := Unpack(packed)
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	p := conclude(run, n, address, answers)
	text, err := words.JSON(p)
	if err != nil {
		return nil, err
	}
	host, site := Site(address)
	done, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		n, address, host, site, string(p.Verdict), string(p.Reason), p.Sentence, strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		return nil, err
	}
	if k, err := done.RowsAffected(); err != nil || k == 0 {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM todo WHERE page = ?", n); err != nil {
		return nil, err
	}
	for i := range p.Visits {
		for j := range p.Visits[i].Findings {
			f := &p.Visits[i].Findings[j]
			if f.Verdict != p.Verdict || f.Script == "" {
				continue
			}
			hash := ""
			for _, one := range f.Scripts {
				if one.URL == f.Script {
					hash = one.SHA256
					break
				}
			}
			if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO script VALUES (?, ?, ?, ?, ?)", f.Script, hash, n, site, string(p.Verdict)); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// Site returns an address's host and its registrable domain (the host itself where there is none).
func Site(address string) (host, site string) {
	u, err := url.Parse(address)
	if err != nil {
		return "", ""
	}
	host = u.Hostname()
	if site, err = publicsuffix.EffectiveTLDPlusOne(host); err != nil {
		site = host
	}
	return host, site
}

// Counts returns how many pages have each verdict.
func (s *Store) Counts(ctx context.Context) (map[check.Verdict]int, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT verdict, count(*) FROM page GROUP BY verdict")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[check.Verdict]int{}
	for rows.Next() {
		var (
			v check.Verdict
			n int
		)
		if err := rows.Scan(&v, &n); err != nil {
			return nil, err
		}
		out[v] = n
	}
	return out, rows.Err()
}

// Pages yields pages with any of these verdicts (all if none is named) in the order of the list.
func (s *Store) Pages(ctx context.Context, verdicts ...check.Verdict) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		query, args := "SELECT json FROM page", make([]any, len(verdicts))
		for i, v := range verdicts {
			args[i] = string(v)
		}
		if n := len(verdicts); n > 0 {
			query += " WHERE verdict IN (?" + strings.Repeat(", ?", n-1) + ")"
		}
		rows, err := s.db.QueryContext(ctx, query+" ORDER BY page", args...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			err := rows.Scan(&text)
			var p Page
			if err == nil {
				err = json.Unmarshal([]byte(text), &p)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&p, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// WriteLines writes results.jsonl.
func (s *Store) WriteLines(ctx context.Context) error {
	return writeFile(filepath.Join(s.dir, Lines), func(w io.Writer) error {
		rows, err := s.db.QueryContext(ctx, "SELECT json FROM page ORDER BY page")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			if _, err := io.WriteString(w, line+"\n"); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// writeFile writes a file so that it is there whole or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the renaming
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
