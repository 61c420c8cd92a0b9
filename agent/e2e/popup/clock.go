//go:build linux

package popup

import (
	"context"
	"fmt"
	"time"
)

// now reads the clock: how long real browsers take is part of what is told.
func now() time.Time {
	return time.Now()
}

// patience is how long anything may take on a full machine, alertPatience how long an alert.
const (
	patience      = 20 * time.Second
	alertPatience = 75 * time.Second
)

// await calls is until it reports true or an error, for so long at most.
func await(ctx context.Context, limit time.Duration, what string, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		ok, err := is()
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w", what, context.Cause(ctx))
		case <-t.C:
		}
	}
}
