//go:build linux

package main

import (
	"context"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// now reads the wall clock: a recording happens in real time, there is no source to take it from.
func now() time.Time {
	return time.Now()
}

func waitUntil(ctx context.Context, t time.Time) error { return wait.Pause(ctx, t.Sub(now())) }

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
