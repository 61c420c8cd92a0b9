package extensions

import (
	"context"
	"sync"
)

// tasks owns goroutines: each ends with the context it is given, and close waits for all.
type tasks struct {
	ctx    context.Context //nolint:containedctx // its goroutines outlive whoever starts them, and end with it
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

func newTasks() *tasks {
	t := &tasks{}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// run calls do in a goroutine, and reports false without doing so after close.
func (t *tasks) run(do func(ctx context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.running.Go(func() { do(t.ctx) })
	return true
}

func (t *tasks) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	t.running.Wait()
}
