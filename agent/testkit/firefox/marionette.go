//go:build linux

package firefox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxAnswer     = 4 << 20          // bytes of one answer
	answerTimeout = 60 * time.Second // on a full machine
)

// Control is a session with Firefox's remote control, Marionette. A message is "LENGTH:JSON"; a command is [0, id, name,
// parameters], its answer [1, id, error, result]. Its methods may be called from several goroutines.
type Control struct {
	mu   sync.Mutex
	conn net.Conn
	in   *bufio.Reader
	id   int
}

// Dial begins a session with the Firefox whose remote control listens at the address. Opening a page does not wait for
// its end. Firefox has room for one session.
func Dial(ctx context.Context, address string) (*Control, error) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	m := &Control{conn: c, in: bufio.NewReader(c)}
	if err := m.begin(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return m, nil
}

// Close ends the connection, and with it the session.
func (m *Control) Close() error { return m.conn.Close() }

func (m *Control) begin(ctx context.Context) error {
	if err := m.conn.SetReadDeadline(deadline(ctx)); err != nil {
		return err
	}
	if _, err := receive(m.in); err != nil {
		return fmt.Errorf("marionette's greeting: %w", err)
	}
	return m.call(ctx, "WebDriver:NewSession", map[string]any{
		"pageLoadStrategy": "none", "capabilities": map[string]any{"alwaysMatch": map[string]any{"pageLoadStrategy": "none"}},
	}, nil)
}

func (m *Control) current(ctx context.Context) (string, error) {
	var r struct {
		Value string `json:"value"`
	}
	err := m.call(ctx, "WebDriver:GetWindowHandle", nil, &r)
	return r.Value, err
}

func (m *Control) newTab(ctx context.Context) (string, error) {
	var r struct {
		Handle string `json:"handle"`
	}
	err := m.call(ctx, "WebDriver:NewWindow", map[string]any{"type": "tab", "focus": true}, &r)
	return r.Handle, err
}

func (m *Control) focus(ctx context.Context, handle string) error {
	return m.call(ctx, "WebDriver:SwitchToWindow", map[string]any{"handle": handle, "focus": true}, nil)
}

func (m *Control) navigate(ctx context.Context, address string) error {
	return m.call(ctx, "WebDriver:Navigate", map[string]any{"url": address}, nil)
}

// Inside runs the body of an asynchronous function with the browser's own rights and decodes what it returns. In it args
// are the arguments and gBrowser the window's tabs. The browser must have been started with -remote-allow-system-access.
func (m *Control) Inside(ctx context.Context, body string, result any, args ...any) error {
	if args == nil {
		args = []any{}
	}
	if err := m.call(ctx, "Marionette:SetContext", map[string]any{"value": "chrome"}, nil); err != nil {
		return err
	}
	var got struct {
		Value struct {
			Error string          `json:"error"`
			Value json.RawMessage `json:"value"`
		} `json:"value"`
	}
	err := m.call(ctx, "WebDriver:ExecuteAsyncScript", map[string]any{
		"script": `const done = arguments[arguments.length - 1], args = [...arguments].slice(0, -1);
			const gBrowser = Services.wm.getMostRecentBrowserWindow().gBrowser;
			(async () => {` + body + `})().then((value) => done({value: value ?? null}), (e) => done({error: e + "\n" + e.stack}));`,
		"args": args, "sandbox": "system", "newSandbox": false, "scriptTimeout": answerTimeout.Milliseconds() / 2,
	}, &got)
	err = errors.Join(err, m.call(ctx, "Marionette:SetContext", map[string]any{"value": "content"}, nil))
	if err != nil {
		return err
	}
	if got.Value.Error != "" {
		return errors.New(got.Value.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(got.Value.Value, result)
}

// call sends one command and waits for its answer.
func (m *Control) call(ctx context.Context, name string, parameters map[string]any, result any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.id++
	if parameters == nil {
		parameters = map[string]any{}
	}
	text, err := json.Marshal([]any{0, m.id, name, parameters})
	if err != nil {
		return err
	}
	if err := m.conn.SetDeadline(deadline(ctx)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(m.conn, "%d:%s", len(text), text); err != nil {
		return fmt.Errorf("marionette: %s: %w", name, err)
	}
	for {
		answer, err := receive(m.in)
		if err != nil {
			return fmt.Errorf("marionette: %s: %w", name, err)
		}
		id, err := parseAnswer(answer, result)
		if id == m.id {
			if err != nil {
				return fmt.Errorf("marionette: %s: %w", name, err)
			}
			return nil
		}
	}
}

// parseAnswer reads [1, id, error, result].
func parseAnswer(text []byte, result any) (int, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return 0, err
	}
	if len(parts) != 4 {
		return 0, fmt.Errorf("not an answer: %.200s", text)
	}
	var id int
	if err := json.Unmarshal(parts[1], &id); err != nil {
		return 0, err
	}
	if string(parts[2]) != "null" {
		return id, fmt.Errorf("%.300s", parts[2])
	}
	if result == nil {
		return id, nil
	}
	return id, json.Unmarshal(parts[3], result)
}

// receive reads one message.
func receive(in *bufio.Reader) ([]byte, error) {
	head, err := in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(head, ":"))
	if err != nil || n < 0 || n > maxAnswer {
		return nil, fmt.Errorf("not a message's length: %.20q", head)
	}
	text := make([]byte, n)
	_, err = io.ReadFull(in, text)
	return text, err
}

// deadline is ctx's, or the usual one.
func deadline(ctx context.Context) time.Time {
	at := time.Now().Add(answerTimeout)
	if d, ok := ctx.Deadline(); ok && d.Before(at) {
		return d
	}
	return at
}
