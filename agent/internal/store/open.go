package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

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
	root, err := os.OpenRoot(AsFolder(dir))
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
	connector, err := sqlite.NewConnector(location(root, settings))
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
			// SQLite does not say why. What stops it from making its companions stops us too.
			if why := prepareFiles(root); why != nil {
				err = why
			}
		}
		return nil, unwritable(filepath.Clean(root.Name()), explain(err))
	}
	return db, nil
}

// readOnly opens a file that cannot be written, as it was at the last clean end; nil if that is not possible or not safe.
func readOnly(dir, run string) *Store {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
	root, err := os.OpenRoot(AsFolder(dir))
	if err != nil {
		return nil
	}
	fi, err := root.Lstat(fileName)
	if err == nil && fi.Size() == 0 {
		err = fs.ErrNotExist
	}
	if err == nil {
		err = errors.Join(checkFile(fi), checkFolder(dir, root))
	}
	var connector driver.Connector
	if err == nil {
		connector, err = sqlite.NewConnector(location(root, "mode=ro&immutable=1&_defensive=1&_pragma=trusted_schema(OFF)&_pragma=cache_size(-256)"))
	}
	if err != nil {
		_ = root.Close()
		return nil
	}
	s := &Store{db: sql.OpenDB(connector), root: root, run: run, file: fi}
	s.db.SetMaxOpenConns(1)
	if _, err := s.db.ExecContext(context.Background(), `SELECT kind, user, site, program, since, until FROM consents LIMIT 0`); err != nil {
		_ = s.Close()
		return nil
	}
	return s
}

// location returns the name by which SQLite opens the database in a folder.
func location(root *os.Root, query string) string {
	path := filepath.ToSlash(filepath.Join(root.Name(), fileName))
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query, OmitHost: true}
	return dsn.String()
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

// AsFolder returns a path by which only a folder can be opened: a pipe that lies there would be waited for without end.
func AsFolder(dir string) string { return dir + string(filepath.Separator) + "." }
