package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

// schemaVersion is kept in the file's user_version; a higher one was written by a newer minewatch.
const schemaVersion = 2

const schema = `
CREATE TABLE alerts (
	id      TEXT NOT NULL PRIMARY KEY,
	run     TEXT NOT NULL,    -- the run of the agent that wrote it: no other may change it
	user    TEXT NOT NULL,
	site    TEXT NOT NULL,
	state   TEXT NOT NULL,
	started INTEGER NOT NULL, -- µs since 1970, as all times here
	updated INTEGER NOT NULL,
	bytes   INTEGER NOT NULL, -- of the body
	body    TEXT NOT NULL     -- api.Alert as JSON
) STRICT;
CREATE INDEX alerts_started ON alerts (started);
CREATE INDEX alerts_updated ON alerts (updated);
CREATE INDEX alerts_open ON alerts (state) WHERE state <> 'resolved';
CREATE INDEX alerts_user ON alerts (user, updated, bytes);
CREATE TABLE consents (
	kind    TEXT NOT NULL,    -- allowance or snooze
	user    TEXT NOT NULL,
	site    TEXT NOT NULL,    -- either the site or the program is empty
	program TEXT NOT NULL,
	since   INTEGER,
	until   INTEGER,          -- NULL: for good
	PRIMARY KEY (kind, user, site, program)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 2;`

// migration returns what brings a file of a version to the next, in one transaction.
func migration(version int) string {
	// 1 to 2: alerts belong to a run, so that no other run replaces them; sizes are known without reading the bodies; what
	// is larger than anything real is dropped.
	return map[int]string{1: `
ALTER TABLE alerts ADD COLUMN run TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
DELETE FROM alerts WHERE octet_length(body) > 65536;
UPDATE alerts SET bytes = octet_length(body);
CREATE INDEX alerts_user ON alerts (user, updated, bytes);
DELETE FROM consents WHERE octet_length(site) > 512 OR octet_length(program) > 4096 OR octet_length(user) > 256;
PRAGMA user_version = 2;`}[version]
}

// initialise checks a file and brings it to the present schema.
func initialise(db *sql.DB) error {
	ctx := context.Background()
	var version int
	// First, and before anything that writes: a file of the future is left as it is.
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if version > schemaVersion {
		return fmt.Errorf("%s was written by a newer minewatch (schema %d, this one knows %d): "+
			"install the newer version again, or move the file away to begin a new history",
			fileName, version, schemaVersion)
	}
	if err := checkContents(ctx, db, version); err != nil {
		return err
	}
	if version == 0 {
		// Takes effect only before the first table; lets Prune give space back.
		if _, err := db.ExecContext(ctx, `PRAGMA auto_vacuum = INCREMENTAL`); err != nil {
			return err
		}
	}
	// A file system without shared memory (some network ones) keeps mode "delete", which is as safe and only slower.
	if _, err := db.ExecContext(ctx, `PRAGMA journal_mode = WAL`); err != nil {
		return err
	}
	if version == 0 {
		return change(ctx, db, schema)
	}
	for ; version < schemaVersion; version++ {
		if err := change(ctx, db, migration(version)); err != nil {
			return fmt.Errorf("%s could not be brought from schema %d to %d: %w", fileName, version, version+1, err)
		}
	}
	return nil
}

// checkContents returns a *damage if the file is not whole or not ours. It changes nothing.
func checkContents(ctx context.Context, db *sql.DB, version int) error {
	var verdict string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		detail := strings.TrimPrefix(strings.Join(strings.Fields(verdict), " "), "*** in database main *** ")
		return &damage{"its contents contradict themselves: " + detail}
	}
	if version == 0 {
		var tables int
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
			return err
		}
		if tables > 0 {
			return &damage{"it is a database of another program"}
		}
		return nil
	}
	alerts := `SELECT id, user, site, state, started, updated, body FROM alerts LIMIT 0`
	if version > 1 {
		alerts = `SELECT id, run, user, site, state, started, updated, bytes, body FROM alerts LIMIT 0`
	}
	for _, q := range []string{alerts, `SELECT kind, user, site, program, since, until FROM consents LIMIT 0`} {
		_, err := db.ExecContext(ctx, q)
		if resultCode(err) == sqlite3.SQLITE_ERROR { // in the SQL: there is no such table or column
			return &damage{"its tables are not those of minewatch"}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// change runs statements in one transaction.
func change(ctx context.Context, db *sql.DB, statements string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, statements); err != nil {
		_ = tx.Rollback() // the first error matters
		return err
	}
	return tx.Commit()
}
