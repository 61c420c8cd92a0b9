// Package extensions is the agent's side of the line to browser extensions. It is four parts, each the owner of its
// goroutines: the registry knows who is connected, calls are the requests in flight, lookup asks which pages a renderer
// process runs, and the verifier sees whether the process numbers that an extension reports are right.
//
// Every extension, page and host on that line is a stranger. What they say is bounded, checked in one place (clean.go),
// and only ever a label to show. See docs/extension-protocol.md.
package extensions

import (
	"context"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/fault"
	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

// Options say what a Service works with.
type Options struct {
	Log *zap.Logger
	// Version is the agent's, told to extensions.
	Version string
	// Popup answers the extension's window; nil refuses what it asks for.
	Popup Popup
	// Renderers has the numbers checked by which extensions tell processes, once per connection, by the memory step, where
	// the browser lets pages be measured. Until then answers from there are held back. If the check cannot be made, those
	// of Firefox are only probable, because its numbers are not documented; those of Chromium are, and are taken as they
	// are. With nil all are.
	Renderers Renderers
}

// Service speaks with the extensions of all browsers. It is safe for concurrent use.
type Service struct {
	options  Options
	alive    func(heuristics.ProcessID) bool
	registry registry
	verifier *verifier
	lookup   *lookup
	acts     *tasks
}

// New returns a service to which nobody is connected. Close must be called.
func New(o Options) *Service {
	s := &Service{options: o, alive: alive, acts: newTasks()}
	s.lookup = newLookup(&s.registry)
	s.verifier = newVerifier(o.Log, o.Renderers, s.lookup.keep)
	s.lookup.verifier = s.verifier
	return s
}

// Close ends all conversations and everything that goes on because of them, and waits for it.
func (s *Service) Close() {
	s.registry.close()
	s.lookup.tasks.close()
	s.verifier.tasks.close()
	s.acts.close()
}

// Serve holds the conversation with the extension behind a native messaging host, until either side ends it or ctx
// ends. The host is the process pid of a user, as the kernel says. accept gives the connection once the host is let in;
// an error before that says why it is not: NotABrowserError, or a sentence on too many.
//
// Of several hosts of one user each gets its turn; when the places for all are taken, a user who holds fewer gets one of
// the user who holds most.
func (s *Service) Serve(ctx context.Context, user string, pid int32, accept func() (net.Conn, error)) error {
	peer, err := resolve(user, pid)
	if err != nil {
		return err
	}
	return s.serve(ctx, peer, accept)
}

func (s *Service) serve(ctx context.Context, peer Peer, accept func() (net.Conn, error)) error {
	ctx, l, leave, err := s.registry.enter(ctx, peer, s.options.Log)
	if err != nil {
		return err
	}
	defer s.verifier.forget(l)
	defer leave()
	conn, err := accept()
	if err != nil {
		return err
	}
	l.serve(ctx, conn, s)
	return nil
}

// RefuseOutdated notes that a host too old for this agent asked for what older agents had.
func (s *Service) RefuseOutdated(user string, pid int32) {
	if peer, err := resolve(user, pid); err == nil {
		s.registry.noteOutdated(peer, now())
	}
}

// resolve returns the host that runs as pid, which must be of that user.
func resolve(user string, pid int32) (Peer, error) {
	peer, err := ResolvePeer(pid)
	if err != nil {
		return Peer{}, fault.Wrap(fault.Forbidden, err, fmt.Sprintf("only a browser may connect its extension: %v", err))
	}
	if peer.User != user {
		return Peer{}, errOtherUser
	}
	return peer, nil
}

// Ask asks which pages a renderer process runs: p, a process of the browser root, which numbers it renderer. It never
// blocks. The answer comes by Answers within answerWithin, or never. A renderer asked about in the last five seconds is
// not asked again.
func (s *Service) Ask(p, root heuristics.ProcessID, renderer int) { s.lookup.ask(p, root, renderer) }

// Answers returns what was answered since the last call, oldest first.
func (s *Service) Answers() []heuristics.Renderer { return s.lookup.answers() }

// Status returns the connected extensions of one user, or of all if user is "", in the order of the browsers' pids.
func (s *Service) Status(user string) []api.BrowserStatus { return s.registry.status(user, now()) }

// Flag tells a browser that an alert fired about one of its renderers, and names its one site.
func (s *Service) Flag(root heuristics.ProcessID, renderer int, site string) {
	for _, l := range s.registry.under(root) {
		l.event(nm.SiteFlagged, nm.FlaggedParams{Renderer: renderer, Site: site})
	}
}

// Unflag tells the browsers of a user that a site is allowed now, or that the allowance was taken back.
func (s *Service) Unflag(user, site string) {
	for _, l := range s.registry.all(func(l *link) bool { return l.User == user }) {
		l.event(nm.SitesUnflagged, nm.UnflaggedParams{Sites: []string{site}})
	}
}

// now is the wall clock, by which deadlines of connections and pauses between questions are kept.
func now() time.Time { return time.Now() }
