package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// schemaVersion is kept in the file's user_version; a higher one was written by a newer minewatch.
const schemaVersion = 1

const schema = `
CREATE TABLE alerts (
	id      TEXT NOT NULL PRIMARY KEY,
	user    TEXT NOT NULL,
	site    TEXT NOT NULL,
	state   TEXT NOT NULL,
	started INTEGER NOT NULL, -- µs since 1970, as all times here
	updated INTEGER NOT NULL,
	body    TEXT NOT NULL     -- api.Alert as JSON
) STRICT;
CREATE INDEX alerts_started ON alerts (started);
CREATE INDEX alerts_updated ON alerts (updated);
CREATE INDEX alerts_open ON alerts (state) WHERE state <> 'resolved';
CREATE TABLE consents (
	kind    TEXT NOT NULL,    -- allowance or snooze
	user    TEXT NOT NULL,
	site    TEXT NOT NULL,    -- either the site or the program is empty
	program TEXT NOT NULL,
	since   INTEGER,
	until   INTEGER,          -- NULL: for good
	PRIMARY KEY (kind, user, site, program)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;`

// settings hold for the one connection. None of them touches the file.
const settings = "_defensive=1&_txlock=immediate" +
	"&_pragma=busy_timeout(2000)" + // ms; an alert that waits longer is told without being stored
	"&_pragma=synchronous(FULL)" + // a change outlives a power cut
	"&_pragma=cache_size(-256)" + // KiB
	"&_pragma=temp_store(MEMORY)" +
	"&_pragma=trusted_schema(OFF)" +
	"&_pragma=secure_delete(ON)" + // a site that was pruned is not left in free pages
	"&_pragma=journal_size_limit(1048576)"

// maxAside is how many damaged files are kept: a disk that fails for weeks must not fill up with them.
const maxAside = 3

// damage says what is wrong with a file that must be set aside.
type damage struct{ what string }

func (d *damage) Error() string { return d.what }

// openFolder makes and checks the state folder and the files in it, so that SQLite only meets files of ours.
func openFolder(dir string) (*os.Root, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := makeFolder(dir); err != nil {
		return nil, unwritable(dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, unwritable(dir, err)
	}
	err = checkFolder(dir, root)
	if err == nil {
		err = prepareFiles(root)
	}
	if err != nil {
		_ = root.Close() // the first error matters
		return nil, unwritable(dir, err)
	}
	return root, nil
}

// prepareFiles sees that the database is there, that it and its companions are plain files of this user (a planted
// link, FIFO or device is refused), and that nobody else may read them. SQLite gives new companions the same mode.
func prepareFiles(root *os.Root) error {
	const probe = fileName + ".probe" // SQLite would open a file in a read-only folder and fail only later
	f, err := root.OpenFile(probe, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		f, err = nil, nil // left by a run that was killed
	}
	if err == nil && f != nil {
		err = f.Close()
	}
	if err == nil {
		err = root.Remove(probe)
	}
	if err != nil {
		return err
	}
	f, err = root.OpenFile(fileName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	for _, name := range files(fileName) {
		fi, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := checkFile(fi); err != nil {
			return fmt.Errorf("%s %w; look at it and move it away", name, err)
		}
		if fi.Mode().Perm()&0o077 != 0 {
			if err := root.Chmod(name, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// files returns the names of a database and of the companions that SQLite may put beside it.
func files(name string) []string {
	return []string{name, name + "-wal", name + "-shm", name + "-journal"}
}

// openFile opens the database, brings it to the present schema and checks it. The error is a *damage if the file must
// be set aside.
func openFile(root *os.Root) (*sql.DB, error) {
	path := filepath.ToSlash(filepath.Join(root.Name(), fileName))
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: settings, OmitHost: true}
	connector, err := sqlite.NewConnector(dsn.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	if err := initialise(db); err != nil {
		_ = db.Close() // the first error matters
		if d := damageOf(err); d != nil {
			return nil, d
		}
		switch resultCode(err) {
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
			return nil, unwritable(root.Name(), fmt.Errorf("%w: %w", fs.ErrPermission, err))
		}
		return nil, unwritable(root.Name(), explain(err))
	}
	return db, nil
}

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
		return create(ctx, db)
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
	for _, q := range []string{
		`SELECT id, user, site, state, started, updated, body FROM alerts LIMIT 0`,
		`SELECT kind, user, site, program, since, until FROM consents LIMIT 0`,
	} {
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

func create(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		_ = tx.Rollback() // the first error matters
		return err
	}
	return tx.Commit()
}

// damageOf returns what is damaged if err says that the file is, else nil.
func damageOf(err error) *damage {
	if d, ok := errors.AsType[*damage](err); ok {
		return d
	}
	switch resultCode(err) {
	case sqlite3.SQLITE_CORRUPT:
		return &damage{"its contents contradict themselves"}
	case sqlite3.SQLITE_NOTADB:
		return &damage{"it is not a database"}
	}
	return nil
}

// resultCode returns SQLite's primary result code, 0 for other errors.
func resultCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// explain adds what to do to SQLite's errors that a person can do something about.
func explain(err error) error {
	var hint string
	switch resultCode(err) {
	case sqlite3.SQLITE_FULL:
		hint = "the disk is full; free some space"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		hint = "the state folder cannot be written"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		hint = "another program holds the history file open for writing"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		hint = "the history file is damaged; restart minewatch, which sets it aside"
	case sqlite3.SQLITE_IOERR:
		hint = "the disk reported an error or is full"
	default:
		return err
	}
	return fmt.Errorf("%s (%w)", hint, err)
}

// unwritable says that the folder cannot be used, and what to do where err does not say so itself.
func unwritable(dir string, err error) error {
	err = fmt.Errorf("the state folder %s cannot be used: %w", dir, err)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w; let it belong to the user who runs minewatch (%s) and be writable, or name another folder",
			err, whoami())
	}
	return err
}

// setAside renames the damaged database with its companions and returns its new name. Of those set aside before it
// keeps the newest.
func setAside(root *os.Root) (string, error) {
	stamp := time.Now().UTC().Format("20060102T150405Z")
	aside := fileName + ".damaged-" + stamp
	for n := 2; ; n++ {
		if _, err := root.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s.damaged-%s-%d", fileName, stamp, n)
	}
	to := files(aside)
	for i, from := range files(fileName) {
		if err := root.Rename(from, to[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if err := dropOldest(root); err != nil {
		return "", err
	}
	return aside, prepareFiles(root)
}

// dropOldest deletes all but the newest damaged files.
func dropOldest(root *os.Root) error {
	names, err := fs.Glob(root.FS(), fileName+".damaged-*Z*")
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n string) bool {
		return strings.HasSuffix(n, "-wal") || strings.HasSuffix(n, "-shm") || strings.HasSuffix(n, "-journal")
	})
	slices.Sort(names)
	for _, old := range names[:max(0, len(names)-maxAside)] {
		for _, name := range files(old) {
			if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
