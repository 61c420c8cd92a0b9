// Package devtools starts a browser of the Chromium family in a profile of its own and speaks its debugging protocol
// with it over a pair of pipes: no port is opened that another program could use.
//
// What arrives was shaped by the pages that the browser shows, so every message is bounded, and decoded only into what
// the caller asks for. The protocol's own Go types (cdproto) are not used: they refuse events with values that are newer
// than they are, and only some thirty commands are needed here.
package devtools

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// maxMessage is the longest message that is read, in bytes: a profile of two seconds takes 0.1 MB, a screenshot 2 MB.
	maxMessage = 32 << 20
	// maxQueued bounds the commands that wait for the browser to read them.
	maxQueued = 4096
	// patience bounds a call whose context has no end of its own.
	patience = 30 * time.Second
)

// ErrClosed is the error of a call to a browser that has ended.
var ErrClosed = errors.New("the browser has ended")

// Error is what the browser answers to a command that it does not carry out.
type Error struct {
	Method  string
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("the browser refused %s: %s", e.Method, e.Message) }

// Event is something that happened in the browser.
type Event struct {
	// Session is that of the page or worker, empty for the browser itself.
	Session, Method string
	Params          json.RawMessage
}

// Line is the connection to one browser. Its methods are safe for concurrent use.
type Line struct {
	out    chan []byte
	closed chan struct{}
	once   sync.Once
	why    error

	mu      sync.Mutex
	next    int64
	waiting map[int64]chan answer
	// hear is called for every event, one at a time and in their order. It must not wait for an answer.
	hear func(Event)
}

type answer struct {
	result json.RawMessage
	err    error
}

// message is all that is looked at of a message before it is known whose it is.
type message struct {
	ID        int64           `json:"id"`
	SessionID string          `json:"sessionId"`
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	Result    json.RawMessage `json:"result"`
	Error     *Error          `json:"error"`
}

// NewLine speaks over a pair of pipes; hear receives the events and must not block. The line ends when either pipe does.
func NewLine(in io.Reader, out io.WriteCloser, hear func(Event)) *Line {
	l := &Line{out: make(chan []byte, maxQueued), closed: make(chan struct{}), waiting: map[int64]chan answer{}, hear: hear}
	go l.write(out)
	go l.read(in)
	return l
}

// Hear replaces the receiver of events.
func (l *Line) Hear(hear func(Event)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hear = hear
}

// Closed is closed when the line has ended.
func (l *Line) Closed() <-chan struct{} { return l.closed }

func (l *Line) end(why error) {
	l.once.Do(func() {
		l.why = why
		close(l.closed)
	})
}

func (l *Line) write(out io.WriteCloser) {
	defer out.Close()
	for {
		select {
		case <-l.closed:
			return
		case m := <-l.out:
			if _, err := out.Write(m); err != nil {
				l.end(ErrClosed)
				return
			}
		}
	}
}

func (l *Line) read(in io.Reader) {
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 0, 64<<10), maxMessage)
	s.Split(splitNUL)
	for s.Scan() {
		var m message
		if json.Unmarshal(s.Bytes(), &m) != nil {
			continue // one message that makes no sense is no reason to give up the others
		}
		l.take(&m)
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		l.end(fmt.Errorf("the browser sent a message of more than %d MB", maxMessage>>20))
		return
	}
	l.end(ErrClosed)
}

// splitNUL splits what Chromium writes: each message ends with a NUL byte.
func splitNUL(data []byte, atEOF bool) (advance int, token []byte, err error) {
	for i, b := range data {
		if b == 0 {
			return i + 1, data[:i], nil
		}
	}
	if atEOF {
		return len(data), nil, nil // half a message
	}
	return 0, nil, nil
}

func (l *Line) take(m *message) {
	l.mu.Lock()
	hear := l.hear
	waiting := l.waiting[m.ID]
	delete(l.waiting, m.ID)
	l.mu.Unlock()
	switch {
	case m.Method != "":
		if hear != nil {
			hear(Event{Session: m.SessionID, Method: m.Method, Params: append(json.RawMessage(nil), m.Params...)})
		}
	case waiting == nil: // answers to Post
	case m.Error != nil:
		waiting <- answer{err: m.Error}
	default:
		waiting <- answer{result: append(json.RawMessage(nil), m.Result...)}
	}
}

// Post sends a command and does not wait for its answer. A browser that reads nothing any more loses it.
func (l *Line) Post(session, method string, params any) {
	_, _ = l.send(session, method, params, nil)
}

func (l *Line) send(session, method string, params any, to chan answer) (int64, error) {
	l.mu.Lock()
	l.next++
	id := l.next
	if to != nil {
		l.waiting[id] = to
	}
	l.mu.Unlock()
	if params == nil {
		params = struct{}{}
	}
	text, err := json.Marshal(struct {
		ID        int64  `json:"id"`
		SessionID string `json:"sessionId,omitempty"`
		Method    string `json:"method"`
		Params    any    `json:"params"`
	}{id, session, method, params})
	if err != nil {
		return id, err
	}
	select {
	case <-l.closed:
		return id, l.why
	case l.out <- append(text, 0):
		return id, nil
	default:
		l.end(errors.New("the browser does not read its commands any more"))
		return id, l.why
	}
}

// Call sends a command to a session, empty for the browser itself, and waits for the answer, which is decoded into out
// unless that is nil. It waits 30 s at most, or until ctx ends.
func (l *Line) Call(ctx context.Context, session, method string, params, out any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	to := make(chan answer, 1)
	id, err := l.send(session, method, params, to)
	forget := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.waiting, id)
	}
	if err != nil {
		forget()
		return err
	}
	select {
	case a := <-to:
		if refused, ok := errors.AsType[*Error](a.err); ok {
			refused.Method = method
			return refused
		}
		if a.err != nil || out == nil {
			return a.err
		}
		if err := json.Unmarshal(a.result, out); err != nil {
			return fmt.Errorf("the browser's answer to %s: %w", method, err)
		}
		return nil
	case <-l.closed:
		forget()
		return l.why
	case <-ctx.Done():
		forget()
		return fmt.Errorf("the browser did not answer to %s: %w", method, ctx.Err())
	}
}
