//go:build linux

package hostile_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// attack is set for a process of the test that plays a host; its value names the attack. The agent takes it for a host:
// it has a parent, of the same user.
const attack = "MINEWATCH_TEST_ATTACK"

// socketOf is where such a process finds the agent's door.
const socketOf = "MINEWATCH_TEST_SOCKET"

// patience is how long anything may take on a full machine.
const patience = 15 * time.Second

// attacks are what hosts do to the door once their stream of questions stands.
func attacks() map[string]func(*door) error {
	const victim = `"frames":[{"tab":1,"frame":0,"origin":"https://victim.test","top":"https://victim.test"}]`
	return map[string]func(*door) error{
		"flood": func(d *door) error {
			return d.repeat(3000, func(int) string { return `{"v":1,"type":"hello","extension":"1.0"}` })
		},
		"lies": func(d *door) error {
			return d.repeat(150, func(n int) string {
				if n%3 == 0 {
					return fmt.Sprintf(`{"v":1,"type":"done","id":%d,"ok":true}`, n+1)
				}
				return fmt.Sprintf(`{"v":1,"type":"frames","id":%d,"renderer":%d,%s}`, n+1, n+1, victim)
			})
		},
		"wrong JSON": func(d *door) error {
			wrong := []string{`{"v":1,`, `[]`, `"hello"`, `{"v":"1"}`, "\xff\xfe", `{"v":1e999}`, `{"frames":{"a":1}}`, strings.Repeat("[", 5000)}
			return d.repeat(100, func(n int) string { return wrong[n%len(wrong)] })
		},
		"an unknown version": func(d *door) error {
			return d.repeat(100, func(n int) string {
				return fmt.Sprintf(`{"v":99,"type":"frames","id":%d,"renderer":%d,%s}`, n+1, n+1, victim)
			})
		},
		"half a body": func(d *door) error {
			return d.send(1000, strings.NewReader(`{"v":1,"type":"hello"`))
		},
		"a body of 1 GB": func(d *door) error {
			return d.send(1<<30, io.LimitReader(blanks{}, 1<<30))
		},
	}
}

// play is the body of a process that plays a host. It returns when its attack is over; its stream is open until then.
func play(name, socket string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	d := &door{ctx: ctx, socket: socket}
	if name == "no stream" { // a program that is no host at all
		return attacks()["lies"](d)
	}
	stream, err := d.dial()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(stream, "GET /v1/browser/questions HTTP/1.1\r\nHost: minewatch\r\n\r\n"); err != nil {
		return err
	}
	res, err := http.ReadResponse(bufio.NewReader(stream), nil)
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusOK {
		err = attacks()[name](d)
	} else {
		err = fmt.Errorf("the stream of questions: %s", res.Status)
	}
	err = errors.Join(err, stream.Close())
	_ = res.Body.Close() // it would wait for the stream's end before
	return err
}

// door is the agent's door, as a stranger sees it.
type door struct {
	ctx    context.Context //nolint:containedctx // of a process that does this one thing
	socket string
}

func (d *door) dial() (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(d.ctx, "unix", d.socket)
	if err == nil {
		err = conn.SetDeadline(deadline())
	}
	return conn, err
}

// repeat posts many bodies over one connection.
func (d *door) repeat(times int, body func(int) string) error {
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return d.dial() }}}
	for n := range times {
		req, err := http.NewRequestWithContext(d.ctx, http.MethodPost, "http://minewatch/v1/browser/answers", strings.NewReader(body(n)))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		if err := res.Body.Close(); err != nil {
			return err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// send announces a body of some length, sends another, and waits until the door answers or hangs up.
func (d *door) send(length int64, body io.Reader) error {
	conn, err := d.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST /v1/browser/answers HTTP/1.1\r\nHost: minewatch\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", length)
	if err != nil {
		return err
	}
	_, _ = io.Copy(conn, body) // the door may hang up early
	if u, ok := conn.(*net.UnixConn); ok {
		_ = u.CloseWrite()
	}
	_, err = io.Copy(io.Discard, conn)
	if os.IsTimeout(err) {
		return fmt.Errorf("the door neither answered nor hung up: %w", err)
	}
	return nil
}

// blanks is white space without end.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func deadline() time.Time {
	return time.Now().Add(patience)
}
