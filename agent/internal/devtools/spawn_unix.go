//go:build unix

package devtools

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is whom the browser runs as; nil: the caller.
type account struct{ uid, gid uint32 }

// unprivileged returns the account for a browser that root starts: who called sudo, else nobody.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nil is the caller
	}
	number := func(text string) (uint32, bool) {
		n, err := strconv.ParseUint(text, 10, 32)
		return uint32(n), err == nil && n != 0
	}
	if uid, ok := number(os.Getenv("SUDO_UID")); ok {
		if gid, ok := number(os.Getenv("SUDO_GID")); ok {
			return &account{uid, gid}, nil
		}
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, errors.New("as root the browser would run without its sandbox, and there is no user nobody: run this as an ordinary user")
	}
	uid, ok1 := number(u.Uid)
	gid, ok2 := number(u.Gid)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("the user nobody has the ids %s and %s: run this as an ordinary user", u.Uid, u.Gid)
	}
	return &account{uid, gid}, nil
}

func (a *account) give(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// spawn starts the browser with the two pipes at 3 and 4.
func (b *Browser) spawn(as *account) (io.ReadCloser, io.WriteCloser, error) {
	theirIn, out, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	in, theirOut, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, theirIn.Close(), out.Close())
	}
	b.command.Args = append(b.command.Args, "--remote-debugging-pipe")
	b.command.ExtraFiles = []*os.File{theirIn, theirOut}
	b.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if as != nil {
		b.command.SysProcAttr.Credential = &syscall.Credential{Uid: as.uid, Gid: as.gid}
	}
	dieWithUs(b.command.SysProcAttr)
	err = b.command.Start()
	err = errors.Join(err, theirIn.Close(), theirOut.Close())
	if err != nil {
		return nil, nil, errors.Join(err, in.Close(), out.Close())
	}
	return in, out, nil
}

// killRest ends all that runs in the browser's process group, which holds its helpers.
func (b *Browser) killRest() { _ = syscall.Kill(-b.command.Process.Pid, syscall.SIGKILL) }
