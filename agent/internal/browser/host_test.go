//go:build linux

package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/heuristics"
)

const (
	ourOrigin  = "chrome-extension://" + extension.ChromiumID + "/"
	ourAddress = "/home/ada/.mozilla/native-messaging-hosts/" + extension.Host + ".json"
)

func TestIsHostCall(t *testing.T) {
	for _, c := range []struct {
		args []string
		want bool
	}{
		{nil, false},
		{[]string{"watch"}, false},
		{[]string{"watch", ourOrigin}, false},
		{[]string{ourOrigin}, true},
		{[]string{ourOrigin, "--parent-window=0"}, true}, // on Windows
		{[]string{"chrome-extension://somebody/"}, true}, // to be refused as such, not taken for a command
		{[]string{ourAddress, extension.FirefoxID}, true},
		{[]string{ourAddress, "somebody@else"}, true},
		{[]string{ourAddress}, false},
		{[]string{"replay", ourAddress}, false},
		{[]string{filepath.Base(ourAddress), extension.FirefoxID}, false},
	} {
		if got := IsHostCall(c.args); got != c.want {
			t.Errorf("%q: %v", c.args, got)
		}
	}
}

func TestHostRefusesOtherExtensions(t *testing.T) {
	for _, args := range [][]string{
		nil,
		{""},
		{"chrome-extension://abcdefghijklmnopabcdefghijklmnop/"},
		{strings.TrimSuffix(ourOrigin, "/")},
		{ourOrigin + "x"},
		{"moz-extension://" + extension.ChromiumID + "/"},
		{"watch", ourOrigin},
		{ourAddress, "somebody@else"},
		{ourAddress, ""},
		{"/tmp/other.json", extension.FirefoxID},
	} {
		var out bytes.Buffer
		err := RunHost(t.Context(), args, strings.NewReader(string(framed(`{"v":1,"type":"hello"}`))), &out, api.New("/nonexistent"))
		if err == nil || out.Len() > 0 {
			t.Errorf("%q: %v, wrote %q", args, err, out.Bytes())
		}
	}
}

// running is a host between a test, which plays the browser, and a bridge.
type running struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *io.PipeReader
	done chan error
}

func runHost(t *testing.T, socket string) *running {
	t.Helper()
	inReader, in := io.Pipe()
	out, outWriter := io.Pipe()
	h := &running{t, in, out, make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { h.done <- RunHost(ctx, []string{ourOrigin}, inReader, outWriter, api.New(socket)) }()
	t.Cleanup(func() {
		cancel()
		_ = in.Close()
		_ = out.Close()
	})
	return h
}

func (h *running) say(message string) {
	h.t.Helper()
	if _, err := h.in.Write(framed(message)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *running) hear() api.Question {
	h.t.Helper()
	body, err := readFrame(h.out)
	if err != nil {
		h.t.Fatal(err)
	}
	var q api.Question
	if err := json.Unmarshal(body, &q); err != nil {
		h.t.Fatal(err)
	}
	return q
}

// TestHostCarries runs a whole line over a real socket: hello, a question, its answer, an agent that goes away and
// comes back, and the end.
func TestHostCarries(t *testing.T) {
	bridge := NewBridge(zap.NewNop())
	d := newDoor(t, bridge)
	h := runHost(t, d.socket) // the agent is not there yet
	h.say(string(golden(t, "answer-hello")))
	h.say("{}") // nonsense is passed over
	shut := d.open(t)
	connected := func() bool {
		s := bridge.Status("")
		return len(s) == 1 && s[0].Extension == "0.1.0"
	}
	eventually(t, "the hello", connected)

	self, err := ResolvePeer(int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	exchange := func(renderer int) {
		t.Helper()
		bridge.Ask(proc, self.Root, renderer)
		q := h.hear()
		if q.Type != "who" || q.Renderer != renderer {
			t.Errorf("heard %+v", q)
		}
		h.say(fmt.Sprintf(`{"v":1,"type":"frames","id":%d,"renderer":%d,"last":"https://a.test"}`, q.ID, renderer))
		var got []heuristics.Renderer
		eventually(t, "the answer", func() bool { got = bridge.Answers(); return len(got) > 0 })
		if diff := cmp.Diff([]heuristics.Renderer{{Process: proc, LastOrigin: "https://a.test"}}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	exchange(12)
	shut()
	eventually(t, "the host's leaving", func() bool { return len(bridge.Status("")) == 0 })
	for range 2 * maxWaitingAnswers { // what is said to nobody neither blocks nor reaches the next agent
		h.say(string(golden(t, "answer-done")))
	}
	d.open(t)
	eventually(t, "the hello told again", connected)
	exchange(13)
	bridge.mu.Lock()
	for _, attached := range bridge.hosts {
		if attached.stray > 0 {
			t.Errorf("the next agent was told %d answers to the one before", attached.stray)
		}
	}
	bridge.mu.Unlock()

	_ = h.in.Close()
	if err := <-h.done; err != nil {
		t.Errorf("the browser closed the line, the host says %v", err)
	}
	eventually(t, "the host's leaving", func() bool { return len(bridge.Status("")) == 0 })
}

// A host without an agent goes on quietly, and ends for a flood, for garbage, or with its browser.
func TestHostWithoutAgent(t *testing.T) {
	hello := string(framed(`{"v":1,"type":"hello","extension":"1"}`))
	for name, c := range map[string]struct {
		burst, seconds int
		then           string // written afterwards
		wantErr        string
	}{
		"quiet for an hour":     {1, 3600, "", ""},
		"as much as is allowed": {maxPerSecond, 30, "", ""},
		"a short flood":         {3 * maxPerSecond, floodSeconds - 1, "", ""},
		"a flood":               {maxPerSecond + 1, floodSeconds + 1, "", "more than 200 messages a second"},
		"garbage":               {1, 1, "GET / HTTP/1.1\r\n\r\n", "no message"},
		"half a message":        {1, 1, hello[:9], "broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := runHost(t, "/nonexistent/agent.sock")
				var ended error
				for range c.seconds {
					for range c.burst {
						if _, err := io.WriteString(h.in, hello); err != nil {
							ended = err
							break
						}
					}
					time.Sleep(time.Second + time.Millisecond)
					synctest.Wait()
					if len(h.done) > 0 || ended != nil {
						break
					}
				}
				if c.then != "" {
					go func() {
						_, _ = io.WriteString(h.in, c.then)
						_ = h.in.Close()
					}()
				} else if c.wantErr == "" {
					_ = h.in.Close()
				}
				err := <-h.done
				if (err == nil) != (c.wantErr == "") || (err != nil && !strings.Contains(err.Error(), c.wantErr)) {
					t.Errorf("got %v, want %q", err, c.wantErr)
				}
			})
		})
	}
}

func TestHostEndsWithItsContext(t *testing.T) {
	in, _ := io.Pipe() // a browser that says nothing
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := RunHost(ctx, []string{ourOrigin}, in, io.Discard, api.New("/nonexistent")); err != nil {
		t.Error(err)
	}
}

// Standard output belongs to the browser: whatever happens, only native messages go there.
func TestHostProcessKeepsItsOutputClean(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		origin, in string
		want       int
	}{
		"the browser closes": {ourOrigin, string(framed(`{"v":1,"type":"hello"}`)), 0},
		"garbage":            {ourOrigin, "\xff\xff\xff\xffgarbage", 1},
		"another extension":  {"chrome-extension://abcdefghijklmnopabcdefghijklmnop/", "", 1},
		"a panic":            {ourOrigin, "panic", 2},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), self, c.origin)
			cmd.Env = append(os.Environ(), "MINEWATCH_SOCKET=/nonexistent/agent.sock", "PANIC="+strconv.FormatBool(c.in == "panic"))
			cmd.Stdin = strings.NewReader(c.in)
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			_ = cmd.Run()
			if cmd.ProcessState.ExitCode() != c.want || out.Len() > 0 || (errs.Len() > 0) != (c.want != 0) {
				t.Errorf("exit %d, want %d; output %q; errors %q", cmd.ProcessState.ExitCode(), c.want, out.Bytes(), errs.Bytes())
			}
			if c.want == 1 && strings.Count(errs.String(), "\n") != 1 {
				t.Errorf("not one line: %q", errs.String())
			}
		})
	}
}
