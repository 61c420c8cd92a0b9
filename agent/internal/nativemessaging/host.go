package nativemessaging

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// Waits of the host between attempts to reach the agent.
const (
	firstRetry   = time.Second
	longestRetry = 10 * time.Second
)

// maxQueued bounds what an extension said that the agent has not taken yet.
const maxQueued = 64

// Dial opens a channel to an agent. The error wraps api.ErrVersion if the agent is too old to have one.
type Dial func(ctx context.Context) (io.ReadWriteCloser, error)

// DialAgent is Dial for the first agent of this user, or of the machine, that lets the host in.
func DialAgent(ctx context.Context) (io.ReadWriteCloser, error) {
	sockets, first := api.Sockets()
	for _, socket := range sockets {
		channel, err := api.New(socket).ExtensionChannel(ctx)
		if err == nil {
			return channel, nil
		}
		if first == nil || !errors.Is(err, api.ErrNotRunning) {
			first = err
		}
	}
	return nil, first
}

// RunHost is the body of a native messaging host: it relays messages between the extension at the other end of in and
// out and an agent, whatever they say, and has no power of its own. It ends without an error when the browser closes in
// or ctx ends; it may then still be blocked in a read of in, so the program should end too.
//
// While no agent is there it looks for one again, quietly. The only message of its own is AgentState. Nothing but native
// messages goes to out.
func RunHost(ctx context.Context, args []string, in io.Reader, out io.Writer, dial Dial) error {
	if err := checkCaller(args); err != nil {
		return err
	}
	h := &host{out: out, dial: dial, queue: make(chan []byte, maxQueued)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 2)
	go func() { ended <- h.listen(in) }()
	go func() { ended <- h.relay(ctx) }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		return err
	}
}

// host is a running native messaging host. Only relay writes to out.
type host struct {
	out       io.Writer
	dial      Dial
	connected atomic.Bool
	queue     chan []byte // to the agent
	told      string      // the last AgentState
}

// listen takes in what the extension says until the browser closes the line.
func (h *host) listen(in io.Reader) error {
	r := bufio.NewReader(in)
	limit := newFlood()
	for {
		body, err := ReadFrame(r, MaxFromExtension)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the browser sent a malformed message: %w", err)
		}
		ok, flooded := limit.admit(time.Now())
		if flooded {
			return fmt.Errorf("the extension sends more than %d messages a second; ending", MaxPerSecond)
		}
		if !ok || !h.connected.Load() {
			continue
		}
		select {
		case h.queue <- body:
		default: // the agent is slow, and its requests run out of time
		}
	}
}

// relay serves one agent after another. It only returns when the browser is gone or ctx ends.
func (h *host) relay(ctx context.Context) error {
	for wait := firstRetry; ; wait = min(2*wait, longestRetry) {
		met, err := h.meet(ctx)
		if err != nil {
			return err
		}
		if met {
			wait = firstRetry
		}
		if !pause(ctx, wait) {
			return nil
		}
	}
}

// meet relays messages until the agent goes away. It reports whether one said anything, and returns an error when the
// browser no longer takes messages.
func (h *host) meet(ctx context.Context) (met bool, err error) {
	channel, err := h.dial(ctx)
	if err != nil {
		state := AgentAbsent
		if errors.Is(err, api.ErrVersion) {
			state = AgentOutdated
		}
		return false, h.sendState(state)
	}
	ctx, cancel := context.WithCancel(ctx)
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = channel.Close() // nothing is lost that was not lost before
	})
	var forwarding sync.WaitGroup
	defer func() {
		h.connected.Store(false)
		cancel()
		<-closed
		forwarding.Wait()
	}()
	for len(h.queue) > 0 {
		<-h.queue // for the agent before
	}
	forwarding.Go(func() {
		defer cancel()
		h.forward(ctx, channel)
	})
	h.connected.Store(true)
	if err := h.sendState(AgentConnected); err != nil {
		return false, err
	}
	in := bufio.NewReader(channel)
	for {
		body, err := ReadFrame(in, MaxToExtension)
		if err != nil {
			return met, h.sendState(AgentAbsent) // it went away, or is none of ours
		}
		met = true
		if err := WriteFrame(h.out, body); err != nil {
			return met, fmt.Errorf("the browser takes no messages: %w", err)
		}
	}
}

// forward passes on what the extension says.
func (h *host) forward(ctx context.Context, agent io.Writer) {
	for {
		select {
		case <-ctx.Done():
			return
		case body := <-h.queue:
			if WriteFrame(agent, body) != nil {
				return
			}
		}
	}
}

// sendState tells the extension what the host found, if that is news.
func (h *host) sendState(state string) error {
	if state == h.told {
		return nil
	}
	h.told = state
	body, err := Encode(Message{Method: AgentState}, AgentParams{State: state}, nil, MaxToExtension)
	if err != nil {
		return err
	}
	if err := WriteFrame(h.out, body); err != nil {
		return fmt.Errorf("the browser takes no messages: %w", err)
	}
	return nil
}

// pause waits and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
