//go:build !windows

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

func whoami() string { return "uid " + strconv.Itoa(os.Geteuid()) }

// makeFolder makes the folder if it is missing, whatever the umask, for this user alone.
func makeFolder(dir string) error { return os.MkdirAll(dir, 0o700) }

// checkFolder refuses a folder of somebody else, or one that somebody else put a link to, and closes one that is
// open to others.
func checkFolder(dir string, root *os.Root) error {
	// The folder may be a link that this user or the system made (systemd makes one for a dynamic user), but not one
	// that another user planted to have a folder of ours changed.
	fi, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if uid := owner(fi); uid != os.Geteuid() && (uid != 0 || fi.Mode().Type() != fs.ModeSymlink) {
		return fmt.Errorf("it belongs to another user (uid %d): %w", uid, fs.ErrPermission)
	}
	if fi, err = root.Stat("."); err != nil {
		return err
	}
	if uid := owner(fi); uid != os.Geteuid() {
		return fmt.Errorf("it belongs to another user (uid %d): %w", uid, fs.ErrPermission)
	}
	if fi.Mode().Perm()&0o077 == 0 {
		return nil
	}
	// Never close a folder that others need, such as /etc given by mistake.
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	if _, err := root.Lstat(fileName); err != nil && len(entries) > 0 {
		return fmt.Errorf("it is open to other users (mode %04o) and holds other things; give minewatch a folder of "+
			"its own, or close this one with chmod 700", fi.Mode().Perm())
	}
	return root.Chmod(".", 0o700)
}

// checkFile refuses what is not a plain file of this user.
func checkFile(fi fs.FileInfo) error {
	if !fi.Mode().IsRegular() {
		return errors.New("is not a plain file")
	}
	if uid := owner(fi); uid != os.Geteuid() {
		return fmt.Errorf("belongs to another user (uid %d)", uid)
	}
	return nil
}

// owner returns the uid that a file belongs to, -1 if the system does not say.
func owner(fi fs.FileInfo) int {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return -1
	}
	return int(st.Uid)
}
