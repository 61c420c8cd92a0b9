package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/extension"
)

// Waits of the host: between attempts to reach the agent, and to tell it hello while its stream is being opened.
const (
	firstRetry   = time.Second
	longestRetry = 10 * time.Second
	firstHello   = 50 * time.Millisecond
)

// maxWaitingAnswers bounds what an extension said that the agent has not taken yet.
const maxWaitingAnswers = 64

// manifestName is the name of the file by which a browser knows the program, and of which Firefox tells it the path.
const manifestName = extension.Host + ".json"

// IsHostCall reports whether a browser started the program as a native messaging host, from its arguments without the
// program's name. Browsers of the Chromium family put the calling extension's origin first, whichever extension it is;
// Firefox the path of the manifest and then the extension's id.
func IsHostCall(args []string) bool {
	return len(args) > 0 && (strings.HasPrefix(args[0], "chrome-extension://") || isGeckoCall(args))
}

func isGeckoCall(args []string) bool {
	return len(args) == 2 && filepath.IsAbs(args[0]) && filepath.Base(args[0]) == manifestName
}

// RunHost is the body of a native messaging host: it carries the agent's questions to the extension at the other end
// of in and out, and the answers back. It has no power of its own. It ends without an error when the browser closes in
// or ctx ends; it may then still be blocked in a read of in, so the program should end too.
//
// While the agent is away it keeps trying quietly. A nil client means the first agent that answers, looked for at
// every attempt. Nothing but native messages goes to out.
func RunHost(ctx context.Context, args []string, in io.Reader, out io.Writer, client *api.Client) error {
	if err := checkCaller(args); err != nil {
		return err
	}
	h := &host{out: out, answers: make(chan api.Answer, maxWaitingAnswers), agent: api.Find}
	if client != nil {
		h.agent = func(context.Context) (*api.Client, error) { return client, nil }
	}
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

// checkCaller refuses every extension but ours. The browser checks allowed_origins or allowed_extensions before; a
// second look costs nothing and holds when somebody else wrote a manifest for the program.
func checkCaller(args []string) error {
	switch {
	case len(args) > 0 && args[0] == "chrome-extension://"+extension.ChromiumID+"/":
		return nil
	case isGeckoCall(args) && args[1] == extension.FirefoxID:
		return nil
	}
	return errors.New("only minewatch's own browser extension may start minewatch as its host")
}

// host is a running native messaging host.
type host struct {
	out     io.Writer
	agent   func(context.Context) (*api.Client, error)
	answers chan api.Answer
	gate    gate
	hello   atomic.Pointer[api.Answer] // said once by the extension, told again to every agent
}

// listen takes in what the extension says until the browser closes the line.
func (h *host) listen(in io.Reader) error {
	r := bufio.NewReader(in)
	for {
		body, err := readFrame(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the browser sent what is no message: %w", err)
		}
		if !h.gate.admit() {
			if h.gate.flooded() {
				return fmt.Errorf("the extension sends more than %d messages a second; ending", maxPerSecond)
			}
			continue
		}
		a, err := decodeAnswer(body)
		if err != nil {
			continue // nobody reads a complaint here; the agent counts the answers that are missing
		}
		if a.Type == "hello" {
			h.hello.Store(&a)
		}
		select {
		case h.answers <- a:
		default: // the agent is away or slow, and will ask again
		}
	}
}

// relay serves one agent after another. It only returns when the browser is gone or ctx ends.
func (h *host) relay(ctx context.Context) error {
	for wait := firstRetry; ; wait = min(2*wait, longestRetry) {
		met, err := h.serve(ctx)
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

// serve carries questions and answers until the agent goes away. It reports whether it met one, and returns an error
// when the browser no longer takes questions.
func (h *host) serve(ctx context.Context) (met bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	agent, err := h.agent(ctx)
	if err != nil {
		return false, nil //nolint:nilerr // there is no agent yet; relay tries again
	}
	var accepted atomic.Bool
	var forwarding sync.WaitGroup
	forwarding.Go(func() { h.forward(ctx, agent, &accepted) })
	defer forwarding.Wait()
	defer cancel()
	for q, err := range agent.Questions(ctx) {
		if err != nil {
			break // the agent went away, or was never there
		}
		accepted.Store(true)
		if err := writeFrame(h.out, q); err != nil {
			return true, fmt.Errorf("the browser takes no questions: %w", err)
		}
	}
	return accepted.Load(), nil
}

// forward tells the agent hello, then what the extension says. Answers to an agent before this one are thrown away.
func (h *host) forward(ctx context.Context, agent *api.Client, accepted *atomic.Bool) {
	for len(h.answers) > 0 {
		<-h.answers
	}
	// The agent refuses answers until the stream of questions stands, and the client does not say when it does.
	greet := func(a api.Answer) {
		for wait := firstHello; ; wait = min(2*wait, longestRetry) {
			if agent.Answer(ctx, a) == nil {
				accepted.Store(true)
				return
			}
			if !pause(ctx, wait) {
				return
			}
		}
	}
	if a := h.hello.Load(); a != nil {
		greet(*a)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-h.answers:
			if a.Type == "hello" {
				greet(a)
				continue
			}
			_ = agent.Answer(ctx, a) // if it is lost, the agent asks again
		}
	}
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
