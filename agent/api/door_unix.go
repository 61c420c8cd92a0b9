//go:build !windows

package api

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// SystemSocket is where the machine's agent listens.
const SystemSocket = "/run/minewatch/agent.sock"

// RuntimeDir returns the folder of this user's socket: $XDG_RUNTIME_DIR/minewatch, or a folder below the user's state
// where the desktop gives no runtime folder. Never /tmp, where another user could be there first.
func RuntimeDir() string {
	if d := os.Getenv("XDG_RUNTIME_DIR"); d != "" {
		return filepath.Join(d, "minewatch")
	}
	return filepath.Join(StateDir(), "run")
}

// StateDir returns the folder of this user's own state: $XDG_STATE_HOME/minewatch or ~/.local/state/minewatch.
func StateDir() string {
	if d := os.Getenv("XDG_STATE_HOME"); d != "" {
		return filepath.Join(d, "minewatch")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = filepath.Join(os.TempDir(), "minewatch-"+strconv.Itoa(os.Getuid()))
	}
	return filepath.Join(home, ".local", "state", "minewatch")
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
