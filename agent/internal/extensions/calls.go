package extensions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
)

// maxCalls bounds the requests to one extension that wait for a response.
const maxCalls = 512

// Why a request has no response.
var (
	errSilent    = errors.New("the extension did not answer in time")
	errGone      = errors.New("the extension went away before it answered")
	errMalformed = errors.New("the extension's response is malformed")
)

// calls are the requests to one extension that wait for a response. It starts no goroutine: callers wait.
type calls struct {
	mu    sync.Mutex
	last  int64
	open  map[int64]chan nm.Message
	ended bool
}

// begin returns the id of a new request and where its response will be; that channel is closed when the extension goes
// away.
func (c *calls) begin() (int64, <-chan nm.Message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return 0, nil, errGone
	}
	if len(c.open) >= maxCalls {
		return 0, nil, errSilent
	}
	if c.open == nil {
		c.open = map[int64]chan nm.Message{}
	}
	c.last++
	response := make(chan nm.Message, 1)
	c.open[c.last] = response
	return c.last, response, nil
}

// settle takes a response and reports whether a request waited for it.
func (c *calls) settle(m nm.Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	response, ok := c.open[m.ID]
	if ok {
		delete(c.open, m.ID)
		response <- m
	}
	return ok
}

// forget gives a request up.
func (c *calls) forget(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, id)
}

// end fails all requests, now and later.
func (c *calls) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for id, response := range c.open {
		delete(c.open, id)
		close(response)
	}
}

// call sends a request to one extension and waits for its response, which clean checks. The errors are errSilent,
// errGone, errMalformed (all perhaps wrapped) and those of refusal.
func call[R any](ctx context.Context, l *link, method string, params any, clean func(*R) error) (R, error) {
	var none, result R
	id, response, err := l.calls.begin()
	if err != nil {
		return none, err
	}
	defer l.calls.forget(id)
	body, err := nm.Encode(nm.Message{ID: id, Method: method}, params, nil, nm.MaxToExtension)
	if err != nil {
		return none, err
	}
	if !l.enqueue(body) {
		return none, errSilent
	}
	select {
	case <-ctx.Done():
		return none, fmt.Errorf("%w: %w", errSilent, ctx.Err())
	case m, ok := <-response:
		if !ok {
			return none, errGone
		}
		if m.Error != nil {
			return none, refusal(m.Error.Code)
		}
		err := json.Unmarshal(m.Result, &result)
		if err == nil && clean != nil {
			err = clean(&result)
		}
		if err != nil {
			l.drop(fmt.Errorf("a malformed response to %s: %w", method, err))
			return none, fmt.Errorf("%w: %w", errMalformed, err)
		}
		return result, nil
	}
}

// outcome is what came of one extension's part of a broadcast.
type outcome[R any] struct {
	from   *link
	result R
	err    error
}

// broadcast sends a request to several extensions at once. The outcome of each comes by the channel, which has room for
// all: a caller who has heard enough may leave, and late responses are still expected then.
func broadcast[R any](t *tasks, links []*link, within time.Duration, method string, params any, clean func(*R) error) <-chan outcome[R] {
	out := make(chan outcome[R], len(links))
	for _, l := range links {
		started := t.run(func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, within)
			defer cancel()
			result, err := call(ctx, l, method, params, clean)
			out <- outcome[R]{l, result, err}
		})
		if !started {
			out <- outcome[R]{from: l, err: errSilent}
		}
	}
	return out
}
