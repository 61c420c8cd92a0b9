package server

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/fault"
)

// channel gives a native messaging host its connection for good, once the agent lets it in: from then on it is no longer
// HTTP that is spoken on it.
func (h *handler) channel(w http.ResponseWriter, r *http.Request) {
	c, _ := callerOf(r.Context()) // guard saw it
	if !strings.EqualFold(r.Header.Get("Upgrade"), api.ExtensionProtocol) {
		h.fail(w, r, fault.New(fault.Unsupported, "only a browser's native messaging host may ask for a channel"))
		return
	}
	h.channels.Add(1)
	defer h.channels.Done()
	accepted := false
	err := h.agent.Extension(r.Context(), c, func() (net.Conn, error) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return nil, err
		}
		accepted = true
		if err := h.upgrade(conn); err != nil {
			_ = conn.Close() // the first error matters
			return nil, err
		}
		return &upgraded{Conn: conn, in: buffered.Reader}, nil
	})
	if err != nil && !accepted {
		h.fail(w, r, err)
	}
}

// upgrade says that the connection is the host's from now on, without the deadlines of a request.
func (h *handler) upgrade(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(h.limits.event)); err != nil {
		return err
	}
	_, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+api.ExtensionProtocol+"\r\n\r\n")
	if err != nil {
		return err
	}
	return conn.SetDeadline(time.Time{})
}

// upgraded is a connection of which a part may have been read already.
type upgraded struct {
	net.Conn
	in *bufio.Reader
}

func (u *upgraded) Read(p []byte) (int, error) { return u.in.Read(p) }

// outdatedHost answers a native messaging host of protocol version 1.
func (h *handler) outdatedHost(w http.ResponseWriter, r *http.Request) {
	c, _ := callerOf(r.Context()) // guard saw it
	h.agent.OutdatedHost(r.Context(), c)
	h.fail(w, r, fault.New(fault.Unknown, "this minewatch-host is older than the agent; close all windows of the browser and open it again"))
}
