//go:build !windows

package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/agent/api"
)

// maxPath is the longest path of a socket in bytes that every system takes (macOS: 104 with the final 0).
const maxPath = 103

// listener is a unix socket with the lock that says that an agent lives there.
type listener struct {
	*net.UnixListener
	lock *os.File
}

// Listen opens the local API at a path. It makes the folder if it is missing (open to all for the machine's agent,
// else 0700), and takes over the socket of an agent that died. It is an error if an agent lives there, or if anything
// there belongs to somebody else.
//
// Everybody may connect to the machine's agent (run by root), since each call is judged by who calls. Only the user
// and root may connect to a user's own.
func Listen(path string) (net.Listener, error) {
	if !filepath.IsAbs(path) || path != filepath.Clean(path) || len(path) > maxPath {
		return nil, fmt.Errorf("%q cannot be the agent's socket: give an absolute path of at most %d bytes", path, maxPath)
	}
	dir, name := filepath.Split(path)
	root, err := openFolder(filepath.Clean(dir), path == api.SystemSocket)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	lock, err := takeLock(root, path)
	if err != nil {
		return nil, err
	}
	ln, err := bind(root, path, name)
	if err != nil {
		_ = lock.Close() // the first error matters
		return nil, err
	}
	return &listener{UnixListener: ln, lock: lock}, nil
}

// Close removes the socket and then gives up the lock.
func (l *listener) Close() error {
	return errors.Join(l.UnixListener.Close(), ignoreClosed(l.lock.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil // http.Server closes its listener more than once
	}
	return err
}

// openFolder makes the folder of the socket if it is missing, and refuses one in which others could put a socket of
// theirs.
func openFolder(dir string, public bool) (*os.Root, error) {
	mode := fs.FileMode(0o700)
	if public {
		mode = 0o755
	}
	if err := os.MkdirAll(filepath.Dir(dir), mode); err != nil {
		return nil, fmt.Errorf("the folder of the agent's socket cannot be made: %w", err)
	}
	err := os.Mkdir(dir, mode)
	made := err == nil
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("the folder of the agent's socket cannot be made: %w", err)
	}
	fi, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		return nil, fmt.Errorf("%s is not a folder (%v); move it away", dir, fi.Mode().Type())
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	opened, err := root.Stat(".")
	if err == nil && !os.SameFile(fi, opened) {
		err = fmt.Errorf("%s was replaced while it was looked at", dir)
	}
	if err == nil {
		err = checkFolder(dir, opened)
	}
	if err == nil && made && public {
		err = root.Chmod(".", mode) // whatever the umask, users must reach the socket
	}
	if err != nil {
		_ = root.Close() // the first error matters
		return nil, err
	}
	return root, nil
}

func checkFolder(dir string, fi fs.FileInfo) error {
	uid, gid := ids(fi)
	if uid != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user (uid %d); not listening there", dir, uid)
	}
	if perm := fi.Mode().Perm(); perm&0o002 != 0 || (perm&0o020 != 0 && gid != os.Getegid()) {
		return fmt.Errorf("others may write to %s (mode %04o); not listening there: close it with chmod go-w", dir, perm)
	}
	return nil
}

// takeLock takes the lock that an agent holds as long as it lives, and that two agents which start at the same moment
// cannot both get.
func takeLock(root *os.Root, path string) (*os.File, error) {
	name := filepath.Base(path) + ".lock"
	if fi, err := root.Lstat(name); err == nil && !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%s.lock is not a plain file (%v); move it away", path, fi.Mode().Type())
	}
	f, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600) // closed to others, who could hold the lock
	if err != nil {
		return nil, fmt.Errorf("the agent's lock cannot be opened: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close() // nothing was written
	if !errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("the agent's lock cannot be taken: %w", err)
	}
	if pid, err := whoListens(path); err == nil {
		return nil, running(path, pid)
	}
	return nil, fmt.Errorf("another minewatch agent is just starting or stopping at %s; try again in a moment", path)
}

// bind opens the socket, in place of one that nobody listens at any more.
func bind(root *os.Root, path, name string) (*net.UnixListener, error) {
	fi, err := root.Lstat(name)
	switch uid, _ := ids(fi); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case fi.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%s is there and is not a socket (%v); move it away", path, fi.Mode().Type())
	case uid != os.Geteuid():
		return nil, fmt.Errorf("%s belongs to another user (uid %d); not touching it", path, uid)
	default:
		pid, err := whoListens(path)
		if err == nil {
			return nil, running(path, pid)
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, fmt.Errorf("%s is there and it cannot be seen whether an agent listens: %w", path, err)
		}
		if err := root.Remove(name); err != nil {
			return nil, fmt.Errorf("the socket of an agent that died cannot be removed: %w", err)
		}
	}
	var lc net.ListenConfig
	made, err := lc.Listen(context.Background(), "unix", path) // does not wait for anything
	if err != nil {
		return nil, fmt.Errorf("the agent's socket cannot be opened: %w", err)
	}
	ln := made.(*net.UnixListener)
	mode := fs.FileMode(0o600)
	if os.Geteuid() == 0 {
		mode = 0o666
	}
	if fi, err = root.Lstat(name); err == nil && fi.Mode().Type() != fs.ModeSocket {
		err = fmt.Errorf("%s was replaced while it was opened", path)
	}
	if err == nil {
		err = root.Chmod(name, mode)
	}
	if err != nil {
		_ = ln.Close() // the first error matters
		return nil, err
	}
	return ln, nil
}

// whoListens returns the process that listens at a socket; the error wraps ECONNREFUSED if none does.
func whoListens(path string) (pid int32, err error) {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(context.Background(), "unix", path) // bounded by Timeout
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	c, err := identify(conn)
	return c.PID, err
}

func running(path string, pid int32) error {
	who := ""
	if pid > 0 {
		who = " (pid " + strconv.Itoa(int(pid)) + ")"
	}
	return fmt.Errorf("another minewatch agent%s is already running at %s; stop it or use it with `minewatch status`", who, path)
}

// ids returns the owner and the group of a file, -1 where they are unknown.
func ids(fi fs.FileInfo) (uid, gid int) {
	if fi == nil {
		return -1, -1
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return -1, -1
	}
	return int(st.Uid), int(st.Gid)
}

// owner returns the user of a user's own agent, empty for the machine's.
func owner() string {
	if uid := os.Geteuid(); uid != 0 {
		return strconv.Itoa(uid)
	}
	return ""
}

// control runs f on the descriptor of a socket.
func control(conn net.Conn, f func(fd int) error) error {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return fmt.Errorf("a %T has no descriptor", conn)
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Control(func(fd uintptr) { inner = f(int(fd)) })
	return errors.Join(err, inner)
}
