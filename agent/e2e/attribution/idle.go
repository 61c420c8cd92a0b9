//go:build linux

package attribution

import (
	"context"
	"time"
)

// Idle is to come.
func Idle(ctx context.Context, r *Result, o Options, length time.Duration) error { return nil }
