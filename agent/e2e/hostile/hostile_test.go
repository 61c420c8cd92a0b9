//go:build linux

package hostile_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/testkit/programs"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(attack); name != "" {
		if err := play(name, os.Getenv(socketOf)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// agent is a running `minewatch run --user`.
type agent struct {
	program string
	socket  string
	env     []string
	pid     int
	log     string // its standard error's file
}

func startAgent(t *testing.T, bin string) *agent {
	t.Helper()
	// A short path: that of a unix socket is at most 107 bytes long.
	run, err := os.MkdirTemp("", "mw") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(run) })
	a := &agent{
		program: filepath.Join(bin, "minewatch"), socket: filepath.Join(run, "agent.sock"), log: filepath.Join(run, "log"),
	}
	a.env = append(os.Environ(), "MINEWATCH_SOCKET="+a.socket, "XDG_STATE_HOME="+filepath.Join(run, "state"))
	out, err := os.Create(a.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	c := exec.CommandContext(context.WithoutCancel(t.Context()), a.program, "run", "--user", "--socket", a.socket)
	c.Env, c.Stdout, c.Stderr = a.env, out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	a.pid = c.Process.Pid
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := c.Wait(); err != nil {
			t.Errorf("the agent did not end well: %v\n%s", err, a.said(t))
		}
	})
	wait.For(t, patience, "the agent to watch", func() bool { s, err := a.status(t); return err == nil && s.Watching })
	return a
}

// run runs a command of minewatch against the agent.
func (a *agent) run(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), a.program, args...)
	c.Env = a.env
	return c.Output()
}

func (a *agent) status(t *testing.T) (s api.Status, err error) {
	t.Helper()
	out, err := a.run(t, "status", "--json")
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	return s, err
}

func (a *agent) said(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(a.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// resident returns the agent's memory in bytes.
func (a *agent) resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// most is by how much an attack may make the agent's memory grow: what it keeps of one is bounded by kilobytes, the
// rest is what Go's collector leaves for later.
const most = 24 << 20

// unharmed checks that the agent goes on as if nothing had been.
func (a *agent) unharmed(t *testing.T, before int64) {
	t.Helper()
	if s, err := a.status(t); err != nil || !s.Watching {
		t.Errorf("afterwards the agent says %v, watching %v", err, s.Watching)
	}
	if grown := a.resident(t) - before; grown > most {
		t.Errorf("its memory grew by %d bytes", grown)
	}
	if out, err := a.run(t, "alerts", "--json"); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("alerts: %v\n%s", err, out)
	}
	if said := a.said(t); strings.Contains(said, "victim") || strings.Contains(said, "panic") {
		t.Errorf("the log says\n%s", said)
	}
}

// last is the attack after which a user may not connect for a while.
const last = "many channels"

// TestHostsCannotHarmTheAgent has processes that pass for hosts attack the agent. Each costs the log one line.
func TestHostsCannotHarmTheAgent(t *testing.T) {
	a := startAgent(t, programs.ForTest(t, programs.Agent, programs.Host))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	attacks := map[string]string{ // what the one line says
		"flood": "more than 200 messages a second", "lies": "a request never sent", "wrong JSON": "a malformed message",
		"an unknown version": "version 99", "half a message": "broke off", "a message of 1 GB": "a message of 1073741824 bytes",
		"requests without end": "more than 200 messages a second", "the agent's own requests": "unknown_method",
		// Not a word of what never became a conversation.
		"no hello": "", "a host of version 1": "",
		last: "",
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(attacks)), func(name string) bool { return name == last })
	for _, name := range append(names, last) {
		want := attacks[name]
		t.Run(name, func(t *testing.T) {
			before, seen := a.resident(t), len(a.said(t))
			c := exec.CommandContext(t.Context(), self)
			c.Env = append(os.Environ(), attack+"="+name, socketOf+"="+a.socket)
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("the attack itself failed: %v\n%s", err, out)
			}
			// What a host said last is read after it is gone.
			wait.For(t, patience, "the host's leaving", func() bool {
				s, err := a.status(t)
				return err == nil && !slices.ContainsFunc(s.Browsers, func(b api.BrowserStatus) bool { return b.Update == "" })
			})
			a.unharmed(t, before)
			said := a.said(t)[seen:]
			if n := strings.Count(said, "\n"); n != min(1, len(want)) || !strings.Contains(said, want) {
				t.Errorf("the log has %d lines, want one with %q:\n%s", n, want, said)
			}
			if want != "" && !strings.Contains(said, strconv.Itoa(c.Process.Pid)) {
				t.Errorf("the line does not say which host it was: %s", said)
			}
		})
	}
}

// TestBrowsersCannotHarmTheHost gives the real host what is no message, beside a real agent.
func TestBrowsersCannotHarmTheHost(t *testing.T) {
	bin := programs.ForTest(t, programs.Agent, programs.Host)
	a := startAgent(t, bin)
	frame := func(body string) string {
		return string(binary.NativeEndian.AppendUint32(nil, uint32(len(body)))) + body
	}
	long := func(n uint32) io.Reader {
		return io.MultiReader(bytes.NewReader(binary.NativeEndian.AppendUint32(nil, n)), io.LimitReader(blanks{}, int64(n)))
	}
	hello := frame(hello)
	ours := "chrome-extension://" + extension.ChromiumID + "/"
	for name, c := range map[string]struct {
		caller string
		in     io.Reader
		want   string // of its one line; empty: it ends well, without a word
	}{
		"well behaved":       {ours, strings.NewReader(hello), ""},
		"half a frame":       {ours, strings.NewReader(hello[:20]), "broke off"},
		"half a length":      {ours, strings.NewReader(hello + hello[:2]), "unexpected EOF"},
		"a frame of 1 GB":    {ours, long(1 << 30), "a message of 1073741824 bytes"},
		"no length":          {ours, long(0), "a message of 0 bytes"},
		"wrong JSON":         {ours, strings.NewReader(strings.Repeat(frame(`{"id":`)+frame("[]")+frame("\xff"), 30) + hello), ""},
		"an unknown version": {ours, strings.NewReader(strings.Repeat(frame(`{"v":99,"type":"hello"}`), 100)), ""},
		"another extension":  {"chrome-extension://abcdefghijklmnopabcdefghijklmnop/", strings.NewReader(hello), "only minewatch's own"},
	} {
		t.Run(name, func(t *testing.T) {
			before, seen := a.resident(t), len(a.said(t))
			cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "minewatch-host"), c.caller)
			cmd.Env, cmd.Stdin, cmd.WaitDelay = a.env, c.in, time.Second
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			start := time.Now()
			_ = cmd.Run()
			took := time.Since(start)
			if code := cmd.ProcessState.ExitCode(); (code == 0) != (c.want == "") || !strings.Contains(errs.String(), c.want) ||
				strings.Count(errs.String(), "\n") != min(1, len(c.want)) || !onlyAgentState(out.Bytes()) {
				t.Errorf("exit status %d, it wrote %q and said %q, want %q", code, out.Bytes(), errs.String(), c.want)
			}
			usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
			if peak := usage.Maxrss << 10; !ok || peak > 40<<20 {
				t.Errorf("the host held %d bytes", peak)
			}
			t.Logf("%d KiB at the most, %v", usage.Maxrss, took)
			a.unharmed(t, before)
			if said := a.said(t)[seen:]; strings.Count(said, "\n") > 1 { // what it read before the host was gone
				t.Errorf("the agent's log says\n%s", said)
			}
		})
	}
}

// onlyAgentState reports whether a host told its browser nothing but, perhaps, what it found of the agent.
func onlyAgentState(out []byte) bool {
	for len(out) > 0 {
		if len(out) < 4 {
			return false
		}
		n := int(binary.NativeEndian.Uint32(out))
		if n > len(out)-4 || !bytes.HasPrefix(out[4:], []byte(`{"method":"agent.state","params":{"state":"`)) {
			return false
		}
		out = out[4+n:]
	}
	return true
}
