//go:build unix

package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

const upgrade = "GET /v1/browser/channel HTTP/1.1\r\nHost: minewatch\r\nConnection: Upgrade\r\nUpgrade: minewatch-extension\r\n\r\n"

// A channel is a plain connection, in both directions, for as long as either side likes.
func TestChannel(t *testing.T) {
	agent := newFakeAgent()
	lim := defaults()
	lim.body, lim.answer, lim.idle = 50*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond // those of requests
	s := serveAt(t, "", agent, lim)
	channel, err := s.client.ExtensionChannel(t.Context())
	must(t, err)
	echo := func(text string) {
		t.Helper()
		_, err := io.WriteString(channel, text)
		must(t, err)
		got := make([]byte, len(text))
		if _, err := io.ReadFull(channel, got); err != nil || string(got) != text {
			t.Fatalf("%q came back as %q, %v", text, got, err)
		}
	}
	echo("hello")
	time.Sleep(150 * time.Millisecond)
	echo("again")
	if want := fmt.Sprintf("%s extension pid %d", me(), os.Getpid()); agent.said()[0] != want {
		t.Errorf("the agent did not hear %q", want)
	}
	must(t, channel.Close())
	<-agent.gone
	agent.stranger = true
	if _, err := s.client.ExtensionChannel(t.Context()); err == nil || err.Error() != "you are no browser" {
		t.Errorf("a stranger: %v", err)
	}
	if n := s.logs.Len(); n > 0 {
		t.Errorf("%d lines in the log: %v", n, s.logs.All())
	}
}

// What comes right behind the request is not lost, and every channel ends with the agent.
func TestChannelsEndWithTheAgent(t *testing.T) {
	agent := newFakeAgent()
	s := serveAt(t, "", agent, defaults())
	var conns []net.Conn
	for range 5 {
		conn := dial(t, s.path)
		defer conn.Close()
		must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		io.WriteString(conn, upgrade+"early")
		got := make([]byte, 4096)
		n := 0
		for !strings.HasSuffix(string(got[:n]), "\r\n\r\nearly") {
			more, err := conn.Read(got[n:])
			must(t, err)
			n += more
		}
		if !strings.HasPrefix(string(got), "HTTP/1.1 101 ") {
			t.Fatalf("%q", got[:n])
		}
		conns = append(conns, conn)
	}
	began := time.Now()
	s.stop()
	if d := time.Since(began); d > defaults().stop/2 {
		t.Errorf("it took %v to stop", d)
	}
	if n := len(agent.gone); n != len(conns) { // and the agent's part of each is over
		t.Errorf("%d of %d ended", n, len(conns))
	}
	for _, conn := range conns {
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("a channel ended with %v", err)
		}
	}
}

// A channel counts as a connection of its caller until it ends, and a panic ends it alone.
func TestChannelsArePerCaller(t *testing.T) {
	agent := newFakeAgent()
	lim := defaults()
	lim.perCaller = 2
	s := serveAt(t, "", agent, lim)
	first, err := s.client.ExtensionChannel(t.Context())
	must(t, err)
	second, err := s.client.ExtensionChannel(t.Context())
	must(t, err)
	defer second.Close()
	if _, err := s.client.ExtensionChannel(t.Context()); err == nil {
		t.Error("one connection too many was let in")
	}
	io.WriteString(first, "panic")
	<-agent.gone
	// The panic is caught further up than where the agent's part ends.
	waitFor(t, func() bool { return s.logs.FilterMessage("a request at the local API panicked").Len() == 1 })
	waitFor(t, func() bool { _, err := s.client.Status(t.Context()); return err == nil })
}

// Only who asks for a channel gets one, and older hosts are told what to do.
func TestWhoGetsNoChannel(t *testing.T) {
	agent := newFakeAgent()
	s := serveAt(t, "", agent, defaults())
	for name, c := range map[string]struct {
		text   string
		status int
		want   string
	}{
		"no upgrade":      {"GET /v1/browser/channel HTTP/1.1\r\nHost: minewatch\r\n\r\n", http.StatusUnsupportedMediaType, "native messaging host"},
		"another upgrade": {strings.Replace(upgrade, "minewatch-extension", "h2c", 1), http.StatusUnsupportedMediaType, "native messaging host"},
		"posted":          {post("/v1/browser/channel", "{}"), http.StatusNotFound, "does not know POST"},
		"version 1":       {"GET /v1/browser/questions HTTP/1.1\r\nHost: minewatch\r\n\r\n", http.StatusNotFound, "close all windows of the browser"},
		"version 1's":     {post("/v1/browser/answers", "{}"), http.StatusNotFound, "does not know POST"},
	} {
		if status, text := raw(t, s, c.text); status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s: %d %q", name, status, text)
		}
	}
	if said := agent.said(); len(said) != 1 || said[0] != me()+" outdated host" {
		t.Errorf("the agent heard %q", said)
	}
}

// An older agent knows no channels: a host that asks it is told that it is older.
func TestAnOlderAgent(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/agent.sock"
	listener, err := Listen(path)
	must(t, err)
	old := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	go old.Serve(listener)
	defer old.Close()
	if _, err := api.New(path).ExtensionChannel(t.Context()); !errors.Is(err, api.ErrVersion) {
		t.Errorf("got %v", err)
	}
	if _, err := api.New(dir + "/none.sock").ExtensionChannel(t.Context()); !errors.Is(err, api.ErrNotRunning) {
		t.Errorf("got %v", err)
	}
}
