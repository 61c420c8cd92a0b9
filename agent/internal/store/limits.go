package store

import (
	"context"
	"database/sql"
	"slices"
)

// What is kept at most. A user's share is bounded, and when all is full it is the one who has most who loses the oldest:
// nobody can push out what others have.
const (
	maxUserAlerts, maxUserAlertBytes = 2_000, 4 << 20
	maxAlerts, maxAlertsBytes        = 5_000, 16 << 20
	// Allowances and snoozes count apart for a user, together for all.
	maxUserConsents, maxUserConsentBytes = 1_000, 256 << 10
	maxConsents, maxConsentsBytes        = 20_000, 4 << 20
)

// What one row holds at most, in bytes.
const (
	// maxID bounds an alert's id.
	maxID = 256
	// maxAlertBytes bounds one alert as JSON.
	maxAlertBytes = 64 << 10
	// maxSite bounds a site: a DNS name has at most 253, and pages of the browser keep their scheme.
	maxSite = 512
	// maxProgram bounds the path of a program; Linux ends paths there.
	maxProgram = 4096
	// maxUser bounds a uid or SID.
	maxUser = 256
)

// usage is how much one user has stored.
type usage struct {
	user        string
	rows, bytes int
}

// usageOf returns, for each user, the two sums that a query selects by user.
func usageOf(ctx context.Context, tx *sql.Tx, query string) ([]usage, error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []usage
	for rows.Next() {
		var u usage
		if err := rows.Scan(&u.user, &u.rows, &u.bytes); err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, rows.Err()
}

// fairShare returns the most that each may have, so that together they have no more than total and who has less keeps
// all: the level of water poured over the users' amounts.
func fairShare(amounts []int, total int) int {
	sorted := slices.Sorted(slices.Values(amounts))
	for i, n := range sorted {
		share := total / (len(sorted) - i)
		if n > share {
			return share
		}
		total -= n
	}
	return max(total, slices.Max(append(sorted, 0))) // all fits
}

// shares returns the most rows and bytes that each user may have, within what all may have.
func shares(all []usage, rows, bytes int) (userRows, userBytes int) {
	r, b := make([]int, len(all)), make([]int, len(all))
	for i, u := range all {
		r[i], b[i] = u.rows, u.bytes
	}
	return fairShare(r, rows), fairShare(b, bytes)
}

const alertUsage = `SELECT user, count(*), sum(bytes) FROM alerts GROUP BY user`

// trimAlerts deletes the oldest alerts of those users who have more than their share of so many rows and bytes. Open
// alerts stay.
func trimAlerts(ctx context.Context, tx *sql.Tx, maxRows, maxBytes int) error {
	all, err := usageOf(ctx, tx, alertUsage)
	if err != nil {
		return err
	}
	rows, bytes := shares(all, maxRows, maxBytes)
	rows, bytes = min(rows, maxUserAlerts), min(bytes, maxUserAlertBytes)
	for _, u := range all {
		if u.rows <= rows && u.bytes <= bytes {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM alerts WHERE state = 'resolved' AND rowid IN (SELECT id FROM (
			SELECT rowid AS id, row_number() OVER newest AS n, sum(bytes) OVER newest AS total FROM alerts WHERE user = ?
			WINDOW newest AS (ORDER BY updated DESC, rowid DESC ROWS UNBOUNDED PRECEDING))
			WHERE n > ? OR total > ?)`, u.user, rows, bytes); err != nil {
			return err
		}
	}
	return nil
}

const consentUsage = `SELECT user, count(*), sum(octet_length(site) + octet_length(program)) FROM consents GROUP BY user`

// trimConsents deletes the oldest allowances and snoozes of those who have more than their share, or returns ErrTooMany
// if that is the user who adds one.
func trimConsents(ctx context.Context, tx *sql.Tx, adding string) error {
	all, err := usageOf(ctx, tx, consentUsage)
	if err != nil {
		return err
	}
	rows, bytes := shares(all, maxConsents, maxConsentsBytes)
	for _, u := range all {
		switch {
		case u.rows <= rows && u.bytes <= bytes:
			continue
		case u.user == adding:
			return ErrTooMany
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM consents WHERE (kind, user, site, program) IN (
			SELECT kind, user, site, program FROM (SELECT *, row_number() OVER newest AS n,
				sum(octet_length(site) + octet_length(program)) OVER newest AS total FROM consents WHERE user = ?
				WINDOW newest AS (ORDER BY since DESC, site, program, kind ROWS UNBOUNDED PRECEDING))
			WHERE n > ? OR total > ?)`, u.user, rows, bytes); err != nil {
			return err
		}
	}
	return nil
}
