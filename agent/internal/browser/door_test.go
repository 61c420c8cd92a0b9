//go:build linux

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// door is the agent's end of the line: the two endpoints that a host uses, over a real socket.
type door struct {
	bridge *Bridge
	socket string
}

// newDoor returns a door that is still shut.
func newDoor(t *testing.T, bridge *Bridge) *door {
	t.Helper()
	dir, err := os.MkdirTemp("", "minewatch") //nolint:usetesting // its path may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &door{bridge: bridge, socket: filepath.Join(dir, "agent.sock")}
}

// open lets hosts in until shut is called.
func (d *door) open(t *testing.T) (shut func()) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "unix", d.socket)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/browser/questions", d.questions)
	mux.HandleFunc("POST /v1/browser/answers", d.answers)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ConnContext: withCaller}
	go func() { _ = server.Serve(listener) }()
	shut = sync.OnceFunc(func() { _ = server.Close() })
	t.Cleanup(shut)
	return shut
}

func (d *door) questions(w http.ResponseWriter, r *http.Request) {
	peer, err := ResolvePeer(callerOf(r))
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	questions, detach, err := d.bridge.Attach(peer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusTooManyRequests)
		return
	}
	defer detach()
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case q, ok := <-questions:
			if !ok {
				return
			}
			line, _ := json.Marshal(q)
			fmt.Fprintf(w, "data: %s\n\n", line)
			_ = http.NewResponseController(w).Flush()
		}
	}
}

func (d *door) answers(w http.ResponseWriter, r *http.Request) {
	var a api.Answer
	err := json.NewDecoder(r.Body).Decode(&a)
	if err == nil {
		err = d.bridge.Answer(callerOf(r), a)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

type callerKey struct{}

// withCaller notes the process at the other end of a connection, as the kernel knows it.
func withCaller(ctx context.Context, c net.Conn) context.Context {
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		return ctx
	}
	_ = raw.Control(func(fd uintptr) {
		if cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			ctx = context.WithValue(ctx, callerKey{}, cred.Pid)
		}
	})
	return ctx
}

func callerOf(r *http.Request) int32 {
	pid, _ := r.Context().Value(callerKey{}).(int32)
	return pid
}
