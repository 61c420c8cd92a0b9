//go:build linux

package attribution

import (
	"context"
	"fmt"
	"time"
)

// now reads the clock: how long real browsers take is what is measured.
func now() time.Time {
	return time.Now()
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// patience is how long a browser may take for one thing on a full machine.
const patience = time.Minute

// await calls is until it reports true or an error, for a minute at most.
func await(ctx context.Context, what string, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		ok, err := is()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if ok {
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("waited in vain for %s: %w", what, err)
		}
	}
}
