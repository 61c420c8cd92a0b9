package extensions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

var (
	rootA = heuristics.ProcessID{PID: 100, StartTime: 1}
	rootB = heuristics.ProcessID{PID: 100, StartTime: 2} // the same pid in another life
	proc  = heuristics.ProcessID{PID: 4711, StartTime: 9}
)

// newService returns a service that is closed when the test ends. In a bubble of synctest the test fails if a goroutine
// or a timer is left behind then.
func newService(t *testing.T, o Options) *Service {
	t.Helper()
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	s := New(o)
	t.Cleanup(s.Close)
	return s
}

// measure has the service measure pages on a machine from now on.
func measure(s *Service, m *machine) {
	s.verifier.mu.Lock()
	defer s.verifier.mu.Unlock()
	s.verifier.machine = m
}

// trusts returns what is known of the numbers of each extension under a root.
func trusts(s *Service, root heuristics.ProcessID) []trust {
	var out []trust
	for _, l := range s.registry.under(root) {
		s.verifier.mu.Lock()
		n := s.verifier.of[l]
		if n == nil {
			n = &numbers{}
		}
		out = append(out, n.trust)
		s.verifier.mu.Unlock()
	}
	return out
}

// golden returns a message that the extension's tests read as well.
func golden(tb testing.TB, method, name string) nm.Message {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "protocol", method+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ Messages map[string]json.RawMessage }
	if err := json.Unmarshal(data, &file); err != nil {
		tb.Fatal(err)
	}
	var message bytes.Buffer // as it is sent
	if err := json.Compact(&message, file.Messages[name]); err != nil {
		tb.Fatal(err)
	}
	m, err := nm.Parse(message.Bytes())
	if err != nil {
		tb.Fatalf("%s %s: %v", method, name, err)
	}
	return m
}

// profile is one host with its extension, as the tests play them.
type profile struct {
	t       *testing.T
	pid     int32
	conn    net.Conn
	heard   chan nm.Message // what the agent sent
	ended   chan error
	service *Service
}

// connect plays a host whose extension has said nothing yet.
func connect(t *testing.T, s *Service, peer Peer) *profile {
	t.Helper()
	theirs, ours := net.Pipe()
	p := &profile{t: t, pid: peer.PID, conn: theirs, heard: make(chan nm.Message, 4096), ended: make(chan error, 1), service: s}
	go func() {
		p.ended <- s.serve(context.Background(), peer, func() (net.Conn, error) { return ours, nil })
	}()
	return p
}

// listen notes what the agent sends.
func (p *profile) listen() {
	go func() {
		defer close(p.heard)
		for {
			body, err := nm.ReadFrame(p.conn, nm.MaxToExtension)
			if err != nil {
				return
			}
			m, err := nm.Parse(body)
			if err != nil {
				p.t.Errorf("the agent sent %q: %v", body, err)
				return
			}
			p.heard <- m
		}
	}()
}

func peerOf(pid int32, root heuristics.ProcessID) Peer {
	return Peer{PID: pid, Root: root, User: "1000", Browser: "chromium"}
}

// attach plays a host whose extension has said hello, in these words.
func attach(t *testing.T, s *Service, pid int32, root heuristics.ProcessID, hello string) *profile {
	t.Helper()
	p := connect(t, s, peerOf(pid, root))
	p.listen()
	p.send(golden(t, nm.Hello, hello))
	if got := p.next(); got.Result == nil {
		t.Fatalf("hello was answered by %+v", got)
	}
	return p
}

// say sends bytes as one message.
func (p *profile) say(body string) {
	p.t.Helper()
	if err := nm.WriteFrame(p.conn, []byte(body)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *profile) send(m nm.Message) {
	p.t.Helper()
	body, err := nm.Encode(m, nil, nil, nm.MaxFromExtension)
	if err != nil {
		p.t.Fatal(err)
	}
	p.say(string(body))
}

// next returns the message that has come.
func (p *profile) next() nm.Message {
	p.t.Helper()
	synctest.Wait()
	select {
	case m := <-p.heard:
		return m
	default:
		p.t.Fatal("no message has come")
		return nm.Message{}
	}
}

func (p *profile) none() {
	p.t.Helper()
	synctest.Wait()
	select {
	case m, ok := <-p.heard:
		p.t.Fatalf("a message has come: %+v (%v)", m, ok)
	default:
	}
}

// respond sends the result of a request, or an error's code.
func (p *profile) respond(request nm.Message, result any, code string) {
	p.t.Helper()
	m := nm.Message{ID: request.ID}
	if code != "" {
		m.Error, result = &nm.Error{Code: code}, nil
	}
	body, err := nm.Encode(m, nil, result, nm.MaxFromExtension)
	if err != nil {
		p.t.Fatal(err)
	}
	p.say(string(body))
	synctest.Wait()
}

// frames answers a request with frames of origins, or with the last origin if there are none.
func (p *profile) frames(request nm.Message, last string, origins ...string) {
	p.t.Helper()
	r := nm.FramesResult{Last: last}
	for i, o := range origins {
		r.Frames = append(r.Frames, nm.Frame{Tab: int64(p.pid), Frame: int64(i), Origin: o, Top: o})
	}
	p.respond(request, r, "")
}

func (p *profile) done(request nm.Message, code string) {
	p.t.Helper()
	p.respond(request, nm.None{}, code)
}

// leave closes the connection and waits until the agent has noticed.
func (p *profile) leave() {
	p.t.Helper()
	_ = p.conn.Close()
	if err := <-p.ended; err != nil {
		p.t.Errorf("the conversation ended with %v", err)
	}
	synctest.Wait()
}

// strays returns how many messages of each host were thrown away.
func strays(s *Service) map[int32]int {
	out := map[int32]int{}
	for _, l := range s.registry.all(func(*link) bool { return true }) {
		l.mu.Lock()
		out[l.PID] = l.strays
		l.mu.Unlock()
	}
	return out
}

// said returns what came of the asks, in short.
func said(s *Service) []string {
	synctest.Wait()
	var out []string
	for _, r := range s.Answers() {
		var names []string
		for _, f := range r.Frames {
			names = append(names, f.Origin)
		}
		out = append(out, fmt.Sprintf("%d: %s; %s", r.Process.PID, strings.Join(names, " "), r.LastOrigin))
	}
	return out
}

func expect(t *testing.T, s *Service, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, said(s)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

// quiet checks that nothing is kept once all time is over.
func quiet(t *testing.T, s *Service) {
	t.Helper()
	time.Sleep(time.Minute)
	synctest.Wait()
	s.Answers() // what is too old goes at the next question or look
	s.lookup.mu.Lock()
	defer s.lookup.mu.Unlock()
	open := s.lookup.running
	for _, l := range s.registry.all(func(*link) bool { return true }) {
		l.calls.mu.Lock()
		open += len(l.calls.open)
		l.calls.mu.Unlock()
	}
	if open+len(s.lookup.recent) > 0 {
		t.Errorf("left behind: %d open, %d recent", open, len(s.lookup.recent))
	}
}

var errTest = errors.New("as a test")
