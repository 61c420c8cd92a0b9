package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What a caller can do about an error, which wraps one of these or none: then the same call may succeed later.
var (
	// ErrTooMany: the user, or the whole machine, has as much as is kept.
	ErrTooMany = errors.New("as much as is kept for one user is stored; take something back first")
	// ErrInvalid: this can never be stored, so trying again is of no use.
	ErrInvalid = errors.New("it cannot be stored")
	// ErrStale: the file is gone, replaced, damaged or no longer writable; Close the store and Open it again.
	ErrStale = errors.New("the database must be opened again")
)

// invalid says why something can never be stored.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}

// resultCode returns SQLite's primary result code, 0 for other errors.
func resultCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// hinted is an error of SQLite with what a person can do about it.
type hinted struct {
	hint  string
	stale bool
	err   error
}

func (h *hinted) Error() string { return fmt.Sprintf("%s (%v)", h.hint, h.err) }
func (h *hinted) Unwrap() error { return h.err }

// Is makes the error match ErrStale.
func (h *hinted) Is(target error) bool { return h.stale && target == ErrStale }

// explain adds what to do to SQLite's errors that a person can do something about.
func explain(err error) error {
	switch resultCode(err) {
	case sqlite3.SQLITE_FULL:
		return &hinted{"the disk is full; free some space", false, err}
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return &hinted{"the state folder cannot be written", true, err}
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return &hinted{"another program holds the history file open for writing; end it", false, err}
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &hinted{"the history file is damaged; it will be set aside", true, err}
	case sqlite3.SQLITE_IOERR:
		return &hinted{"the disk reported an error or is full; check it and free some space", true, err}
	}
	return err
}

// unwritable says that the folder cannot be used, and what to do where err does not say so itself.
func unwritable(dir string, err error) error {
	err = fmt.Errorf("the state folder %s cannot be used: %w", dir, err)
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w; the disk is full, or has no room for one more file: free some space", err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w; mount the disk writable, or name another folder", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; let it belong to the user who runs minewatch (%s) and be writable, or name another folder",
			err, whoami())
	}
	return err
}
