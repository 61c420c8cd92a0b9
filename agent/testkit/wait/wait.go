// Package wait is how tests and recordings wait for what other processes do: for something to become so, or for a while.
// It runs on the wall clock; what can be waited for in testing/synctest is waited for there.
package wait

import (
	"context"
	"fmt"
	"time"
)

// Step is how often Until looks.
const Step = 100 * time.Millisecond

// Pause waits for d. It returns ctx's cause if ctx ends before.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Until calls ready at once and then every Step until it reports true or an error, or ctx ends. Its error says what was
// waited for, and wraps ready's or ctx's.
func Until(ctx context.Context, what string, ready func() (bool, error)) error {
	return Every(ctx, Step, what, ready)
}

// Every is Until with another step.
func Every(ctx context.Context, step time.Duration, what string, ready func() (bool, error)) error {
	t := time.NewTicker(step)
	defer t.Stop()
	for {
		ok, err := ready()
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
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

// Within is Until for at most that long.
func Within(ctx context.Context, limit time.Duration, what string, ready func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return Until(ctx, what, ready)
}

// TB is the part of testing.TB that For needs, so that programs do not take package testing along.
type TB interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}

// For ends the test unless is reports true within the limit. It also waits while a test is cleaned up, when the test's
// context has ended.
func For(t TB, limit time.Duration, what string, is func() bool) {
	t.Helper()
	if err := Within(context.WithoutCancel(t.Context()), limit, what, func() (bool, error) { return is(), nil }); err != nil {
		t.Fatalf("after %v: %v", limit, err)
	}
}
