//go:build unix

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const nonblock = syscall.O_NONBLOCK

// mine returns the owner that a user's own file may have.
func mine() int { return os.Geteuid() }

// checkOwner refuses what somebody but root (or owner) has or may write.
func checkOwner(_ *os.File, fi fs.FileInfo, owner int) error { return checkMode(fi, owner) }

func checkMode(fi fs.FileInfo, owner int) error {
	st, ok := fi.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return errors.New("its owner is not known")
	case st.Uid != 0 && int64(st.Uid) != int64(owner):
		return fmt.Errorf("it belongs to user %d, not to root (sudo chown root)", st.Uid)
	case fi.Mode().Perm()&0o022 != 0 && (!fi.IsDir() || fi.Mode()&os.ModeSticky == 0):
		return fmt.Errorf("others than its owner may write it, its mode is %04o (sudo chmod go-w)", fi.Mode().Perm())
	}
	return nil
}

// checkChain refuses a folder that somebody else could exchange: it and all above it must be root's.
func checkChain(dir string, owner int) error {
	path, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	for ; ; path = filepath.Dir(path) {
		fi, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if !fi.IsDir() {
			return fmt.Errorf("%s is not a folder", path)
		}
		if err := checkMode(fi, owner); err != nil {
			return fmt.Errorf("of %s: %w", path, err)
		}
		if path == filepath.Dir(path) {
			return nil
		}
	}
}
