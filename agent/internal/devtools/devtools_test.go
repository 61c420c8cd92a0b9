package devtools

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// browserEnd is the other side of a line: what was sent, and a way to answer.
type browserEnd struct {
	sent *io.PipeReader
	say  *io.PipeWriter
}

func newTestLine(t *testing.T, hear func(Event)) (*Line, *browserEnd) {
	t.Helper()
	in, say := io.Pipe()
	sent, out := io.Pipe()
	l := NewLine(in, out, hear)
	t.Cleanup(func() { say.Close(); sent.Close() })
	return l, &browserEnd{sent, say}
}

// next returns the next command.
func (b *browserEnd) next(t *testing.T) string {
	t.Helper()
	var got []byte
	one := make([]byte, 1)
	for {
		if _, err := b.sent.Read(one); err != nil {
			t.Fatal(err)
		}
		if one[0] == 0 {
			return string(got)
		}
		got = append(got, one[0])
	}
}

func TestCall(t *testing.T) {
	events := make(chan Event, 1)
	l, b := newTestLine(t, func(e Event) { events <- e })
	go func() {
		if got := b.next(t); got != `{"id":1,"sessionId":"S","method":"A.b","params":{"x":1}}` {
			t.Errorf("sent %s", got)
		}
		io.WriteString(b.say, `{"method":"C.d","sessionId":"S","params":{"y":2}}`+"\x00not json\x00"+`{"id":1,"result":{"z":3}}`+"\x00")
	}()
	var out struct{ Z int }
	if err := l.Call(t.Context(), "S", "A.b", map[string]int{"x": 1}, &out); err != nil || out.Z != 3 {
		t.Errorf("answer %+v, %v", out, err)
	}
	if e := <-events; e.Method != "C.d" || e.Session != "S" || string(e.Params) != `{"y":2}` {
		t.Errorf("event %+v", e)
	}
	go func() {
		b.next(t)
		io.WriteString(b.say, `{"id":2,"error":{"code":-32000,"message":"no such thing"}}`+"\x00")
	}()
	err := l.Call(t.Context(), "", "E.f", nil, nil)
	var refused *Error
	if !errors.As(err, &refused) || refused.Method != "E.f" || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("refusal: %v", err)
	}
}

func TestCallEndsWithItsContextAndWithTheLine(t *testing.T) {
	l, b := newTestLine(t, nil)
	go func() { _, _ = io.Copy(io.Discard, b.sent) }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := l.Call(ctx, "", "A.b", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without an answer: %v", err)
	}
	ended := make(chan error)
	go func() { ended <- l.Call(t.Context(), "", "A.b", nil, nil) }()
	time.Sleep(10 * time.Millisecond)
	b.say.Close()
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("at the end of the line: %v", err)
	}
	if err := l.Call(t.Context(), "", "A.b", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end of the line: %v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) != 0 {
		t.Errorf("%d calls are still waited for", len(l.waiting))
	}
}

func TestAMessageTooLongEndsTheLine(t *testing.T) {
	l, b := newTestLine(t, nil)
	go func() {
		chunk := bytes.Repeat([]byte("x"), 1<<20)
		for {
			if _, err := b.say.Write(chunk); err != nil {
				return
			}
		}
	}()
	select {
	case <-l.Closed():
	case <-time.After(30 * time.Second):
		t.Fatal("an endless message is read for ever")
	}
	b.say.Close()
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{"", "\x00", "{}\x00", `{"id":1,"result":{}}` + "\x00", `{"method":"A.b","params":null}` + "\x00", `{"id":"x"}` + "\x00["} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		out, in := io.Pipe()
		go func() { _, _ = io.Copy(io.Discard, out) }()
		l := NewLine(bytes.NewReader(data), in, func(e Event) {
			if e.Method == "" {
				t.Error("an event without a name")
			}
		})
		<-l.Closed()
	})
}

// TestBrowser starts a real one: it answers, and leaves neither a process nor a file.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a real browser is not short")
	}
	program, err := Find()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	b, err := Start(t.Context(), Options{Program: program})
	if err != nil {
		t.Fatal(err)
	}
	product, agent, err := b.Version(t.Context())
	if err != nil || !strings.Contains(product, "/") || !strings.Contains(agent, "Mozilla") {
		t.Errorf("version %q, %q, %v", product, agent, err)
	}
	profile := b.Profile()
	b.Close()
	b.Close()
	if _, err := os.Stat(profile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the profile is still there: %v", err)
	}
	if out, err := exec.CommandContext(t.Context(), "pgrep", "-f", profile).Output(); err == nil {
		t.Errorf("processes are left: %s", out)
	}
	if err := b.Call(t.Context(), "", "Browser.getVersion", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed browser answers %v", err)
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	if _, err := Start(t.Context(), Options{Program: "/nonexistent/browser"}); err == nil || !strings.Contains(err.Error(), "/nonexistent/browser") {
		t.Errorf("no such program: %v", err)
	}
	sh, err := exec.LookPath("false")
	if err != nil {
		t.Skip(err)
	}
	if _, err := Start(t.Context(), Options{Program: sh}); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("a program that ends at once: %v", err)
	}
}
