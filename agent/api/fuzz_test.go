package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// answeringClient returns a client of something that answers every request with these bytes and hangs up.
func answeringClient(answer []byte) *Client {
	connect := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if req, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
				_, _ = io.Copy(io.Discard, req.Body)
				_, _ = theirs.Write(answer)
			}
		}()
		return ours, nil
	}
	return &Client{socket: "/run/x", http: httpClient(&http.Transport{DialContext: connect, DisableKeepAlives: true})}
}

func ok(body string) []byte {
	return []byte("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
}

// FuzzAnswer lets an impostor answer each call with anything: the client ends, with a status of its own version, with
// values, or with an error.
func FuzzAnswer(f *testing.F) {
	f.Add(ok(`{"type":"status","api_version":1,"pid":5}`))
	f.Add(ok(`[{"type":"alert","id":"a","state":"firing"}]`))
	f.Add([]byte("HTTP/1.1 403 Forbidden\r\nContent-Length: 40\r\n\r\n{\"error\":\"no\\u001b[31m\",\"code\":\"forbidden\"}"))
	f.Add([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\n\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		c := answeringClient(answer)
		if s, err := c.Status(t.Context()); err == nil && s.APIVersion != Version {
			t.Errorf("a status of version %d was taken", s.APIVersion)
		}
		if all, err := c.Alerts(t.Context(), 0); err != nil && errors.Is(err, ErrNotRunning) && len(all) > 0 {
			t.Errorf("%d alerts of an agent that does not run", len(all))
		}
		if err := c.CloseTab(t.Context(), "x/../y"); err != nil {
			if e, refused := errors.AsType[*Error](err); refused && (e.Message == "" || len(e.Message) > maxEvent) {
				t.Errorf("a refusal of %d bytes", len(e.Message))
			}
		}
		if channel, err := c.ExtensionChannel(t.Context()); err == nil {
			_ = channel.Close()
		}
	})
}

// FuzzEvents reads any bytes as a stream of events: each yields one event at most, and an error comes last.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("data: {\"alert\":{\"id\":\"a\",\"t_s\":1}}\n\n: still here\n\ndata: {\"live\":{\"hot\":[]}}\n\n"))
	f.Add([]byte("data: {\n\n"))
	f.Add([]byte("event: x\ndata:{}\r\n\r\ndata: null\ndata: \"\x1b[2J\"\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		seen, ended := 0, error(nil)
		for _, err := range answeringClient(ok(string(body))).Events(t.Context(), true, &TrayStatus{Mode: "icon", Detail: "&live=1"}) {
			if ended != nil {
				t.Fatalf("an event after %v", ended)
			}
			if ended = err; err == nil {
				seen++
			}
		}
		if ended == nil || seen > bytes.Count(body, []byte("data: ")) {
			t.Errorf("%d events of %q, and %v at the end", seen, body, ended)
		}
	})
}

// The client believes no answer that sends it elsewhere: a request that acts is not repeated there.
func TestRedirectsAreNotFollowed(t *testing.T) {
	answer := []byte("HTTP/1.1 307 Temporary Redirect\r\nLocation: /v1/alerts/other/close-tab\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	c := answeringClient(answer)
	err := c.CloseTab(t.Context(), "mine")
	if e, refused := errors.AsType[*Error](err); !refused || e.Status != http.StatusTemporaryRedirect || !strings.Contains(e.Message, "307") {
		t.Errorf("%v", err)
	}
}
