//go:build linux

package attribution

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/internal/extensions"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/server"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/heuristics"
)

// agent is the part of the agent that names processes: the sampler that finds browsers, the service that speaks with
// their extensions, and the local API that hosts come to.
type agent struct {
	server.Agent // what no host asks for panics, which the server answers by itself

	extensions *extensions.Service
	sampler    *sampler.Sampler
	socket     string
	stop       context.CancelFunc
	ended      chan error
}

// nobody is asked by the sampler: which page a process runs is asked when the scenario comes to it, whatever is busy.
type nobody struct{}

func (nobody) Ask(heuristics.ProcessID, heuristics.ProcessID, int) {}
func (nobody) Answers() []heuristics.Renderer                      { return nil }

// parts is how much goes on at once: the local API and the sampler.
const parts = 2

// startAgent opens the local API in the desktop's folder and begins to sample.
func startAgent(ctx context.Context, d *desktop.Desktop) (*agent, error) {
	ctx, cancel := context.WithCancel(ctx)
	a := &agent{
		sampler: sampler.New(sampler.Options{Owners: nobody{}}), socket: filepath.Join(d.Dir(), "api", "agent.sock"),
		stop: cancel, ended: make(chan error, parts),
	}
	a.extensions = extensions.New(extensions.Options{Log: zap.NewNop(), Renderers: a.sampler.Renderers})
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
	a.extensions.Close()
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

// env leads the browsers' hosts to the local API.
func (a *agent) env() []string { return []string{"MINEWATCH_SOCKET=" + a.socket} }

// Extension holds the conversation with the extension behind a host.
func (a *agent) Extension(ctx context.Context, c server.Caller, accept func() (net.Conn, error)) error {
	return a.extensions.Serve(ctx, c.User, c.PID, accept)
}

// connected counts the profiles of the browser that have said hello.
func (a *agent) connected(root heuristics.ProcessID) (n int) {
	for _, s := range a.extensions.Status("") {
		if s.PID == root.PID && s.Extension != "" {
			n++
		}
	}
	return n
}
