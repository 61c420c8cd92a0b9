//go:build linux

package attribution

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/browser"
	"github.com/minewatch/minewatch/agent/internal/fault"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/server"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/heuristics"
)

// agent is the part of the agent that names processes: the sampler that finds browsers, the bridge to their extensions,
// and the door that hosts come through.
type agent struct {
	server.Agent // what no host asks for panics, which the door answers by itself

	bridge  *browser.Bridge
	sampler *sampler.Sampler
	socket  string
	stop    context.CancelFunc
	ended   chan error
}

// nobody is asked by the sampler: who lives where is asked when the scenario comes to it, whatever is busy.
type nobody struct{}

func (nobody) Ask(heuristics.ProcessID, heuristics.ProcessID, int) {}
func (nobody) Answers() []heuristics.Renderer                      { return nil }

// parts is how much goes on at once: the door and the sampler.
const parts = 2

// startAgent opens the door in the desktop's folder and begins to sample.
func startAgent(ctx context.Context, d *desktop.Desktop) (*agent, error) {
	ctx, cancel := context.WithCancel(ctx)
	bridge := browser.NewBridge(zap.NewNop())
	a := &agent{
		bridge: bridge, sampler: sampler.New(sampler.Options{Owners: nobody{}}), socket: filepath.Join(d.Dir(), "door", "agent.sock"),
		stop: cancel, ended: make(chan error, parts),
	}
	bridge.Measure(a.sampler.Renderers)
	if err := os.Mkdir(filepath.Dir(a.socket), 0o755); err != nil { // the browsers belong to another user
		cancel()
		return nil, err
	}
	listener, err := server.Listen(a.socket)
	if err != nil {
		cancel()
		return nil, err
	}
	go func() { a.ended <- server.Serve(ctx, listener, a, zap.NewNop()) }()
	go func() { a.ended <- sample(ctx, a.sampler) }()
	return a, nil
}

// close ends it.
func (a *agent) close() error {
	a.stop()
	var err error
	for range parts {
		err = errors.Join(err, <-a.ended)
	}
	return err
}

// sample keeps the sampler going until ctx ends. What is hot does not matter here, only which processes there are.
func sample(ctx context.Context, s *sampler.Sampler) error {
	for _, err := range s.Source(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

// env leads the browsers' hosts to the door.
func (a *agent) env() []string { return []string{"MINEWATCH_SOCKET=" + a.socket} }

// Status is asked by hosts that look for an agent.
func (a *agent) Status(context.Context, server.Caller) api.Status {
	return api.Status{Type: "status", APIVersion: api.Version, Watching: true}
}

// Questions lets a host in.
func (a *agent) Questions(ctx context.Context, c server.Caller) (iter.Seq[api.Question], error) {
	peer, err := browser.ResolvePeer(c.PID)
	if err != nil {
		return nil, fault.New(fault.Forbidden, err.Error())
	}
	questions, detach, err := a.bridge.Attach(peer)
	if err != nil {
		return nil, fault.New(fault.TooMany, err.Error())
	}
	return func(yield func(api.Question) bool) {
		defer detach()
		for {
			select {
			case <-ctx.Done():
				return
			case q, ok := <-questions:
				if !ok || !yield(q) {
					return
				}
			}
		}
	}, nil
}

// Answer passes on what an extension said.
func (a *agent) Answer(c server.Caller, said api.Answer) error { return a.bridge.Answer(c.PID, said) }

// connected counts the profiles of the browser that have said hello.
func (a *agent) connected(root heuristics.ProcessID) (n int) {
	for _, s := range a.bridge.Status("") {
		if s.PID == root.PID && s.Extension != "" {
			n++
		}
	}
	return n
}
