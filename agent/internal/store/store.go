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
	"os"
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
	// maxAlertBytes bounds one alert as JSON; the local door cannot pass on more than 1 MiB.
	maxAlertBytes = 256 << 10
	// maxID bounds an alert's id in bytes.
	maxID = 256
)

// Store is one open state folder. It is safe for concurrent use; changes are made one after the other.
type Store struct {
	db   *sql.DB
	root *os.Root
}

// Open opens the store in a folder of its own, which is made (0700) if it is missing.
//
// A damaged file is set aside and a new one begun: troubles then says so in a sentence for people. The error tells
// what to do when the folder cannot be used, or when a newer minewatch wrote the file; then nothing was changed.
func Open(dir string) (s *Store, troubles []string, err error) {
	root, err := openFolder(dir)
	if err != nil {
		return nil, nil, err
	}
	db, err := openFile(root)
	if damaged, ok := errors.AsType[*damage](err); ok {
		var aside string
		if aside, err = setAside(root); err != nil {
			err = fmt.Errorf("the history file %s is damaged (%w) and could not be set aside: %w",
				root.Name()+string(os.PathSeparator)+fileName, damaged, err)
		} else {
			troubles = append(troubles, fmt.Sprintf("The history of alerts was damaged (%v). It was set aside as %s in %s "+
				"and a new one begun: sites and programs that were allowed must be allowed again. If this happens again, "+
				"check the disk.", damaged, aside, root.Name()))
			db, err = openFile(root)
		}
	}
	if err != nil {
		_ = root.Close() // the first error matters
		return nil, nil, err
	}
	return &Store{db: db, root: root}, troubles, nil
}

// Close ends the store. What was written stays.
func (s *Store) Close() error {
	return errors.Join(s.db.Close(), s.root.Close())
}

// transact runs change in one transaction, which is on the disk when it returns nil and undone otherwise.
func (s *Store) transact(change func(context.Context, *sql.Tx) error) error {
	ctx := context.Background() // a change is short and bounded by busy_timeout; half of one helps nobody
	tx, err := s.db.BeginTx(ctx, nil)
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

// Prune deletes what ended and was last updated more than keep ago, then the oldest alerts beyond maxRows, and gives
// the space back to the disk. Open alerts stay. A keep or maxRows of 0 sets no such bound.
func (s *Store) Prune(now time.Time, keep time.Duration, maxRows int) error {
	err := s.transact(func(ctx context.Context, tx *sql.Tx) error {
		if keep > 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM alerts WHERE state = ? AND updated < ?`,
				string(api.Resolved), now.Add(-keep).UnixMicro()); err != nil {
				return err
			}
		}
		if maxRows > 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM alerts WHERE state = ?1 AND rowid IN
				(SELECT rowid FROM alerts ORDER BY updated DESC, rowid DESC LIMIT -1 OFFSET ?2)`,
				string(api.Resolved), maxRows); err != nil {
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
