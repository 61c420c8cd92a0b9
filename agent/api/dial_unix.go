//go:build linux || darwin

package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
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

// dial connects to the socket, after checking that the file and whoever listens there belong to this user or to root:
// anybody else is an impostor. Root speaks with root alone.
func dial(ctx context.Context, socket string) (net.Conn, error) {
	fi, err := os.Stat(socket)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: err}
	}
	if st, ok := fi.Sys().(*syscall.Stat_t); !ok || !trusted(st.Uid) {
		return nil, impostor(socket, st.Uid)
	}
	conn, err := patiently(ctx, func() (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	})
	if err != nil {
		return nil, err
	}
	// The file may have been exchanged since: the kernel knows who listens.
	if uid, err := ownerOf(conn); err != nil || !trusted(uid) {
		_ = conn.Close() // the first error matters
		if err != nil {
			return nil, fmt.Errorf("the kernel does not say who listens at %s: %w", socket, err)
		}
		return nil, impostor(socket, uid)
	}
	return conn, nil
}

func trusted(uid uint32) bool { return uid == 0 || int(uid) == os.Getuid() }

func impostor(socket string, uid uint32) error {
	if os.Getuid() == 0 {
		return fmt.Errorf("%s belongs to another user (uid %d), and root does not speak with what users run; ask as that user: sudo -u '#%d' minewatch …", socket, uid, uid)
	}
	return fmt.Errorf("%s belongs to another user (uid %d); not speaking to it", socket, uid)
}

// patiently tries again while the agent's queue of callers is full, for two seconds at most: that is a busy agent, and
// not one that does not run.
func patiently(ctx context.Context, connect func() (net.Conn, error)) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for pause := 10 * time.Millisecond; ; pause *= 2 {
		conn, err := connect()
		if !errors.Is(err, syscall.EAGAIN) {
			return conn, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("the agent has too many callers at the moment, try again: %w", err)
		case <-timer.C:
		}
	}
}
