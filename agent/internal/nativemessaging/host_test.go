package nativemessaging

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/extension"
)

const (
	ourOrigin  = "chrome-extension://" + extension.ChromiumID + "/"
	ourAddress = "/home/ada/.mozilla/native-messaging-hosts/" + extension.Host + ".json"
)

// TestMain lets a test start the test program as a native messaging host, as a browser would start minewatch.
func TestMain(m *testing.M) {
	if !IsHostCall(os.Args[1:]) {
		os.Exit(m.Run())
	}
	var in io.Reader = os.Stdin
	if os.Getenv("PANIC") == "true" {
		in = panicky{}
	}
	if err := RunHost(context.Background(), os.Args[1:], in, os.Stdout, DialAgent); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Exit(0)
}

type panicky struct{}

func (panicky) Read([]byte) (int, error) { panic("as a test") }

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

// nobody is Dial where no agent runs.
func nobody(context.Context) (io.ReadWriteCloser, error) { return nil, api.ErrNotRunning }

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
		err := RunHost(t.Context(), args, strings.NewReader(string(framed(`{"id":1,"method":"hello"}`))), &out, nobody)
		if err == nil || out.Len() > 0 {
			t.Errorf("%q: %v, wrote %q", args, err, out.Bytes())
		}
	}
}

// running is a host between a test, which plays the browser, and agents, which the test plays too.
type running struct {
	t      *testing.T
	in     *io.PipeWriter
	out    *io.PipeReader
	done   chan error
	agents chan any // net.Conn or error, what the next attempt finds; an attempt that finds nothing is nobody
}

func runHost(t *testing.T) *running {
	t.Helper()
	inReader, in := io.Pipe()
	out, outWriter := io.Pipe()
	h := &running{t, in, out, make(chan error, 1), make(chan any, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		h.done <- RunHost(ctx, []string{ourOrigin}, inReader, outWriter, func(context.Context) (io.ReadWriteCloser, error) {
			select {
			case found := <-h.agents:
				if conn, ok := found.(net.Conn); ok {
					return conn, nil
				}
				return nil, found.(error)
			default:
				return nil, api.ErrNotRunning
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		_ = in.Close()
		_ = out.Close()
	})
	return h
}

// agent has the next attempt find an agent, and returns its end.
func (h *running) agent() net.Conn {
	ours, theirs := net.Pipe()
	h.t.Cleanup(func() { _ = ours.Close() })
	h.agents <- theirs
	return ours
}

func (h *running) say(message string) {
	h.t.Helper()
	if _, err := h.in.Write(framed(message)); err != nil {
		h.t.Fatal(err)
	}
}

// hear checks what the browser is told next.
func (h *running) hear(want string) {
	h.t.Helper()
	hear(h.t, h.out, want)
}

func hear(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got, err := ReadFrame(r, MaxFromExtension)
	if string(got) != want || err != nil {
		t.Fatalf("heard %.200q, %v; want %q", got, err, want)
	}
}

const (
	toldConnected = `{"method":"agent.state","params":{"state":"connected"}}`
	toldAbsent    = `{"method":"agent.state","params":{"state":"absent"}}`
	toldOutdated  = `{"method":"agent.state","params":{"state":"outdated"}}`
)

// A host passes everything on as it is, in both directions, and nothing from one agent to the next.
func TestHostRelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t)
		h.hear(toldAbsent)
		h.say("to nobody")
		agent := h.agent()
		h.hear(toldConnected)
		h.say("no JSON: \x00\xff<")
		hear(t, agent, "no JSON: \x00\xff<")
		if err := WriteFrame(agent, []byte(`{"id":1,"method":"of.tomorrow"}`)); err != nil {
			t.Fatal(err)
		}
		h.hear(`{"id":1,"method":"of.tomorrow"}`)
		_ = agent.Close()
		h.hear(toldAbsent)
		for range 2 * maxQueued { // what is said to nobody does not block
			h.say("late")
		}
		h.agents <- errors.Join(api.ErrVersion)
		h.hear(toldOutdated)
		agent = h.agent()
		h.hear(toldConnected)
		h.say("hello")
		hear(t, agent, "hello") // and nothing before
		// One that says more than the browser may be told is none of ours.
		go WriteFrame(agent, bytes.Repeat([]byte("x"), MaxToExtension+1))
		h.hear(toldAbsent)
		_ = h.in.Close()
		if err := <-h.done; err != nil {
			t.Errorf("the browser closed the line, the host says %v", err)
		}
	})
}

// An agent that takes nothing holds up neither the browser nor the host's end.
func TestHostOfAnAgentThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t)
		h.hear(toldAbsent)
		h.agent()
		h.hear(toldConnected)
		for range 2 * maxQueued {
			h.say("?")
			time.Sleep(100 * time.Millisecond)
		}
		_ = h.in.Close()
		if err := <-h.done; err != nil {
			t.Error(err)
		}
	})
}

// A host whose agents all turn it away asks ever more slowly, and says so once.
func TestHostIsPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts atomic.Int32
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var out bytes.Buffer
		in, closing := io.Pipe() // a browser that says nothing
		defer closing.Close()
		err := RunHost(ctx, []string{ourOrigin}, in, &out, func(context.Context) (io.ReadWriteCloser, error) {
			attempts.Add(1)
			return nil, errors.New("too many browser profiles are connected")
		})
		if want := int32(9); err != nil || attempts.Load() != want { // at 0, 1, 3, 7, 15, 25, 35, 45 and 55 s
			t.Errorf("%d attempts in a minute, want %d; %v", attempts.Load(), want, err)
		}
		synctest.Wait()
		if got := string(framed(toldAbsent)); out.String() != got {
			t.Errorf("the browser was told %q", out.String())
		}
	})
}

// A host without an agent goes on quietly, and ends for a flood, for garbage, or with its browser.
func TestHostWithoutAgent(t *testing.T) {
	hello := string(framed(`{"id":1,"method":"hello","params":{"protocol":2}}`))
	for name, c := range map[string]struct {
		burst, seconds int
		then           string // written afterwards
		wantErr        string
	}{
		"quiet for an hour":     {1, 3600, "", ""},
		"as much as is allowed": {MaxPerSecond, 30, "", ""},
		"a short flood":         {3 * MaxPerSecond, 4, "", ""},
		"a flood":               {MaxPerSecond + 1, 6, "", "more than 200 messages a second"},
		"garbage":               {1, 1, "GET / HTTP/1.1\r\n\r\n", "malformed"},
		"half a message":        {1, 1, hello[:9], "broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := runHost(t)
				h.hear(toldAbsent)
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

func TestFlood(t *testing.T) {
	f, at := newFlood(), time.Unix(1000, 0)
	second := func(messages int) (passed int, flooded bool) {
		for range messages {
			ok, fl := f.admit(at)
			if ok {
				passed++
			}
			flooded = flooded || fl
		}
		at = at.Add(time.Second)
		return passed, flooded
	}
	for range 3 { // busy seconds that are not in a row make no flood
		for range 5 {
			if got, flooded := second(MaxPerSecond + 1); got != MaxPerSecond || flooded {
				t.Fatalf("%d passed, flooded %v", got, flooded)
			}
		}
		for range 2 {
			if got, _ := second(MaxPerSecond); got != MaxPerSecond {
				t.Errorf("%d passed", got)
			}
		}
	}
	flooded := false
	for range 6 {
		_, flooded = second(2 * MaxPerSecond)
	}
	if !flooded {
		t.Error("a flood went unnoticed")
	}
}

// Standard output belongs to the browser: whatever happens, only native messages go there.
func TestHostProcessKeepsItsOutputClean(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its exit codes of a panic are others")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		origin, in string
		want       int
	}{
		"the browser closes": {ourOrigin, string(framed(`{"id":1,"method":"hello"}`)), 0},
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
			told := strings.TrimPrefix(out.String(), string(framed(toldAbsent))) // it may come to that
			if cmd.ProcessState.ExitCode() != c.want || told != "" || (errs.Len() > 0) != (c.want != 0) {
				t.Errorf("exit %d, want %d; output %q; errors %q", cmd.ProcessState.ExitCode(), c.want, out.Bytes(), errs.Bytes())
			}
			if c.want == 1 && strings.Count(errs.String(), "\n") != 1 {
				t.Errorf("not one line: %q", errs.String())
			}
		})
	}
}
