//go:build linux

package desktop

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is the user to whom the desktop belongs.
type account struct {
	name       string
	uid, gid   int
	credential *syscall.Credential // nil: the caller's own
}

// desktopUser returns the caller, or "nobody" where the caller is root.
func desktopUser() (account, error) {
	if os.Geteuid() != 0 {
		u, err := user.Current()
		if err != nil {
			return account{}, err
		}
		return account{name: u.Username, uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return account{}, fmt.Errorf("the desktop of root's tests belongs to an unprivileged user: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return account{}, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return account{}, err
	}
	return account{
		name: u.Username, uid: int(uid), gid: int(gid),
		credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: false},
	}, nil
}

// give makes a file or folder the desktop user's.
func (a account) give(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}
