//go:build unix

package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/testkit/programs"
)

const nobody = programs.Nobody

// child returns this test program in another role, as another user if uid is not 0.
func child(t *testing.T, role string, uid uint32, args ...string) *exec.Cmd {
	t.Helper()
	cmd, err := programs.Self(t.Context(), roleVar+"="+role, uid, args...)
	must(t, err)
	return cmd
}

// clientRole speaks to an agent and prints what it hears.
func clientRole(path string) {
	ctx := context.Background()
	c := api.New(path)
	status, err := c.Status(ctx)
	fmt.Println("status", status.Socket, err)
	list, err := c.Alerts(ctx, 0)
	fmt.Print("alerts")
	for _, a := range list {
		fmt.Print(" ", a.ID)
	}
	fmt.Println("", err)
	fmt.Println("close", c.CloseTab(ctx, "r-1"))
	_, err = c.Allow(ctx, api.Allowance{Site: "a.test", User: "0"})
	fmt.Println("allow for another", err)
	a, err := c.Allow(ctx, api.Allowance{Site: "a.test"})
	fmt.Println("allow", a.User, err)
}

// rawRole asks an agent without our client and prints the answer.
func rawRole(path string) {
	var d net.Dialer
	conn, err := d.DialContext(context.Background(), "unix", path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprint(conn, "GET /v1/status HTTP/1.1\r\nHost: minewatch\r\nConnection: close\r\n\r\n")
	io.Copy(os.Stdout, conn)
}

// agentRole serves an agent until it is killed.
func agentRole(path string) {
	ln, err := Listen(path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("listening")
	fmt.Println(Serve(context.Background(), ln, newFakeAgent(), zap.NewNop()))
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// reachable returns a folder that every user can reach.
func reachable(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(dir, 0o755))
	return dir
}

func TestAnotherUserOfTheMachinesAgent(t *testing.T) {
	needRoot(t)
	agent := newFakeAgent()
	s := serveAt(t, filepath.Join(reachable(t), "agent.sock"), agent, defaults())
	cmd := child(t, "client", nobody, s.path)
	out, err := cmd.Output()
	must(t, err)
	want := `status 65534 <nil>
alerts n-1 <nil>
close there is no such alert
allow for another only an administrator may speak for another user
allow 65534 <nil>
`
	if string(out) != want {
		t.Errorf("another user saw\n%s\nwant\n%s", out, want)
	}
	heard := strings.Join(agent.said(), "\n")
	if !strings.HasPrefix(heard, fmt.Sprintf("65534 status pid %d admin false\n", cmd.Process.Pid)) {
		t.Errorf("the agent heard\n%s", heard)
	}
	list, err := s.client.Alerts(t.Context(), 0)
	if err != nil || len(list) != 2 {
		t.Errorf("root saw %v, %v", list, err)
	}
}

// The socket of a user's own agent opens to the user and to root, even if its folder and its mode let others in.
func TestAnotherUserOfAUsersAgent(t *testing.T) {
	needRoot(t)
	dir := filepath.Join(reachable(t), "run")
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.Chown(dir, nobody, nobody))
	path := filepath.Join(dir, "agent.sock")
	startAgent(t, path, nobody)
	if fi, err := os.Lstat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", fi, err)
	}
	must(t, os.Chmod(path, 0o666))
	if status, sentence := raw(t, &served{path: path}, "GET /v1/status HTTP/1.1\r\nHost: minewatch\r\n\r\n"); status != 200 {
		t.Errorf("root: %d %s", status, sentence)
	}
	if out, err := child(t, "client", nobody, path).Output(); err != nil || !strings.HasPrefix(string(out), "status 65534 <nil>") {
		t.Errorf("the user: %s, %v", out, err)
	}
	out, err := child(t, "raw", 65533, path).Output() // our client refuses first, by the socket's owner
	if err != nil || !strings.HasPrefix(string(out), "HTTP/1.1 403 ") || !strings.Contains(string(out), "belongs to another user") {
		t.Errorf("another user: %s, %v", out, err)
	}
}

func TestUidIsChecked(t *testing.T) {
	h := &handler{owner: "1000", rates: newRates()}
	for _, c := range []struct {
		caller Caller
		ok     bool
	}{
		{Caller{User: "1000"}, true},
		{Caller{User: "0", Admin: true}, true},
		{Caller{User: "1001"}, false},
		{Caller{User: "65534"}, false},
		{Caller{}, false},
	} {
		ctx := withCaller(t.Context(), &callerConn{caller: c.caller})
		r := newRequest(ctx)
		if err := h.admit(r); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.caller, err)
		}
	}
	if err := h.admit(newRequest(t.Context())); err == nil {
		t.Error("a request without a caller was let in")
	}
}

func newRequest(ctx context.Context) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://minewatch/v1/status", nil)
	if err != nil {
		panic(err)
	}
	return r
}
