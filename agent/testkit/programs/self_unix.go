//go:build unix

package programs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Nobody is the uid of a user who owns nothing.
const Nobody = 65534

// Self returns this test program, to be started once more in another role: with environ ("NAME=role") added to its
// environment, and as another user if uid is not 0. Its standard error is ours.
func Self(ctx context.Context, environ string, uid uint32, args ...string) (*exec.Cmd, error) {
	// Not by its path: the folder it was built in is closed to other users.
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	if _, err := os.Stat(cmd.Path); err != nil {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this program: %w", err)
		}
		cmd = exec.CommandContext(ctx, self, args...)
	}
	cmd.Env = append(os.Environ(), environ)
	cmd.Dir, cmd.Stderr = "/", os.Stderr
	if uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	return cmd, nil
}
