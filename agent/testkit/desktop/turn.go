//go:build linux

package desktop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// turnTimeout is how long a desktop waits for its turn: longer than any test should take.
const turnTimeout = 5 * time.Minute

// takeTurn locks a file that all desktops of the machine share, and waits until it can. Tests of several packages run
// at the same time and as the same user: the agent of one would rightly raise alerts about the load of another.
func takeTurn(ctx context.Context) (*os.File, error) {
	path := filepath.Join(os.TempDir(), "minewatch-desktop.lock")
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		// Read access is enough for a lock, so that a file made by root serves every user.
		f, err = os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o644)
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	err = wait.Every(ctx, 200*time.Millisecond, "another test desktop to close", func() (bool, error) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		f.Close() // nothing was written
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}
