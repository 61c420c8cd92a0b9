package wait_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/wait"
)

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := wait.Pause(t.Context(), time.Hour); err != nil || time.Since(began) != time.Hour {
			t.Errorf("it took %v, %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := wait.Pause(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Hour+time.Second {
			t.Errorf("after its context has ended: %v, after %v", err, time.Since(began))
		}
	})
}

func TestUntil(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name  string
		after int // looks until it is so
		err   error
		looks int
		took  time.Duration
		want  string
	}{
		{"at once", 1, nil, 1, 0, ""},
		{"after a while", 4, nil, 4, 3 * wait.Step, ""},
		{"an error", 3, broken, 3, 2 * wait.Step, "broken"},
		{"never", 1000, nil, 51, 5 * time.Second, "waited in vain for the tide"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, looks := time.Now(), 0
				err := wait.Within(t.Context(), 5*time.Second+time.Millisecond, "the tide", func() (bool, error) {
					looks++
					if looks == c.after {
						return c.err == nil, c.err
					}
					return false, nil
				})
				if looks != c.looks || time.Since(began).Truncate(wait.Step) != c.took {
					t.Errorf("%d looks in %v, want %d in %v", looks, time.Since(began), c.looks, c.took)
				}
				if (err == nil) != (c.want == "") || !strings.Contains(fmt.Sprint(err), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
			})
		})
	}
}

// recorder is a test that only notes how it failed.
type recorder struct {
	ctx  context.Context //nolint:containedctx // as testing.T has one
	said string
}

func (r *recorder) Helper()                        {}
func (r *recorder) Context() context.Context       { return r.ctx }
func (r *recorder) Fatalf(format string, a ...any) { r.said = fmt.Sprintf(format, a...) }

func TestForFailsItsTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{ctx: t.Context()}
		wait.For(r, time.Minute, "a sign", func() bool { return true })
		if r.said != "" {
			t.Errorf("what is so fails: %s", r.said)
		}
		wait.For(r, time.Minute, "a sign", func() bool { return false })
		if !strings.Contains(r.said, "1m0s") || !strings.Contains(r.said, "a sign") {
			t.Errorf("what never comes says %q", r.said)
		}
	})
}

func TestForWaitsWhileATestIsCleanedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		r, looks := &recorder{ctx: ended}, 0
		wait.For(r, time.Minute, "the last write", func() bool { looks++; return looks == 3 })
		if r.said != "" || looks != 3 {
			t.Errorf("after %d looks: %q", looks, r.said)
		}
	})
}
