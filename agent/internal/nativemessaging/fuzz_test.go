package nativemessaging

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minewatch/minewatch/agent/extension"
)

// frames reads what was written to one end: each must be a whole message within the limit.
func frames(t *testing.T, b []byte, most int) [][]byte {
	t.Helper()
	var out [][]byte
	r := bytes.NewReader(b)
	for {
		body, err := ReadFrame(r, most)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("after %d messages: %v", len(out), err)
		}
		out = append(out, body)
	}
}

// partOf reports whether some is all in its order, with others left out.
func partOf(some, all [][]byte) bool {
	for len(some) > 0 && len(all) > 0 {
		if bytes.Equal(some[0], all[0]) {
			some = some[1:]
		}
		all = all[1:]
	}
	return len(some) == 0
}

// whole returns the messages at the beginning of what a hostile end writes.
func whole(b []byte, most int) (out [][]byte) {
	r := bytes.NewReader(b)
	for {
		body, err := ReadFrame(r, most)
		if err != nil {
			return out
		}
		out = append(out, body)
	}
}

// FuzzTwoEnds puts the host between a browser and an agent that both write anything, in pieces. Nothing reaches either
// end but whole messages within its limit, each one that the other end said, in order, or the host's own word on the
// agent; and the host ends with its browser.
func FuzzTwoEnds(f *testing.F) {
	frame := func(bodies ...string) (out []byte) {
		for _, body := range bodies {
			out = append(binary.NativeEndian.AppendUint32(out, uint32(len(body))), body...)
		}
		return out
	}
	f.Add(frame(`{"id":1,"method":"hello"}`, `{"id":2,"method":"popup.load"}`), frame(`{"id":1,"result":{}}`), byte(3), ourOrigin)
	f.Add(frame(strings.Repeat("x", 300)), frame(strings.Repeat("y", MaxToExtension+1)), byte(7), ourOrigin)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff}, []byte{0, 0, 0, 0}, byte(1), ourOrigin)
	f.Add(frame("{}")[:5], frame("{}", "{}")[:9], byte(0), "chrome-extension://other/")
	f.Fuzz(func(t *testing.T, browser, agent []byte, piece byte, origin string) {
		synctest.Test(t, func(t *testing.T) {
			toHost, toAgent, out := play(t, browser, agent, 1+int(piece), origin)
			if origin != ourOrigin && len(toHost)+len(toAgent)+len(out) > 0 {
				t.Fatalf("for %q the host wrote %q and %q", origin, toAgent, out)
			}
			if heard := frames(t, cutShort(toAgent, MaxFromExtension), MaxFromExtension); !partOf(heard, whole(browser, MaxFromExtension)) {
				t.Errorf("the agent was told %q", heard)
			}
			said := whole(agent, MaxToExtension)
			var passed [][]byte
			for _, m := range frames(t, out, MaxToExtension) {
				if !bytes.Contains(m, []byte(`"method":"`+AgentState+`"`)) {
					passed = append(passed, m)
				}
			}
			for range passed { // a new agent after each that went away says the same
				said = append(said, whole(agent, MaxToExtension)...)
			}
			if !partOf(passed, said) {
				t.Errorf("the extension was told %q", passed)
			}
		})
	})
}

// cutShort leaves out the message that was being written when the agent hung up.
func cutShort(b []byte, most int) []byte {
	n := 0
	for _, m := range whole(b, most) {
		n += 4 + len(m)
	}
	return b[:n]
}

// play runs a host between two ends and returns what each was written.
func play(t *testing.T, browser, agent []byte, piece int, origin string) (dialed, toAgent, toBrowser []byte) {
	t.Helper()
	in, fromBrowser := net.Pipe()
	var out bytes.Buffer
	heard := make(chan []byte, 1)
	dials := 0
	dial := func(context.Context) (io.ReadWriteCloser, error) {
		if dials++; dials > 1 {
			return nil, errors.New("gone")
		}
		ours, theirs := net.Pipe()
		go func() {
			all, _ := io.ReadAll(theirs)
			heard <- all
		}()
		go func() {
			writeIn(theirs, agent, piece)
			time.Sleep(time.Minute)
			_ = theirs.Close()
		}()
		return ours, nil
	}
	ended := make(chan error, 1)
	go func() { ended <- RunHost(t.Context(), []string{origin}, in, &out, dial) }()
	synctest.Wait() // the host has its agent
	go func() {
		writeIn(fromBrowser, browser, piece)
		time.Sleep(2 * time.Minute)
		_ = fromBrowser.Close()
	}()
	<-ended
	_ = in.Close()
	time.Sleep(5 * time.Minute)
	synctest.Wait()
	if dials > 0 {
		toAgent = <-heard
		dialed = []byte{1}
	}
	return dialed, toAgent, bytes.Clone(out.Bytes())
}

// writeIn writes bytes in pieces until the other end hangs up.
func writeIn(w io.Writer, b []byte, piece int) {
	for len(b) > 0 {
		n := min(piece, len(b))
		if _, err := w.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
	}
}

// FuzzCaller reads any arguments as a browser's: only our extension is let in, and whoever is let in is known as a call of
// a host and not as a command.
func FuzzCaller(f *testing.F) {
	f.Add(ourOrigin, "", "")
	f.Add(ourAddress, extension.FirefoxID, "")
	f.Add("watch", ourOrigin, "x")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for n := range 4 {
			args := []string{a, b, c}[:n:n]
			if checkCaller(args) != nil {
				continue
			}
			gecko := len(args) == 2 && b == extension.FirefoxID && strings.HasSuffix(a, "/"+extension.Host+".json")
			if !IsHostCall(args) || a != ourOrigin && !gecko {
				t.Errorf("%q was let in", args)
			}
		}
	})
}
