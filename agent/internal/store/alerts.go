package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

const upsertAlert = `INSERT INTO alerts (id, user, site, state, started, updated, body) VALUES (?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET user = excluded.user, site = excluded.site, state = excluded.state,
		started = excluded.started, updated = excluded.updated, body = excluded.body`

// SaveAlert stores an alert in place of an earlier one with the same id.
func (s *Store) SaveAlert(a api.Alert) error {
	err := s.transact(func(ctx context.Context, tx *sql.Tx) error { return saveAlert(ctx, tx, &a) })
	if err != nil {
		return fmt.Errorf("alert %.64q was not saved: %w", a.ID, err)
	}
	return nil
}

func saveAlert(ctx context.Context, tx *sql.Tx, a *api.Alert) error {
	if a.ID == "" || len(a.ID) > maxID {
		return fmt.Errorf("its id has %d bytes; 1 to %d are allowed", len(a.ID), maxID)
	}
	body, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if len(body) > maxAlertBytes {
		return fmt.Errorf("it has %d bytes; at most %d are allowed", len(body), maxAlertBytes)
	}
	_, err = tx.ExecContext(ctx, upsertAlert, wire(a.ID), wire(a.User), wire(a.Site), string(a.State),
		a.Started.UnixMicro(), a.Updated.UnixMicro(), string(body))
	return err
}

// Alerts returns the alerts of one user, or of all if user is "", that were updated at or after since, the one that
// began first coming first. Of more than 10,000 (or 4 MiB as JSON) it returns the newest.
func (s *Store) Alerts(user string, since time.Time) ([]api.Alert, error) {
	rows, err := s.db.QueryContext(context.Background(), `SELECT body FROM alerts
		WHERE updated >= ?1 AND (?2 = '' OR user = ?2) ORDER BY started DESC, rowid DESC LIMIT ?3`,
		since.UnixMicro(), user, maxListed)
	if err != nil {
		return nil, fmt.Errorf("alerts could not be read: %w", explain(err))
	}
	defer rows.Close()
	var out []api.Alert
	var body sql.RawBytes
	for bytes := 0; rows.Next(); {
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("alerts could not be read: %w", explain(err))
		}
		if bytes += len(body); bytes > maxListedBytes {
			break
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

// CloseOpen resolves, with the reason, the alerts that a crash left pending or firing.
func (s *Store) CloseOpen(now time.Time, reason api.Reason) error {
	err := s.transact(func(ctx context.Context, tx *sql.Tx) error {
		open, err := openAlerts(ctx, tx)
		if err != nil {
			return err
		}
		for i := range open {
			a := &open[i]
			a.State, a.Reason, a.Updated, a.Ended = api.Resolved, reason, now.UTC(), now.UTC()
			if err := saveAlert(ctx, tx, a); err != nil {
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

func openAlerts(ctx context.Context, tx *sql.Tx) ([]api.Alert, error) {
	rows, err := tx.QueryContext(ctx, `SELECT body FROM alerts WHERE state <> 'resolved'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []api.Alert
	var body sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		var a api.Alert
		if json.Unmarshal(body, &a) != nil {
			continue
		}
		out = append(out, a)
	}
	return out, rows.Err()
}
