package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/minewatch/minewatch/agent/api"
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
func (s *Store) AddAllowance(ctx context.Context, a api.Allowance) error {
	return s.add(ctx, allowance, a)
}

// RemoveAllowance takes back the allowance with the same user and the same site or program. It reports whether there
// was one.
func (s *Store) RemoveAllowance(ctx context.Context, a api.Allowance) (bool, error) {
	return s.remove(ctx, allowance, a)
}

// Allowances returns what a user, or everybody if user is "", agreed to and is still in force, in the order of site
// and program. Those that are over are deleted.
func (s *Store) Allowances(ctx context.Context, user string, now time.Time) ([]api.Allowance, error) {
	return s.list(ctx, allowance, user, now)
}

// SetSnooze stores until when a user wants no notification about a site or a program. Until must be set.
func (s *Store) SetSnooze(ctx context.Context, a api.Allowance) error {
	if a.Until.IsZero() {
		return fmt.Errorf("the snooze was not saved: %w", invalid("it has no end"))
	}
	return s.add(ctx, snooze, a)
}

// RemoveSnooze ends a snooze early, as RemoveAllowance takes an allowance back.
func (s *Store) RemoveSnooze(ctx context.Context, a api.Allowance) (bool, error) {
	return s.remove(ctx, snooze, a)
}

// Snoozes returns the snoozes in force as Allowances does the allowances.
func (s *Store) Snoozes(ctx context.Context, user string, now time.Time) ([]api.Allowance, error) {
	return s.list(ctx, snooze, user, now)
}

func (s *Store) add(ctx context.Context, k kind, a api.Allowance) error {
	err := s.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := check(&a); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, upsertConsent,
			string(k), wire(a.User), wire(a.Site), wire(a.Program), micros(a.Since), micros(a.Until)); err != nil {
			return err
		}
		var rows, bytes int
		if err := tx.QueryRowContext(ctx, `SELECT count(*), sum(octet_length(site) + octet_length(program)) FROM consents
			WHERE kind = ? AND user = ?`, string(k), wire(a.User)).Scan(&rows, &bytes); err != nil {
			return err
		}
		if rows > maxUserConsents || bytes > maxUserConsentBytes {
			return ErrTooMany
		}
		return trimConsents(ctx, tx, wire(a.User))
	})
	if err != nil {
		return fmt.Errorf("the %s was not saved: %w", k, err)
	}
	return nil
}

func check(a *api.Allowance) error {
	if (a.Site == "") == (a.Program == "") {
		return invalid("it must name either a site or a program")
	}
	for _, text := range []struct {
		what, is string
		most     int
	}{{"site", a.Site, maxSite}, {"program", a.Program, maxProgram}, {"user", a.User, maxUser}} {
		if n := len(wire(text.is)); n > text.most {
			return invalid("the name of its %s has %d bytes; at most %d are allowed", text.what, n, text.most)
		}
	}
	return nil
}

func (s *Store) remove(ctx context.Context, k kind, a api.Allowance) (bool, error) {
	var n int64
	err := s.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
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

// Restore stores what is not stored already, in one change: for a file that took the place of the one that held it.
func (s *Store) Restore(allowed, snoozed []api.Allowance) error {
	const restore = upsertConsent + ` WHERE since IS NOT excluded.since OR until IS NOT excluded.until`
	err := s.transact(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		for k, list := range map[kind][]api.Allowance{allowance: allowed, snooze: snoozed} {
			for i := range list {
				a := &list[i]
				if check(a) != nil {
					continue // from a file of an older version
				}
				if _, err := tx.ExecContext(ctx, restore,
					string(k), wire(a.User), wire(a.Site), wire(a.Program), micros(a.Since), micros(a.Until)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("what is allowed was not saved: %w", err)
	}
	return nil
}

func (s *Store) list(ctx context.Context, k kind, user string, now time.Time) ([]api.Allowance, error) {
	out, over, err := s.read(ctx, k, user, now)
	if err != nil {
		return nil, fmt.Errorf("the %ss could not be read: %w", k, explain(err))
	}
	if over { // most calls find nothing to delete, and then the disk is left alone
		_ = s.transact(ctx, func(ctx context.Context, tx *sql.Tx) error { // on a full disk the next call tries again
			_, err := tx.ExecContext(ctx, deleteExpired, now.UnixMicro())
			return err
		})
	}
	return out, nil
}

// read returns the consents that are in force, and whether any is over.
func (s *Store) read(ctx context.Context, k kind, user string, now time.Time) (out []api.Allowance, over bool, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT user, site, program, since, until FROM consents
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

// A time can be told in the years up to 9999: one row beyond them would make the whole list impossible to tell.
const (
	firstMicro = -62_135_596_800_000_000 // 0001-01-01
	lastMicro  = 253_402_214_400_000_000 // 9999-12-31
)

func fromMicros(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMicro(min(max(n.Int64, firstMicro), lastMicro)).UTC()
}
