package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

const (
	insertAlert = `INSERT INTO alerts (id, run, user, site, state, started, updated, bytes, body)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING`
	updateAlert = `UPDATE alerts SET user = ?3, site = ?4, state = ?5, started = ?6, updated = ?7, bytes = ?8, body = ?9
		WHERE id = ?1 AND run = ?2`
)

// SaveAlert stores an alert, in place of what this run stored with the same id. It returns an ErrInvalid for one that can
// never be stored, such as with the id of another run's.
func (s *Store) SaveAlert(a api.Alert) error {
	err := s.transact(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		isNew, err := saveAlert(ctx, tx, s.run, &a)
		if err == nil && isNew {
			err = trimAlerts(ctx, tx, maxAlerts, maxAlertsBytes)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("alert %.64q was not saved: %w", a.ID, err)
	}
	return nil
}

func saveAlert(ctx context.Context, tx *sql.Tx, run string, a *api.Alert) (isNew bool, err error) {
	switch {
	case a.ID == "" || len(a.ID) > maxID:
		return false, invalid("its id has %d bytes; 1 to %d are allowed", len(a.ID), maxID)
	case len(a.User) > maxUser:
		return false, invalid("its user has %d bytes; at most %d are allowed", len(a.User), maxUser)
	}
	body, err := json.Marshal(a)
	if err != nil {
		return false, invalid("%w", err)
	}
	if len(body) > maxAlertBytes {
		return false, invalid("it has %d bytes; at most %d are allowed", len(body), maxAlertBytes)
	}
	for _, statement := range []string{updateAlert, insertAlert} {
		res, err := tx.ExecContext(ctx, statement, wire(a.ID), run, wire(a.User), wire(a.Site), string(a.State),
			a.Started.UnixMicro(), a.Updated.UnixMicro(), len(body), string(body))
		if err != nil {
			return false, err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return statement == insertAlert, err
		}
	}
	return false, invalid("another run of minewatch has an alert with this id")
}

// Alerts returns the alerts of one user, or of all if user is "", that were updated at or after since, the one that
// began first coming first. Of more than 10,000 (or 4 MiB as JSON) it returns the newest, each user's to an equal share.
func (s *Store) Alerts(ctx context.Context, user string, since time.Time) ([]api.Alert, error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("alerts could not be read: %w", explain(err))
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	share, err := listShare(ctx, tx, user, since)
	if err != nil {
		return nil, fmt.Errorf("alerts could not be read: %w", explain(err))
	}
	rows, err := tx.QueryContext(ctx, `SELECT body FROM (SELECT body, started, rowid AS id,
			sum(bytes) OVER (PARTITION BY user ORDER BY started DESC, rowid DESC ROWS UNBOUNDED PRECEDING) AS total
			FROM alerts WHERE updated >= ?1 AND (?2 = '' OR user = ?2))
		WHERE total <= ?3 ORDER BY started DESC, id DESC LIMIT ?4`, since.UnixMicro(), user, share, maxListed)
	if err != nil {
		return nil, fmt.Errorf("alerts could not be read: %w", explain(err))
	}
	defer rows.Close()
	var out []api.Alert
	var body sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("alerts could not be read: %w", explain(err))
		}
		var a api.Alert
		if json.Unmarshal(body, &a) != nil {
			continue // one row that another version wrote must not hide all others
		}
		out = append(out, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("alerts could not be read: %w", explain(err))
	}
	slices.Reverse(out)
	return out, nil
}

// listShare returns how many bytes of each user's alerts a list may hold.
func listShare(ctx context.Context, tx *sql.Tx, user string, since time.Time) (int, error) {
	if user != "" {
		return maxListedBytes, nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT sum(bytes) FROM alerts WHERE updated >= ? GROUP BY user`, since.UnixMicro())
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var all []int
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
		all = append(all, n)
	}
	return fairShare(all, maxListedBytes), rows.Err()
}

// CloseOpen resolves, with the reason, the alerts that are pending or firing: all of them, or only those that other runs
// left so when they crashed.
func (s *Store) CloseOpen(now time.Time, reason api.Reason, all bool) error {
	except := s.run
	if all {
		except = ""
	}
	err := s.transact(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		open, err := openAlerts(ctx, tx, except)
		if err != nil {
			return err
		}
		for i := range open {
			a := &open[i].alert
			a.State, a.Reason, a.Updated, a.Ended = api.Resolved, reason, now.UTC(), now.UTC()
			_, err := saveAlert(ctx, tx, open[i].run, a)
			if errors.Is(err, ErrInvalid) { // it has just outgrown what may be stored
				_, err = tx.ExecContext(ctx, `DELETE FROM alerts WHERE id = ?`, a.ID)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("alerts of the run before could not be closed: %w", err)
	}
	return nil
}

// ofRun is an alert with the run that stored it.
type ofRun struct {
	run   string
	alert api.Alert
}

func openAlerts(ctx context.Context, tx *sql.Tx, except string) ([]ofRun, error) {
	rows, err := tx.QueryContext(ctx, `SELECT run, body FROM alerts WHERE state <> 'resolved' AND (?1 = '' OR run <> ?1)`, except)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []ofRun
	var run, body sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&run, &body); err != nil {
			return nil, err
		}
		var a api.Alert
		if json.Unmarshal(body, &a) != nil {
			continue
		}
		out = append(out, ofRun{string(run), a})
	}
	return out, rows.Err()
}
