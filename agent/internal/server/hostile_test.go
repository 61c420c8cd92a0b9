//go:build unix

package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// raw sends text to the local API and returns the status and the sentence of the answer; 0 if there was none.
func raw(t *testing.T, s *served, text string) (status int, sentence string) {
	t.Helper()
	conn := dial(t, s.path)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
	io.WriteString(conn, text) // the local API may hang up early
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	var p api.Problem
	if json.Unmarshal(b, &p) != nil {
		p.Message = string(b)
	}
	return res.StatusCode, p.Message
}

func dial(t *testing.T, path string) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "unix", path)
	must(t, err)
	return conn
}

func post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: minewatch\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, len(body), body)
}

func TestWhatWebPagesSendIsRefused(t *testing.T) {
	agent := newFakeAgent()
	s := serveAt(t, "", agent, defaults())
	const get = "GET /v1/status HTTP/1.1\r\nHost: minewatch\r\n"
	if status, text := raw(t, s, get+"\r\n"); status != 200 {
		t.Fatalf("a plain request: %d %s", status, text)
	}
	agent.said()
	for name, text := range map[string]string{
		"origin":         get + "Origin: https://films.test\r\n\r\n",
		"null origin":    get + "origin: null\r\n\r\n",
		"empty origin":   get + "Origin:\r\n\r\n",
		"referer":        get + "Referer: https://films.test/x\r\n\r\n",
		"fetch metadata": get + "Sec-Fetch-Site: cross-site\r\n\r\n",
		"web socket":     get + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
		"rebound":        "GET /v1/status HTTP/1.1\r\nHost: films.test\r\n\r\n",
		"local":          "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"port":           "GET /v1/status HTTP/1.1\r\nHost: minewatch:80\r\n\r\n",
		"no host":        "GET /v1/status HTTP/1.0\r\n\r\n",
		"empty host":     "GET /v1/status HTTP/1.1\r\nHost:\r\n\r\n",
		"other in URL":   "GET http://films.test/v1/status HTTP/1.1\r\nHost: minewatch\r\n\r\n",
		"preflight":      "OPTIONS * HTTP/1.1\r\nHost: minewatch\r\nOrigin: null\r\n\r\n",
		"posted":         "POST /v1/alerts/r-1/close-tab HTTP/1.1\r\nHost: minewatch\r\nOrigin: null\r\nContent-Length: 0\r\n\r\n",
		"upgraded":       "GET /v1/browser/channel HTTP/1.1\r\nHost: minewatch\r\nConnection: Upgrade\r\nUpgrade: minewatch-extension\r\nOrigin: null\r\n\r\n",
		"upgraded, led":  "GET /v1/browser/channel HTTP/1.1\r\nHost: films.test\r\nConnection: Upgrade\r\nUpgrade: minewatch-extension\r\n\r\n",
		"streamed":       "GET /v1/events HTTP/1.1\r\nHost: minewatch\r\nReferer: x\r\n\r\n",
	} {
		status, sentence := raw(t, s, text)
		if status != http.StatusForbidden || !strings.Contains(sentence, "refused") {
			t.Errorf("%s: %d %q", name, status, sentence)
		}
	}
	if said := agent.said(); len(said) > 0 {
		t.Errorf("the agent heard %q", said)
	}
}

// A client that sends anything at all must never end the agent or keep others from it.
func TestGarbage(t *testing.T) {
	s := serveAt(t, "", newFakeAgent(), defaults())
	random := rand.New(rand.NewChaCha8([32]byte{3}))
	whole := post("/v1/alerts/r-1/allow", `{"for_s":60}`)
	for range 300 {
		b := []byte(whole)
		switch random.IntN(3) {
		case 0:
			b = make([]byte, random.IntN(3000))
			for i := range b {
				b[i] = byte(random.Uint32())
			}
		case 1:
			for range 1 + random.IntN(8) {
				b[random.IntN(len(b))] = byte(random.Uint32())
			}
		case 2:
			b = b[:random.IntN(len(b))]
		}
		conn := dial(t, s.path)
		conn.Write(b)
		if random.IntN(4) == 0 {
			conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
			io.Copy(io.Discard, conn)
		}
		conn.Close()
	}
	if _, err := s.client.Status(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if n := s.logs.FilterMessage("a request at the local API panicked").Len(); n > 0 {
		t.Errorf("%d panics", n)
	}
}

// Callers who send a byte now and then are cut off; those who ask meanwhile are answered.
func TestSlowCallers(t *testing.T) {
	const soon = 200 * time.Millisecond
	for name, c := range map[string]struct {
		start string
		limit func(*limits) *time.Duration
	}{
		"silent": {"", func(l *limits) *time.Duration { return &l.header }},
		"header": {"GET /v1/status HTTP/1.1\r\nX: ", func(l *limits) *time.Duration { return &l.header }},
		"body": {
			strings.TrimSuffix(post("/v1/alerts/r-1/snooze", strings.Repeat(" ", 60_000)), strings.Repeat(" ", 59_999)),
			func(l *limits) *time.Duration { return &l.body },
		},
		"kept alive": {"GET /v1/status HTTP/1.1\r\nHost: minewatch\r\n\r\n", func(l *limits) *time.Duration { return &l.idle }},
	} {
		t.Run(name, func(t *testing.T) {
			lim := defaults()
			*c.limit(&lim) = soon // this one alone must do
			s := serveAt(t, "", newFakeAgent(), lim)
			conn := dial(t, s.path)
			defer conn.Close()
			io.WriteString(conn, c.start)
			if name == "header" || name == "body" {
				go func() { // until either side closes
					for err := error(nil); err == nil; time.Sleep(soon / 10) {
						_, err = io.WriteString(conn, "x")
					}
				}()
			}
			began := time.Now()
			conn.SetReadDeadline(began.Add(4 * time.Second))
			_, err := io.Copy(io.Discard, conn)
			if d := time.Since(began); d > 10*soon || (err != nil && isTimeout(err)) {
				t.Errorf("not cut off after %v (%v)", d, err)
			}
			if _, err := s.client.Status(t.Context()); err != nil {
				t.Errorf("another caller: %v", err)
			}
		})
	}
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// A caller of a stream who does not read is cut off and does not hold up the others.
func TestSlowReader(t *testing.T) {
	agent := newFakeAgent()
	lim := defaults()
	lim.event = 200 * time.Millisecond
	s := serveAt(t, "", agent, lim)
	conn := dial(t, s.path)
	defer conn.Close()
	io.WriteString(conn, "GET /v1/events HTTP/1.1\r\nHost: minewatch\r\n\r\n")
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case agent.feed <- api.Event{Alert: &api.Alert{ID: "x", Exe: strings.Repeat("x", 100_000)}}:
			case <-stop:
				return
			}
		}
	}()
	select {
	case <-agent.gone:
	case <-time.After(5 * time.Second):
		t.Fatal("the stream of a caller who does not read went on")
	}
	if _, err := s.client.Status(t.Context()); err != nil {
		t.Errorf("another caller: %v", err)
	}
}

// A caller who vanished without a word (a machine that froze, say) is noticed by the heart beat.
func TestHeartBeat(t *testing.T) {
	lim := defaults()
	lim.keepAlive = 30 * time.Millisecond
	s := serveAt(t, "", newFakeAgent(), lim)
	conn := dial(t, s.path)
	defer conn.Close()
	io.WriteString(conn, "GET /v1/events HTTP/1.1\r\nHost: minewatch\r\n\r\n")
	conn.SetReadDeadline(time.Now().Add(3 * time.Second))
	in := bufio.NewScanner(conn)
	for n := 0; n < 3; {
		if !in.Scan() {
			t.Fatalf("only %d beats: %v", n, in.Err())
		}
		if in.Text() == ": still here" {
			n++
		}
	}
}

func TestConnectionsArePerCaller(t *testing.T) {
	lim := defaults()
	lim.perCaller = 5
	s := serveAt(t, "", newFakeAgent(), lim)
	var conns []net.Conn
	for range lim.perCaller {
		conn := dial(t, s.path)
		defer conn.Close()
		io.WriteString(conn, "GET /v1/events HTTP/1.1\r\nHost: minewatch\r\n\r\n")
		if _, err := conn.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	for range 3 {
		if _, err := s.client.Status(t.Context()); err == nil {
			t.Error("one connection too many was answered")
		}
	}
	if n := s.logs.FilterMessageSnippet("too many connections").Len(); n != 1 {
		t.Errorf("%d lines in the log, want 1", n)
	}
	conns[0].Close()
	waitFor(t, func() bool { _, err := s.client.Status(t.Context()); return err == nil })
}

// A user's refusal is news again after a while, and what is remembered of it stays bounded.
func TestRefusalIsNewsOnceInAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newBudget(0, 2)
		news := func(user string) bool {
			_, news := q.enter(Caller{User: user}, nil)
			return news
		}
		for range 2 {
			for _, first := range []bool{true, false} {
				for _, user := range []string{"a", "b"} {
					if got := news(user); got != first {
						t.Errorf("%s: news %v, want %v", user, got, first)
					}
				}
			}
			if news("c") {
				t.Error("more users are remembered than there are things to hold")
			}
			time.Sleep(tellEvery)
		}
	})
}

func TestQuota(t *testing.T) {
	q := newBudget(2, 3)
	held := map[string][]func(){}
	type step struct {
		user     string
		admin    bool
		leave    bool
		ok, news bool
	}
	for i, s := range []step{
		{user: "a", ok: true},
		{user: "a", ok: true},
		{user: "a", news: true},
		{user: "a"}, // no longer news
		{user: "b", ok: true},
		{user: "c", news: true}, // all are taken
		{user: "0", admin: true, ok: true},
		{user: "0", admin: true, ok: true},
		{user: "0", admin: true, news: true}, // even root has a bound
		{user: "a", leave: true},
		{user: "b"}, // five were taken, three are too many; there is no room to remember the news
		{user: "0", leave: true},
		{user: "0", leave: true},
		{user: "b", ok: true},
		{user: "a", leave: true},
		{user: "a", ok: true},
		{user: "a"}, // whoever lets go of all and takes all again does not fill the log
	} {
		if s.leave {
			held[s.user][0]()
			held[s.user] = held[s.user][1:]
			continue
		}
		leave, news := q.enter(Caller{User: s.user, Admin: s.admin}, nil)
		if leave != nil {
			held[s.user] = append(held[s.user], leave)
		}
		if ok := leave != nil; ok != s.ok || news != s.news {
			t.Errorf("step %d, %s: %v, %v, want %v, %v", i, s.user, ok, news, s.ok, s.news)
		}
	}
	for _, all := range held {
		for _, leave := range all {
			leave()
			leave() // a connection is closed more than once
		}
	}
	if len(q.held) != 0 || len(q.told) > q.all || q.sum != 0 {
		t.Errorf("left over: %v, %v, %d", q.held, q.told, q.sum)
	}
}

// Eight users who hold all that there is do not lock a ninth out: who holds most gives way, one by one, until the
// ninth has an equal share.
func TestFairShareWhenAllIsTaken(t *testing.T) {
	b := newBudget(8, 64)
	cut := map[string]int{}
	take := func(user string) bool {
		leave, _ := b.enter(Caller{User: user}, func() { cut[user]++ })
		return leave != nil
	}
	for user := range 8 {
		for range 8 {
			if !take(strconv.Itoa(user)) {
				t.Fatalf("user %d has no room of their own", user)
			}
		}
	}
	got := 0
	for range 64 {
		if take("ninth") {
			got++
		}
	}
	if got < 7 || got > 8 || b.sum != 64 {
		t.Errorf("the ninth holds %d of %d", got, b.sum)
	}
	for user, n := range cut {
		if n > 1 {
			t.Errorf("user %s lost %d, while others lost one", user, n)
		}
	}
	if take("0") { // who has lost one asks at once for another
		t.Error("a user with a full share took from others")
	}
}

// The real thing: all connections are taken, and one more user is served.
func TestACrowdLocksNobodyOut(t *testing.T) {
	b := newBudget(4, 8)
	closed := 0
	for i := range 8 {
		if leave, _ := b.enter(Caller{User: "greedy" + strconv.Itoa(i/4)}, func() { closed++ }); leave == nil {
			t.Fatal("not let in")
		}
	}
	if leave, _ := b.enter(Caller{User: "quiet"}, func() {}); leave == nil || closed != 1 {
		t.Errorf("a quiet user was let in: %v, %d connections made room", leave != nil, closed)
	}
}

func TestRequestsOfAUserAreLimited(t *testing.T) {
	r := newRates()
	allowed := 0
	for range 10 * burst {
		if r.allow("1000") {
			allowed++
		}
	}
	if allowed < burst || allowed > 2*burst {
		t.Errorf("%d of %d requests at once were let through", allowed, 10*burst)
	}
	if !r.allow("1001") {
		t.Error("one user's requests count against another")
	}
	for i := range 10 * maxRates {
		r.allow("user" + strconv.Itoa(i))
	}
	if len(r.of) > maxRates {
		t.Errorf("%d users are remembered", len(r.of))
	}
}

func TestListsArePerCaller(t *testing.T) {
	agent := newFakeAgent()
	agent.hold = make(chan struct{})
	lim := defaults()
	s := serveAt(t, "", agent, lim)
	done := make(chan error, lim.lists)
	for range lim.lists {
		go func() { _, err := s.client.Alerts(t.Context(), 0); done <- err }()
	}
	waitFor(t, func() bool { agent.mu.Lock(); defer agent.mu.Unlock(); return len(agent.calls) == lim.lists })
	if _, err := s.client.Alerts(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "too many lists at once") {
		t.Errorf("error %v", err)
	}
	close(agent.hold)
	for range lim.lists {
		must(t, <-done)
	}
	if _, err := s.client.Alerts(t.Context(), 0); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
