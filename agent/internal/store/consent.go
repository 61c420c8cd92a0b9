package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// ErrTooMany is returned (wrapped) when a user already has as many allowances, or snoozes, as are kept.
var ErrTooMany = errors.New("too many; take some back first")

const (
	// maxConsents bounds the allowances of one user, and likewise the snoozes.
	maxConsents = 1000
	// maxName bounds a site or a program's path in bytes; Linux ends paths at 4096.
	maxName = 16 << 10
)

// kind tells the two sorts of consent apart, which differ in nothing but their meaning.
type kind string

const (
	allowance kind = "allowance"
	snooze    kind = "snooze"
)

const (
	deleteExpired = `DELETE FROM consents WHERE until <= ?` // NULL, for good, is never true
	upsertConsent = `INSERT INTO consents (kind, user, site, program, since, until) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET since = excluded.since, until = excluded.until`
)

// AddAllowance stores what a user agreed to, in place of an earlier allowance for the same site or program.
func (s *Store) AddAllowance(a api.Allowance) error { return s.add(allowance, a) }

// RemoveAllowance takes back the allowance with the same user and the same site or program. It reports whether there
// was one.
func (s *Store) RemoveAllowance(a api.Allowance) (bool, error) { return s.remove(allowance, a) }

// Allowances returns what a user, or everybody if user is "", agreed to and is still in force, in the order of site
// and program. Those that are over are deleted.
func (s *Store) Allowances(user string, now time.Time) ([]api.Allowance, error) {
	return s.list(allowance, user, now)
}

// SetSnooze stores until when a user wants no notification about a site or a program. Until must be set.
func (s *Store) SetSnooze(a api.Allowance) error {
	if a.Until.IsZero() {
		return errors.New("the snooze was not saved: it has no end")
	}
	return s.add(snooze, a)
}

// RemoveSnooze takes back a snooze as RemoveAllowance does an allowance.
func (s *Store) RemoveSnooze(a api.Allowance) (bool, error) { return s.remove(snooze, a) }

// Snoozes returns the snoozes in force as Allowances does the allowances.
func (s *Store) Snoozes(user string, now time.Time) ([]api.Allowance, error) {
	return s.list(snooze, user, now)
}

func (s *Store) add(k kind, a api.Allowance) error {
	err := s.transact(func(ctx context.Context, tx *sql.Tx) error {
		if err := check(&a); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, upsertConsent,
			string(k), wire(a.User), wire(a.Site), wire(a.Program), micros(a.Since), micros(a.Until)); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM consents WHERE kind = ? AND user = ?`,
			string(k), wire(a.User)).Scan(&n); err != nil {
			return err
		}
		if n > maxConsents {
			return fmt.Errorf("%d are kept for one user: %w", maxConsents, ErrTooMany)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("the %s was not saved: %w", k, err)
	}
	return nil
}

func check(a *api.Allowance) error {
	if (a.Site == "") == (a.Program == "") {
		return errors.New("it must name either a site or a program")
	}
	if n := max(len(a.Site), len(a.Program), len(a.User)); n > maxName {
		return fmt.Errorf("it has a name of %d bytes; at most %d are allowed", n, maxName)
	}
	return nil
}

func (s *Store) remove(k kind, a api.Allowance) (bool, error) {
	var n int64
	err := s.transact(func(ctx context.Context, tx *sql.Tx) error {
		if err := check(&a); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM consents WHERE kind = ? AND user = ? AND site = ? AND program = ?`,
			string(k), wire(a.User), wire(a.Site), wire(a.Program))
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return false, fmt.Errorf("the %s was not taken back: %w", k, err)
	}
	return n > 0, nil
}

func (s *Store) list(k kind, user string, now time.Time) ([]api.Allowance, error) {
	out, over, err := s.read(k, user, now)
	if err != nil {
		return nil, fmt.Errorf("the %ss could not be read: %w", k, explain(err))
	}
	if over { // most calls find nothing to delete, and then the disk is left alone
		_ = s.transact(func(ctx context.Context, tx *sql.Tx) error { // on a full disk the next call tries again
			_, err := tx.ExecContext(ctx, deleteExpired, now.UnixMicro())
			return err
		})
	}
	return out, nil
}

// read returns the consents that are in force, and whether any is over.
func (s *Store) read(k kind, user string, now time.Time) (out []api.Allowance, over bool, err error) {
	rows, err := s.db.QueryContext(context.Background(), `SELECT user, site, program, since, until FROM consents
		WHERE kind = ?1 AND (?2 = '' OR user = ?2) ORDER BY site, program, user`, string(k), wire(user))
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for rows.Next() {
		a := api.Allowance{Type: "allowance"}
		var since, until sql.NullInt64
		if err := rows.Scan(&a.User, &a.Site, &a.Program, &since, &until); err != nil {
			return nil, false, err
		}
		a.Since, a.Until = fromMicros(since), fromMicros(until)
		if !a.Until.IsZero() && !a.Until.After(now) {
			over = true
			continue
		}
		out = append(out, a)
	}
	return out, over, rows.Err()
}

// wire returns a text as JSON carries it, with every byte that is not UTF-8 replaced, so that what a client was shown
// and sends back finds its row.
func wire(text string) string { return string([]rune(text)) }

func micros(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

func fromMicros(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMicro(n.Int64).UTC()
}
