// Package store remembers alerts, allowances and snoozes in one SQLite file that only the agent's own user may read.
//
// Every change is one transaction that is on the disk before the call returns. Nothing runs between calls. The file
// names sites and programs; the wire types it keeps have no field for a path, a query or a title of a page.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

const (
	// fileName is the database within the state folder.
	fileName = "minewatch.db"
	// maxListed and maxListedBytes bound what Alerts returns: the newest that fit in both. An alert takes about 1.3 kB
	// as JSON and three times that in memory (measured: 8 MiB raised the agent by 28 MB), hence the second bound.
	maxListed      = 10_000
	maxListedBytes = 4 << 20
)

// Store is one open state folder. It is safe for concurrent use; changes are made one after the other.
type Store struct {
	db   *sql.DB
	root *os.Root
	run  string

	mu sync.Mutex
	// file is the database as it was opened, log its write-ahead log once there is one: see Check.
	file, log fs.FileInfo
}

// Open opens the store in a folder of its own, which is made (0700) if it is missing. The run names this run of the agent,
// unlike any other: what another run stored is only read, listed and pruned.
//
// A damaged file is set aside and a new one begun: aside then says so in a sentence for people. The error tells what to do
// when the folder cannot be used, or when a newer minewatch wrote the file; then nothing was changed. Where there is a
// file all the same, s can be read, as on a disk that is mounted read-only.
func Open(dir, run string) (s *Store, aside string, err error) {
	root, err := openFolder(dir)
	if err != nil {
		return readOnly(dir, run), "", err
	}
	db, err := openFile(root)
	if damaged, ok := errors.AsType[*damage](err); ok {
		var name string
		if name, err = setAside(root); err != nil {
			err = fmt.Errorf("the history file %s is damaged (%w) and could not be set aside: %w",
				filepath.Clean(root.Name())+string(os.PathSeparator)+fileName, damaged, err)
		} else {
			aside = fmt.Sprintf("The history of alerts was damaged (%v). It was set aside as %s in %s "+
				"and a new one begun: sites and programs that were allowed must be allowed again. If this happens again, "+
				"check the disk.", damaged, name, filepath.Clean(root.Name()))
			db, err = openFile(root)
		}
	}
	if err != nil {
		_ = root.Close() // the first error matters
		return readOnly(dir, run), aside, err
	}
	s = &Store{db: db, root: root, run: run}
	if s.file, err = root.Stat(fileName); err != nil {
		return nil, aside, errors.Join(unwritable(filepath.Clean(root.Name()), err), s.Close())
	}
	return s, aside, nil
}

// Check returns an ErrStale if the file that is written is no longer the one that stands in the folder: what was stored
// since would be gone after a restart.
func (s *Store) Check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	folder := filepath.Clean(s.root.Name())
	if now, err := os.Lstat(filepath.Join(folder, fileName)); err != nil || !os.SameFile(s.file, now) {
		return fmt.Errorf("the history file in %s was deleted or replaced: %w", folder, ErrStale)
	}
	now, err := os.Lstat(filepath.Join(folder, fileName+"-wal"))
	switch {
	case s.log == nil && err == nil:
		s.log = now
	case s.log != nil && (err != nil || !os.SameFile(s.log, now)):
		return fmt.Errorf("the log of the history file in %s was deleted or replaced: %w", folder, ErrStale)
	}
	return nil
}

// Close ends the store. What was written stays.
func (s *Store) Close() error {
	return errors.Join(s.db.Close(), s.root.Close())
}

// transact runs change in one transaction, which is on the disk when it returns nil and undone otherwise.
// Who waits for others' changes gives up when ctx ends.
func (s *Store) transact(ctx context.Context, change func(context.Context, *sql.Tx) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return explain(err)
	}
	defer conn.Close()
	ctx = context.WithoutCancel(ctx) // a change is short and bounded by busy_timeout; half of one helps nobody
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return explain(err)
	}
	if err := change(ctx, tx); err != nil {
		_ = tx.Rollback() // the first error matters; SQLite may have rolled back already
		return explain(err)
	}
	if err := tx.Commit(); err != nil {
		_ = tx.Rollback()
		return explain(err)
	}
	return nil
}

// Prune deletes what ended and was last updated more than keep ago, then the oldest alerts beyond maxRows (of those users
// who have most), and gives the space back to the disk. Open alerts stay. A keep or maxRows of 0 sets no such bound.
func (s *Store) Prune(now time.Time, keep time.Duration, maxRows int) error {
	err := s.transact(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		if keep > 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM alerts WHERE state = ? AND updated < ?`,
				string(api.Resolved), now.Add(-keep).UnixMicro()); err != nil {
				return err
			}
		}
		if maxRows > 0 {
			if err := trimAlerts(ctx, tx, maxRows, maxAlertsBytes); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, deleteExpired, now.UnixMicro())
		return err
	})
	if err != nil {
		return fmt.Errorf("old alerts could not be deleted: %w", err)
	}
	// Afterwards the file and its log are as small as what they hold.
	for _, q := range []string{`PRAGMA incremental_vacuum`, `PRAGMA wal_checkpoint(TRUNCATE)`} {
		if err := s.drain(q); err != nil {
			return fmt.Errorf("the space of old alerts could not be given back: %w", explain(err))
		}
	}
	return nil
}

// drain runs a PRAGMA to its end: incremental_vacuum frees one page for each row that is read.
func (s *Store) drain(query string) error {
	rows, err := s.db.QueryContext(context.Background(), query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() { // rows say nothing of use
	}
	return rows.Err()
}
