//go:build !windows

package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// SystemSocket is where the machine's agent listens.
const SystemSocket = "/run/minewatch/agent.sock"

// RuntimeDir returns the folder of this user's socket: $XDG_RUNTIME_DIR/minewatch, or a folder below the user's state
// where the desktop gives no runtime folder. Never one in /tmp, where another user could be there first.
func RuntimeDir() (string, error) {
	if d := os.Getenv("XDG_RUNTIME_DIR"); d != "" {
		return below("XDG_RUNTIME_DIR", d, "minewatch")
	}
	state, err := StateDir()
	return filepath.Join(state, "run"), err
}

// StateDir returns the folder of this user's own state: $XDG_STATE_HOME/minewatch or ~/.local/state/minewatch. It is an
// error if neither is known: a folder that depends on where a program was started would be another each time.
func StateDir() (string, error) {
	if d := os.Getenv("XDG_STATE_HOME"); d != "" {
		return below("XDG_STATE_HOME", d, "minewatch")
	}
	home := os.Getenv("HOME")
	if home == "" {
		return "", errors.New("HOME is not set, so there is no folder of your own: set it, or name folders with --state and --socket")
	}
	return below("HOME", home, ".local", "state", "minewatch")
}

// below returns a path below the folder that an environment variable names.
func below(variable, folder string, names ...string) (string, error) {
	if !filepath.IsAbs(folder) {
		return "", fmt.Errorf("%s is %q, which is no absolute path: set it to one, or unset it", variable, folder)
	}
	return filepath.Join(append([]string{folder}, names...)...), nil
}

// dialDoor connects to the socket, after checking that it belongs to this user or to root: anybody else who listens
// there is an impostor.
func dialDoor(ctx context.Context, socket string) (net.Conn, error) {
	fi, err := os.Stat(socket)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: err}
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok || (st.Uid != 0 && int(st.Uid) != os.Getuid() && os.Getuid() != 0) {
		return nil, fmt.Errorf("%s belongs to another user (uid %d); not speaking to it", socket, st.Uid)
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", socket)
}
