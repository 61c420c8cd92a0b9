package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// maxBody bounds what the client reads of one answer, in bytes; maxEvent one server-sent event.
const (
	maxBody  = 16 << 20
	maxEvent = 1 << 20
)

// Client speaks to one agent over its local API. It is safe for concurrent use. What the agent refuses is an *Error; an
// error that wraps ErrNotRunning or os.ErrPermission says that there was no agent to ask, or none for this user.
type Client struct {
	socket string
	http   *http.Client
}

// New returns a client of the agent at the socket (a path; on Windows a pipe's name).
func New(socket string) *Client {
	connect := func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, socket) }
	return &Client{socket: socket, http: httpClient(&http.Transport{
		DialContext: connect, MaxIdleConns: 2, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
	})}
}

// httpClient follows no redirect: an agent sends none, and a request that acts must not be repeated about something else.
func httpClient(t *http.Transport) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Sockets returns the places where an agent of this user may listen, the likeliest first: $MINEWATCH_SOCKET alone if
// it is set, else the user's own agent, then the machine's. The error says why the first of these is not known.
func Sockets() ([]string, error) {
	if s := os.Getenv("MINEWATCH_SOCKET"); s != "" {
		return []string{s}, nil
	}
	own, err := UserSocket()
	if err != nil {
		return []string{SystemSocket}, err
	}
	return []string{own, SystemSocket}, nil
}

// Find returns a client of the first agent that answers, and an error that wraps ErrNotRunning if none does.
func Find(ctx context.Context) (*Client, error) {
	sockets, firstErr := Sockets()
	for _, s := range sockets {
		c := New(s)
		if _, err := c.Status(ctx); err == nil {
			return c, nil
		} else if firstErr == nil || !errors.Is(err, ErrNotRunning) {
			firstErr = err
		}
	}
	return nil, firstErr
}

// Socket returns the place the client speaks to.
func (c *Client) Socket() string { return c.socket }

// Status returns how the agent is, with an error that wraps ErrVersion if it speaks another version of the local API.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	if err := c.call(ctx, http.MethodGet, "/v1/status", nil, &s); err != nil {
		return s, err
	}
	return s, checkVersion(&s)
}

// Alerts returns the caller's alerts that were updated within the given time, oldest first; 0 means all kept.
func (c *Client) Alerts(ctx context.Context, within time.Duration) ([]Alert, error) {
	var out []Alert
	return out, c.call(ctx, http.MethodGet, "/v1/alerts?within_s="+strconv.FormatInt(int64(within/time.Second), 10), nil, &out)
}

// CloseTab closes the tab an alert names. The agent asks the browser again first and refuses when the tab or its
// process is no longer the one that was meant.
func (c *Client) CloseTab(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodPost, "/v1/alerts/"+url.PathEscape(id)+"/close-tab", nil, nil)
}

// ShowTab brings the tab an alert names to the front.
func (c *Client) ShowTab(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodPost, "/v1/alerts/"+url.PathEscape(id)+"/show-tab", nil, nil)
}

// Snooze keeps an alert's subject from notifying for the given time.
func (c *Client) Snooze(ctx context.Context, id string, d time.Duration) error {
	return c.call(ctx, http.MethodPost, "/v1/alerts/"+url.PathEscape(id)+"/snooze", forSeconds{d.Seconds()}, nil)
}

// Unsnooze has an alert's subject remind again.
func (c *Client) Unsnooze(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/v1/alerts/"+url.PathEscape(id)+"/snooze", nil, nil)
}

// SnoozeNamed keeps a site or a program (see Allowance) quiet until a time, which must be set.
func (c *Client) SnoozeNamed(ctx context.Context, a Allowance) (Allowance, error) {
	var out Allowance
	return out, c.call(ctx, http.MethodPost, "/v1/snoozes", a, &out)
}

// UnsnoozeNamed ends the snooze of a site or a program. It is an error if there was none.
func (c *Client) UnsnoozeNamed(ctx context.Context, a Allowance) error {
	return c.call(ctx, http.MethodDelete, "/v1/snoozes", a, nil)
}

// Snoozes lists what the caller snoozed and is still quiet, each with type "snooze".
func (c *Client) Snoozes(ctx context.Context) ([]Allowance, error) {
	var out []Allowance
	return out, c.call(ctx, http.MethodGet, "/v1/snoozes", nil, &out)
}

// AllowAlert allows the site or program of an alert, for good if d is 0, and returns what was allowed.
func (c *Client) AllowAlert(ctx context.Context, id string, d time.Duration) (Allowance, error) {
	var a Allowance
	return a, c.call(ctx, http.MethodPost, "/v1/alerts/"+url.PathEscape(id)+"/allow", forSeconds{d.Seconds()}, &a)
}

// Allow allows a site or a program (see Allowance) for the caller and returns it as it was stored.
func (c *Client) Allow(ctx context.Context, a Allowance) (Allowance, error) {
	var out Allowance
	return out, c.call(ctx, http.MethodPost, "/v1/allowances", a, &out)
}

// Disallow takes an allowance back. It is an error if there was none.
func (c *Client) Disallow(ctx context.Context, a Allowance) error {
	return c.call(ctx, http.MethodDelete, "/v1/allowances", a, nil)
}

// Allowances lists what the caller allowed.
func (c *Client) Allowances(ctx context.Context) ([]Allowance, error) {
	var out []Allowance
	return out, c.call(ctx, http.MethodGet, "/v1/allowances", nil, &out)
}

// Events yields the caller's alerts as they change, beginning with those that are firing now, until ctx ends or the
// agent goes away (then an error comes last). With live, the view of each tick comes too. A tray says how it shows
// alerts, so that `status` can tell; others pass nil.
func (c *Client) Events(ctx context.Context, live bool, tray *TrayStatus) iter.Seq2[Event, error] {
	q := url.Values{}
	if live {
		q.Set("live", "1")
	}
	if tray != nil {
		q.Set("tray", string(tray.Mode))
		q.Set("detail", tray.Detail)
	}
	return stream[Event](ctx, c, "/v1/events?"+q.Encode())
}

// forSeconds is the body of requests with a duration.
type forSeconds struct {
	ForS float64 `json:"for_s"`
}

func (c *Client) do(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://minewatch"+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.send(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 != 2 {
		defer res.Body.Close()
		return nil, refused(res)
	}
	return res, nil
}

// send sends a request. Its errors say how the agent could not be reached.
func (c *Client) send(req *http.Request) (*http.Response, error) {
	res, err := c.http.Do(req)
	if err != nil {
		var dial *net.OpError
		if errors.Is(err, os.ErrNotExist) || (errors.As(err, &dial) && dial.Op == "dial" && !errors.Is(err, os.ErrPermission)) {
			return nil, fmt.Errorf("%w: start it with `minewatch run --user` (looked at %s)", ErrNotRunning, c.socket)
		}
		if errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("the agent at %s is not open to this user; start your own with `minewatch run --user` (%w)", c.socket, os.ErrPermission)
		}
		return nil, fmt.Errorf("the agent at %s did not answer: %w", c.socket, err)
	}
	return res, nil
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	res, err := c.do(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxBody)).Decode(out); err != nil {
		return fmt.Errorf("the agent's answer to %s could not be read: %w", path, err)
	}
	return nil
}

// stream yields the `data:` lines of a server-sent event stream.
func stream[T any](ctx context.Context, c *Client, path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		res, err := c.do(ctx, http.MethodGet, path, nil)
		if err != nil {
			yield(zero, err)
			return
		}
		defer res.Body.Close()
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(make([]byte, 0, 16<<10), maxEvent)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			if !ok {
				continue // blank lines and keep-alive comments
			}
			var v T
			if err := json.Unmarshal(data, &v); err != nil {
				yield(zero, fmt.Errorf("the agent sent an event that could not be read: %w", err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		if err := lines.Err(); err != nil {
			yield(zero, fmt.Errorf("the agent went away: %w", err))
			return
		}
		yield(zero, fmt.Errorf("the agent went away: %w", ErrNotRunning))
	}
}

// UserSocket returns where this user's own agent listens.
func UserSocket() (string, error) {
	dir, err := RuntimeDir()
	return filepath.Join(dir, "agent.sock"), err
}
