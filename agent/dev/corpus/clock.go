//go:build linux

package main

import (
	"context"
	"fmt"
	"time"
)

// now reads the wall clock: a recording happens in real time, there is no source to take it from.
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

func waitUntil(ctx context.Context, t time.Time) error { return pause(ctx, t.Sub(now())) }

// every calls ready again and again until it reports true or an error, or ctx ends.
func every(ctx context.Context, step time.Duration, what string, ready func() (bool, error)) error {
	t := time.NewTicker(step)
	defer t.Stop()
	for {
		ok, err := ready()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w", what, context.Cause(ctx))
		case <-t.C:
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
