package extensions

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

// Who says too much is read more slowly; a browser of another user does not suffer.
func TestFloodOfMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zapcore.InfoLevel)
		s := newService(t, Options{Log: zap.New(core)})
		flooding := attach(t, s, 1, rootA, "request")
		other := connect(t, s, Peer{PID: 2, Root: rootB, User: "1001", Browser: "chromium"})
		other.listen()
		start := time.Now()
		for range 10 * nm.MaxPerSecond {
			flooding.say(`{"method":"measuring","params":{"allowed":false}}`)
		}
		if took := time.Since(start); took < 8*time.Second || took > 11*time.Second {
			t.Errorf("2,000 messages were taken in %v", took)
		}
		if logged.Len() != 1 {
			t.Errorf("%d lines logged: %v", logged.Len(), logged.All())
		}
		go func() {
			for nm.WriteFrame(flooding.conn, []byte(`{"method":"measuring","params":{"allowed":false}}`)) == nil {
			}
		}()
		time.Sleep(time.Second)
		start = time.Now()
		other.send(golden(t, nm.Hello, "request"))
		if other.next(); time.Since(start) > 0 {
			t.Errorf("another user's host waits %v", time.Since(start))
		}
		flooding.leave()
		quiet(t, s)
	})
}

// admitted tries to let a host in, and returns an end of its connection that closes it.
func admitted(t *testing.T, s *Service, pid int, user string) (net.Conn, <-chan error) {
	t.Helper()
	ours, theirs := net.Pipe()
	result := make(chan error, 2)
	go func() {
		err := s.serve(context.Background(), Peer{PID: int32(pid), Root: rootA, User: user}, func() (net.Conn, error) {
			result <- nil
			return ours, nil
		})
		if err != nil {
			result <- err
			_ = theirs.Close()
		}
	}()
	return theirs, result
}

func TestHostsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		pid := 0
		add := func(user string) (net.Conn, error) {
			t.Helper()
			pid++
			conn, result := admitted(t, s, pid, user)
			err := <-result
			synctest.Wait()
			return conn, err
		}
		var last net.Conn
		for range maxHostsOfUser {
			conn, err := add("1000")
			if err != nil {
				t.Fatal(err)
			}
			last = conn
		}
		if _, err := add("1000"); !errors.Is(err, errTooMany) {
			t.Errorf("a user has one host too many: %v", err)
		}
		if _, result := admitted(t, s, 1, "1000"); <-result != nil {
			t.Error("a host that comes back was refused")
		}
		_ = last.Close()
		synctest.Wait()
		if _, err := add("1000"); err != nil {
			t.Errorf("after one left: %v", err)
		}
		for n := range maxHosts - maxHostsOfUser {
			if _, err := add(strconv.Itoa(2000 + n/maxHostsOfUser)); err != nil {
				t.Fatalf("host %d: %v", n, err)
			}
		}
		// All places are taken, by eight users. A ninth gets a fair share of them.
		for n := range 14 {
			if _, err := add("9999"); err != nil {
				t.Errorf("host %d of the ninth user: %v", n+1, err)
			}
		}
		if _, err := add("9999"); !errors.Is(err, errTooMany) {
			t.Errorf("more than its share: %v", err)
		}
		held := map[string]int{}
		for _, l := range s.registry.all(func(*link) bool { return true }) {
			held[l.User]++
		}
		for user, n := range held {
			if n < 14 {
				t.Errorf("user %s holds %d of %d: %v", user, n, maxHosts, held)
			}
		}
		if sum := len(s.registry.all(func(*link) bool { return true })); sum != maxHosts {
			t.Errorf("%d are connected", sum)
		}
	})
}

// Who comes and goes all the time is refused for a while, and so are users without end.
func TestConnectingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		try := func(user string) error {
			conn, result := admitted(t, s, 1, user)
			err := <-result
			_ = conn.Close()
			synctest.Wait()
			return err
		}
		passed := 0
		for range 100 {
			if try("1000") == nil {
				passed++
			}
		}
		if passed != connectsAtOnce {
			t.Errorf("%d connections at once", passed)
		}
		if err := try("1000"); !errors.Is(err, errTooOften) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Second)
		if err := try("1000"); err != nil {
			t.Errorf("a second later: %v", err)
		}
		for n := range 2 * maxUsers {
			_ = try(strconv.Itoa(5000 + n))
			if n := len(s.registry.users); n > maxUsers {
				t.Fatalf("%d users are remembered", n)
			}
		}
		time.Sleep(time.Minute)
		if err := try("7777"); err != nil { // another one makes room
			t.Errorf("a minute later: %v", err)
		}
		if n := len(s.registry.users); n > 1 {
			t.Errorf("%d users are still remembered", n)
		}
	})
}

// A host that came back before its old connection was seen to end keeps the new one when the old one is let go.
func TestHostComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		old := attach(t, s, 1, rootA, "request")
		again := attach(t, s, 1, rootA, "request")
		if err := <-old.ended; err != nil {
			t.Error(err)
		}
		s.Ask(proc, rootA, 12)
		again.next()
		if n := len(s.Status("")); n != 1 {
			t.Errorf("%d browsers", n)
		}
	})
}

func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		h := attach(t, s, 1, rootA, "request")
		for n := 1; n <= maxRecent+300; n++ {
			if n%100 == 0 {
				time.Sleep(time.Second) // an honest pace
			}
			s.Ask(heuristics.ProcessID{PID: int32(n)}, rootA, n)
			h.frames(h.next(), "", "https://a.test")
		}
		got := s.Answers()
		if len(s.lookup.process) > maxRecent {
			t.Errorf("%d processes are remembered", len(s.lookup.process))
		}
		if len(got) != maxUncollected || got[len(got)-1].Process.PID != maxRecent+300 {
			t.Errorf("%d are kept, the newest is %+v", len(got), got[len(got)-1])
		}
		quiet(t, s)
	})
}

// A message that stops in the middle, or is no message, ends the connection; silence does not.
func TestConnectionsThatStop(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		ends bool
		took time.Duration
		line string
	}{
		"silence":         {"", false, 0, ""},
		"half a length":   {"\x01\x00", true, frameWithin, "did not end in time"},
		"half a message":  {"\x40\x00\x00\x00{", true, frameWithin, "did not end in time"},
		"no length":       {"\x00\x00\x00\x00", true, 0, "a message of 0 bytes"},
		"a message of 2G": {"\x00\x00\x00\x80", true, 0, "a message of 2147483648 bytes"},
		"HTTP":            {"GET / HTTP/1.1\r\n", true, 0, "allowed are"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logged := observer.New(zapcore.InfoLevel)
				s := newService(t, Options{Log: zap.New(core)})
				p := connect(t, s, peerOf(1, rootA))
				start := time.Now()
				go p.conn.Write([]byte(c.in)) // the agent may hang up early
				if !c.ends {
					time.Sleep(24 * time.Hour)
					if len(p.ended) > 0 || logged.Len() > 0 {
						t.Errorf("it ended, or something was logged: %v", logged.All())
					}
					return
				}
				if err := <-p.ended; err != nil || time.Since(start) != c.took {
					t.Errorf("ended after %v with %v", time.Since(start), err)
				}
				if logged.Len() != 1 || !strings.Contains(fmt.Sprint(logged.All()[0].Context), c.line) {
					t.Errorf("logged: %v", logged.All())
				}
			})
		})
	}
}

// Close ends what goes on, waits for it, and lets nothing begin again; that no goroutine or timer is left, the bubble
// sees.
func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Log: zap.NewNop()})
		s.alive = func(heuristics.ProcessID) bool { return true }
		g := attachMeasured(t, s, "request-firefox", 4, 4)
		s.Ask(proc, rootA, 4)
		g.answer(g.next()) // a check begins
		s.Ask(proc, rootA, 5)
		acted := make(chan error, 1)
		go func() { acted <- s.Act(t.Context(), rootA, "close", 101, "https://news.test", 0) }()
		synctest.Wait()
		s.Close()
		for name, n := range map[string]int{"lookups": s.lookup.running, "hosts": len(s.registry.links)} {
			if n > 0 {
				t.Errorf("%d %s are left", n, name)
			}
		}
		if err := <-acted; err == nil {
			t.Error("an act of a closed service succeeded")
		}
		if err := s.serve(t.Context(), peerOf(2, rootA), nil); !errors.Is(err, errClosing) {
			t.Errorf("a host was let in afterwards: %v", err)
		}
		s.Ask(proc, rootA, 6)
		s.Close()
	})
}

// Everything at once from many sides: for the race detector.
func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{Popup: &popupOf{}})
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				h := connect(t, s, peerOf(int32(n+1), rootA))
				h.listen()
				h.send(golden(t, nm.Hello, "request"))
				<-h.heard
				for i := range 20 {
					s.Ask(proc, rootA, 1+n*100+i)
					s.Flag(rootA, 12, "films.test")
					s.Unflag("1000", "films.test")
					s.Status("")
					s.Answers()
					h.send(golden(t, nm.PopupLoad, "request"))
					time.Sleep(time.Millisecond)
				}
				_ = h.conn.Close()
				<-h.ended
			})
		}
		all.Wait()
	})
}
