package extensions

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
)

// The limits of one connection.
const (
	maxQueued   = 32               // messages that a host has not taken yet
	frameWithin = 10 * time.Second // from a message's first byte to its last
	takeWithin  = 5 * time.Second  // for a host to take a message: a slower one is cut off
	atOnce      = 4                // popup requests being answered
)

var (
	errFlood      = fmt.Errorf("more than %d messages a second", nm.MaxPerSecond)
	errUnexpected = errors.New("a response to a request never sent, or too late")
	errUnknown    = errors.New("a message of no known method")
	errSecond     = errors.New("a second hello")
	errNoEnd      = errors.New("a message that did not end in time, or was too long")
)

// link is one connection: a native messaging host and the extension behind it.
type link struct {
	Peer
	log   *zap.Logger
	user  *user
	out   chan []byte
	calls calls
	cut   context.CancelFunc // ends the connection

	mu      sync.Mutex
	hello   hello
	strays  int  // messages thrown away
	grumble bool // one was logged
}

// hello is what is known of the extension.
type hello struct {
	greeted   bool // it said a hello that was accepted
	extension string
	browser   string // geckoBrowser or ""
	measures  bool   // pages can be taken through the memory step
	update    string // as api.BrowserStatus.Update
}

func (l *link) said() hello {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hello
}

// serve holds the conversation over a connection until either side or ctx ends it. Its goroutines have ended when it
// returns.
func (l *link) serve(ctx context.Context, conn net.Conn, s *Service) {
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = conn.Close() // a host that is gone cannot be told
	})
	var working sync.WaitGroup
	working.Go(func() {
		defer l.cut()
		l.write(ctx, conn)
	})
	requests := &requests{link: l, service: s, working: &working, room: make(chan struct{}, atOnce)}
	l.read(ctx, conn, requests)
	l.cut()
	<-closed
	l.calls.end()
	working.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.strays > 0 {
		l.log.Debug("a browser's host is gone", zap.Int32("pid", l.PID), zap.Int("messages_dropped", l.strays))
	}
}

// enqueue has a message sent, unless too many wait already.
func (l *link) enqueue(body []byte) bool {
	select {
	case l.out <- body:
		return true
	default:
		return false
	}
}

// write sends what is enqueued. A host that does not take a message in time is cut off.
func (l *link) write(ctx context.Context, conn net.Conn) {
	for {
		select {
		case <-ctx.Done():
			return
		case body := <-l.out:
			if conn.SetWriteDeadline(now().Add(takeWithin)) != nil || nm.WriteFrame(conn, body) != nil {
				return
			}
		}
	}
}

// read takes in what the extension says.
func (l *link) read(ctx context.Context, conn net.Conn, r *requests) {
	in := bufio.NewReader(conn)
	for {
		if _, err := in.Peek(1); err != nil { // an extension may say nothing for hours
			return
		}
		if conn.SetReadDeadline(now().Add(frameWithin)) != nil {
			return
		}
		body, err := nm.ReadFrame(in, nm.MaxFromExtension)
		if errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) { // by this side
			return
		}
		if err != nil {
			l.drop(fmt.Errorf("%w (%w)", errNoEnd, err))
			return
		}
		if conn.SetReadDeadline(time.Time{}) != nil {
			return
		}
		// Who says too much is read more slowly: it is the sender who waits, and the agent's work is bounded.
		if !l.user.messages.Allow() {
			l.flooded()
			if l.user.messages.Wait(ctx) != nil {
				return
			}
		}
		l.take(ctx, body, r)
	}
}

// take takes one message.
func (l *link) take(ctx context.Context, body []byte, r *requests) {
	m, err := nm.Parse(body)
	if err != nil {
		if old, ok := errors.AsType[nm.OutdatedError](err); ok && old.Version < nm.Protocol {
			l.outdated()
		}
		l.drop(err)
		return
	}
	greeted := l.said().greeted
	switch {
	case !greeted && m.Method != nm.Hello:
		l.count() // to an agent before this one, it may be
	case m.Method == "":
		if !l.calls.settle(m) {
			l.drop(errUnexpected)
		}
	case m.ID > 0:
		r.take(ctx, m, greeted)
	case m.Method == nm.Measuring:
		var p nm.MeasuringParams
		if err := json.Unmarshal(m.Params, &p); err != nil {
			l.drop(fmt.Errorf("malformed %s: %w", m.Method, err))
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.hello.measures = p.Allowed || l.hello.browser == geckoBrowser
	default:
		l.drop(errUnknown)
	}
}

// greet notes what a hello says.
func (l *link) greet(p *nm.HelloParams) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hello = hello{
		greeted: true, extension: p.Extension, browser: p.Browser, measures: p.Measures || p.Browser == geckoBrowser,
	}
}

// outdated notes that the extension is too old to be understood.
func (l *link) outdated() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hello.update = updateExtension
}

func (l *link) count() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.strays++
}

// flooded notes that too much is said; before hello there is nothing to complain of.
func (l *link) flooded() {
	if l.said().greeted {
		l.drop(errFlood)
	}
}

// drop counts a message thrown away and says so once a host: a line a message would fill the log.
func (l *link) drop(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.strays++
	if l.grumble || !l.user.lines.Allow() {
		return
	}
	l.grumble = true
	l.log.Warn("dropping messages of a browser's extension; further ones are only counted",
		zap.String("browser", l.Browser), zap.Int32("pid", l.PID), zap.Error(err))
}

// event sends what needs no response. It is lost if the extension is not there.
func (l *link) event(method string, params any) {
	if !l.said().greeted {
		return
	}
	if body, err := nm.Encode(nm.Message{Method: method}, params, nil, nm.MaxToExtension); err == nil {
		l.enqueue(body)
	}
}
