//go:build linux

package extensions

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/internal/fault"
	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/agent/internal/server"
	"github.com/minewatch/minewatch/heuristics"
)

// localAPI is the agent's local API as far as hosts use it: the real one, over a real socket.
type localAPI struct {
	server.Agent // hosts ask for nothing else

	service *Service
	socket  string
}

// newLocalAPI returns one that is not open yet.
func newLocalAPI(t *testing.T, service *Service) *localAPI {
	t.Helper()
	dir, err := os.MkdirTemp("", "minewatch") //nolint:usetesting // its path may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &localAPI{service: service, socket: filepath.Join(dir, "agent.sock")}
}

// Extension is of server.Agent.
func (a *localAPI) Extension(ctx context.Context, c server.Caller, accept func() (net.Conn, error)) error {
	return a.service.Serve(ctx, c.User, c.PID, accept)
}

// open lets hosts in until shut is called.
func (a *localAPI) open(t *testing.T) (shut func()) {
	t.Helper()
	listener, err := server.Listen(a.socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener, a, zap.NewNop()) }()
	shut = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the local API ended with %v", err)
		}
	})
	t.Cleanup(shut)
	return shut
}

// TestWholeLine runs a conversation from a host's standard input to the service and back, through the real local API:
// hello, a request and its response, an agent that goes away and comes back, and the end.
func TestWholeLine(t *testing.T) {
	service := newService(t, Options{})
	local := newLocalAPI(t, service)
	inReader, in := io.Pipe()
	out, outWriter := io.Pipe()
	done := make(chan error, 1)
	dial := func(ctx context.Context) (io.ReadWriteCloser, error) {
		return api.New(local.socket).ExtensionChannel(ctx)
	}
	go func() {
		done <- nm.RunHost(t.Context(), []string{"chrome-extension://" + extension.ChromiumID + "/"}, inReader, outWriter, dial)
	}()
	say := func(body string) {
		t.Helper()
		if err := nm.WriteFrame(in, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	hear := func() nm.Message {
		t.Helper()
		body, err := nm.ReadFrame(out, nm.MaxToExtension)
		if err != nil {
			t.Fatal(err)
		}
		m, err := nm.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	found := func(state string) {
		t.Helper()
		if got := hear(); got.Method != nm.AgentState || !strings.Contains(string(got.Params), state) {
			t.Fatalf("heard %+v, want %s", got, state)
		}
	}
	self, err := ResolvePeer(int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	exchange := func(renderer int) {
		t.Helper()
		found(nm.AgentConnected)
		say(`{"id":1,"method":"hello","params":{"protocol":2,"extension":"0.1.0"}}`)
		if m := hear(); m.ID != 1 || m.Result == nil {
			t.Fatalf("hello was answered by %+v", m)
		}
		service.Ask(proc, self.Root, renderer)
		q := hear()
		if q.Method != nm.RendererFrames || string(q.Params) != fmt.Sprintf(`{"renderer":%d}`, renderer) {
			t.Errorf("heard %+v", q)
		}
		say(fmt.Sprintf(`{"id":%d,"result":{"last":"https://a.test"}}`, q.ID))
		var got []heuristics.Renderer
		eventually(t, "the answer", func() bool { got = service.Answers(); return len(got) > 0 })
		if diff := cmp.Diff([]heuristics.Renderer{{Process: proc, LastOrigin: "https://a.test"}}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	found(nm.AgentAbsent)
	shut := local.open(t)
	exchange(12)
	shut()
	found(nm.AgentAbsent)
	if n := len(service.Status("")); n > 0 {
		t.Errorf("%d hosts are left", n)
	}
	for range 200 { // what is said to nobody neither blocks nor reaches the next agent
		say(`{"id":9,"result":{}}`)
	}
	local.open(t)
	exchange(13)
	for _, n := range strays(service) {
		if n > 0 {
			t.Errorf("the next agent was told %d messages to the one before", n)
		}
	}
	_ = in.Close()
	if err := <-done; err != nil {
		t.Errorf("the browser closed the line, the host says %v", err)
	}
}

// Who is no browser's host is told so, before the connection is given to it.
func TestStrangersAreRefused(t *testing.T) {
	service := newService(t, Options{})
	for name, c := range map[string]struct {
		user string
		pid  int32
	}{
		"another user":   {"65533", int32(os.Getpid())},
		"init":           {"0", 1},
		"no process":     {"0", 1 << 30},
		"no pid at all":  {"0", 0},
		"a negative one": {"0", -1},
	} {
		err := service.Serve(t.Context(), c.user, c.pid, func() (net.Conn, error) {
			t.Errorf("%s was let in", name)
			return nil, errTest
		})
		if fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}
