//go:build linux

package browser

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// marionette is Firefox's remote control: "LENGTH:JSON" in both directions, a command being [0, id, name, parameters]
// and its answer [1, id, error, result].
type marionette struct {
	conn net.Conn
	in   *bufio.Reader
	id   int
}

// newMarionette begins a session in which scripts run with the browser's own rights.
func newMarionette(conn net.Conn) (*marionette, error) {
	m := &marionette{conn: conn, in: bufio.NewReader(conn)}
	_, err := m.receive()
	return m, errors.Join(err,
		m.call("WebDriver:NewSession", map[string]any{"capabilities": map[string]any{}}, nil),
		m.call("Marionette:SetContext", map[string]any{"value": "chrome"}, nil))
}

// script runs an asynchronous function with args and decodes its result.
func (m *marionette) script(body string, result any, args ...any) error {
	if args == nil {
		args = []any{}
	}
	var got struct {
		Value struct {
			Error string          `json:"error"`
			Value json.RawMessage `json:"value"`
		} `json:"value"`
	}
	err := m.call("WebDriver:ExecuteAsyncScript", map[string]any{
		"script": `const done = arguments[arguments.length - 1], args = [...arguments].slice(0, -1);
			const gBrowser = Services.wm.getMostRecentBrowserWindow().gBrowser;
			(async () => {` + body + `})().then((value) => done({value: value ?? null}), (e) => done({error: e + "\n" + e.stack}));`,
		"args": args, "sandbox": "system", "newSandbox": false, "scriptTimeout": 30_000,
	}, &got)
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

func (m *marionette) call(name string, parameters map[string]any, result any) error {
	m.id++
	body, err := json.Marshal([]any{0, m.id, name, parameters})
	if err != nil {
		return err
	}
	if err := m.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(m.conn, "%d:%s", len(body), body); err != nil {
		return err
	}
	answer, err := m.receive()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var parts [4]json.RawMessage
	if err := json.Unmarshal(answer, &parts); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if string(parts[2]) != "null" {
		return fmt.Errorf("%s: %.500s", name, parts[2])
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(parts[3], result)
}

func (m *marionette) receive() ([]byte, error) {
	head, err := m.in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(head, ":"))
	if err != nil || n < 0 || n > 16<<20 {
		return nil, fmt.Errorf("no length: %.20q", head)
	}
	body := make([]byte, n)
	_, err = io.ReadFull(m.in, body)
	return body, err
}
