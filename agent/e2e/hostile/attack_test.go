//go:build linux

package hostile_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// attack is set for a process of the test that plays a host; its value names the attack. The agent takes it for a host:
// it has a parent, of the same user.
const attack = "MINEWATCH_TEST_ATTACK"

// socketOf is where such a process finds the agent's local API.
const socketOf = "MINEWATCH_TEST_SOCKET"

// patience is how long anything may take on a full machine.
const patience = 15 * time.Second

const hello = `{"id":1,"method":"hello","params":{"protocol":2,"extension":"1.0"}}`

// attacks are what hosts do to the agent once their channel is open and hello is said.
func attacks() map[string]func(*channel) error {
	const victim = `"frames":[{"tab":1,"frame":0,"origin":"https://victim.test","top":"https://victim.test"}]`
	return map[string]func(*channel) error{
		"flood": func(c *channel) error {
			return c.repeat(1000, func(int) string { return `{"method":"measuring","params":{"allowed":true}}` })
		},
		"lies": func(c *channel) error {
			return c.repeat(10, func(n int) string {
				if n%3 == 0 {
					return fmt.Sprintf(`{"id":%d,"result":{}}`, n+1)
				}
				return fmt.Sprintf(`{"id":%d,"result":{%s}}`, n+1, victim)
			})
		},
		"wrong JSON": func(c *channel) error {
			wrong := []string{`{"id":1,`, `[]`, `"hello"`, `{"id":"1"}`, "\xff\xfe", `{"id":1e999}`, `{"result":{"a":1}}`, strings.Repeat("[", 5000)}
			return c.repeat(50, func(n int) string { return wrong[n%len(wrong)] })
		},
		"an unknown version": func(c *channel) error {
			return c.repeat(50, func(n int) string {
				return fmt.Sprintf(`{"v":99,"type":"frames","id":%d,"renderer":%d,%s}`, n+1, n+1, victim)
			})
		},
		"requests without end": func(c *channel) error { // and the responses are not read
			return c.repeat(1000, func(n int) string {
				return fmt.Sprintf(`{"id":%d,"method":"popup.allow","params":{"alert":"victim-%d"}}`, n+2, n)
			})
		},
		"the agent's own requests": func(c *channel) error {
			return c.repeat(50, func(n int) string {
				return fmt.Sprintf(`{"id":%d,"method":"tab.close","params":{"tab":%d,"origin":"https://victim.test"}}`, n+2, n)
			})
		},
		"half a message": func(c *channel) error {
			_, err := c.conn.Write(append(binary.NativeEndian.AppendUint32(nil, 1000), `{"id":1,`...))
			return err
		},
		"a message of 1 GB": func(c *channel) error {
			_, _ = io.Copy(c.conn, io.MultiReader(strings.NewReader(string(binary.NativeEndian.AppendUint32(nil, 1<<30))), io.LimitReader(blanks{}, 1<<30)))
			_, err := io.Copy(io.Discard, c.conn) // the agent hangs up early
			if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
				return fmt.Errorf("the agent did not hang up: %w", err)
			}
			return nil
		},
	}
}

// play is the body of a process that plays a host. It returns when its attack is over; its channel is open until then.
func play(name, socket string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	switch name {
	case "many channels":
		return manyChannels(ctx, socket)
	case "a host of version 1":
		status, conn, err := ask(ctx, socket, "GET /v1/browser/questions HTTP/1.1\r\nHost: minewatch\r\n\r\n")
		if err != nil {
			return err
		}
		if status != http.StatusNotFound {
			err = fmt.Errorf("the agent answered %d", status)
		}
		return errors.Join(err, conn.Close())
	}
	c, err := open(ctx, socket)
	if err != nil {
		return err
	}
	if name == "no hello" {
		err = attacks()["lies"](c)
	} else if err = c.greet(); err == nil {
		err = attacks()[name](c)
	}
	return errors.Join(err, c.conn.Close())
}

// manyChannels opens channels until the agent refuses more; a host of ours has one.
func manyChannels(ctx context.Context, socket string) error {
	var all []*channel
	defer func() {
		for _, c := range all {
			_ = c.conn.Close()
		}
	}()
	refused := 0
	for range 60 {
		c, err := open(ctx, socket)
		if err != nil {
			refused++
			continue
		}
		all = append(all, c)
	}
	if refused == 0 {
		return errors.New("60 channels were opened")
	}
	return nil
}

// channel is an open channel to the agent, as a stranger uses it.
type channel struct{ conn net.Conn }

// ask sends a request and returns the status of the answer, and the connection.
func ask(ctx context.Context, socket, request string) (int, net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return 0, nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		return 0, nil, err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return 0, nil, err
	}
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 1), nil) // what follows is not its
	if err != nil {
		return 0, nil, err
	}
	_ = res.Body.Close() // the connection goes on
	return res.StatusCode, conn, nil
}

func open(ctx context.Context, socket string) (*channel, error) {
	status, conn, err := ask(ctx, socket, "GET /v1/browser/channel HTTP/1.1\r\nHost: minewatch\r\nConnection: Upgrade\r\nUpgrade: minewatch-extension\r\n\r\n")
	if err == nil && status != http.StatusSwitchingProtocols {
		err = errors.Join(fmt.Errorf("the agent answered %d", status), conn.Close())
	}
	return &channel{conn}, err
}

func (c *channel) say(message string) error {
	_, err := c.conn.Write(append(binary.NativeEndian.AppendUint32(nil, uint32(len(message))), message...))
	return err
}

// greet says hello and reads the answer.
func (c *channel) greet() error {
	if err := c.say(hello); err != nil {
		return err
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(c.conn, head); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, c.conn, int64(binary.NativeEndian.Uint32(head)))
	return err
}

// repeat sends many messages.
func (c *channel) repeat(times int, message func(int) string) error {
	for n := range times {
		if err := c.say(message(n)); err != nil {
			return err
		}
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
