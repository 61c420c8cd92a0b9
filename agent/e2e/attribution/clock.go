//go:build linux

package attribution

import (
	"context"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// now reads the clock: how long real browsers take is what is measured.
func now() time.Time {
	return time.Now()
}

// patience is how long a browser may take for one thing on a full machine.
const patience = time.Minute

// await waits for something that a browser does, as long as it may take.
func await(ctx context.Context, what string, is func() (bool, error)) error {
	return wait.Within(ctx, patience, what, is)
}
