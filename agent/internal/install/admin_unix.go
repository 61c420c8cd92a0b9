//go:build !windows

package install

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// IsAdministrator reports whether this process may install for all users.
func IsAdministrator() bool { return os.Geteuid() == 0 }

// HowToBecome says how to run a command as administrator.
func HowToBecome(command string) string { return "run: sudo " + command }

// CheckProgram refuses a program that somebody but an administrator could exchange: every user's browser would start it.
func CheckProgram(exe string) error {
	path, err := filepath.EvalSymlinks(exe)
	if err != nil {
		return err
	}
	for ; ; path = filepath.Dir(path) {
		fi, err := os.Lstat(path)
		if err != nil {
			return err
		}
		st, ok := fi.Sys().(*syscall.Stat_t)
		const others, sticky = 0o022, os.ModeSticky // in a sticky folder nobody can exchange what root owns
		if !ok || st.Uid != 0 || fi.Mode().Perm()&others != 0 && fi.Mode()&sticky == 0 && !rootsGroup(fi, st.Gid) {
			return fmt.Errorf("every user's browser would start %s, and others than root can change %s; "+
				"put the programs of minewatch into /usr/local/bin first (sudo install -m 755 minewatch minewatch-host /usr/local/bin)", exe, path)
		}
		if path == filepath.Dir(path) {
			return nil
		}
	}
}

// rootsGroup reports whether only root's own group may write, beside root.
func rootsGroup(fi os.FileInfo, gid uint32) bool { return gid == 0 && fi.Mode().Perm()&0o002 == 0 }
