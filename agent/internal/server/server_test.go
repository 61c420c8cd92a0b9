//go:build unix

package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
)

// roleVar names the part that a child process of these tests plays instead of running them.
const roleVar = "MINEWATCH_SERVER_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVar); role {
	case "":
		os.Exit(m.Run())
	case "client":
		clientRole(os.Args[1])
	case "raw":
		rawRole(os.Args[1])
	case "agent":
		agentRole(os.Args[1])
	default:
		fmt.Fprintln(os.Stderr, "unknown role", role)
		os.Exit(2)
	}
}

// served is an agent in use.
type served struct {
	path   string
	client *api.Client
	logs   *observer.ObservedLogs
	stop   func() // ends it and waits
}

// serveAt serves the agent at path, or a new one if it is empty.
func serveAt(t *testing.T, path string, agent Agent, lim limits) *served {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "run", "agent.sock")
	}
	ln, err := Listen(path)
	must(t, err)
	core, logs := observer.New(zapcore.InfoLevel)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, ln, agent, zap.New(core), lim) }()
	stop := sync.OnceFunc(func() {
		began := time.Now()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("it took %v to stop", d)
		}
	})
	t.Cleanup(stop)
	return &served{path: path, client: api.New(path), logs: logs, stop: stop}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// me is the caller that this test is.
func me() string { return strconv.Itoa(os.Geteuid()) }

func TestEveryMethodOfTheClient(t *testing.T) {
	agent := newFakeAgent()
	s := serveAt(t, "", agent, defaults())
	ctx := t.Context()
	for _, c := range []struct {
		name string
		call func() (any, error)
		want any // what the client returned
		said string
	}{
		{
			"status", func() (any, error) { return s.client.Status(ctx) },
			api.Status{Type: "status", APIVersion: api.Version, Socket: me()},
			fmt.Sprintf("status pid %d admin %v", os.Getpid(), os.Geteuid() == 0),
		},
		{"close", func() (any, error) { return nil, s.client.CloseTab(ctx, "r-1") }, nil, "close r-1"},
		{"show", func() (any, error) { return nil, s.client.ShowTab(ctx, "r-1") }, nil, "show r-1"},
		{"snooze", func() (any, error) { return nil, s.client.Snooze(ctx, "a/b c?#%2F", 90*time.Minute) }, nil, "snooze a/b c?#%2F 1h30m0s"},
		{"unsnooze", func() (any, error) { return nil, s.client.Unsnooze(ctx, "r-1") }, nil, "unsnooze r-1"},
		{
			"snooze by name", func() (any, error) { return s.client.SnoozeNamed(ctx, api.Allowance{Site: "b.test"}) },
			api.Allowance{Site: "b.test", User: me()},
			"snooze b.test for " + me(),
		},
		{
			"unsnooze by name", func() (any, error) { return nil, s.client.UnsnoozeNamed(ctx, api.Allowance{Program: "/a"}) }, nil,
			"unsnooze /a for " + me(),
		},
		{"snoozes", func() (any, error) { return s.client.Snoozes(ctx) }, []api.Allowance{}, "snoozes"},
		{
			"allow alert", func() (any, error) { return s.client.AllowAlert(ctx, "r-1", 0) },
			api.Allowance{Type: "allowance", Site: "films.test", User: me()},
			"allow alert r-1 0s",
		},
		{
			"allowances, none", func() (any, error) { return s.client.Allowances(ctx) }, []api.Allowance{}, "",
		},
		{
			"allow", func() (any, error) {
				return s.client.Allow(ctx, api.Allowance{Type: "allowance", Site: "b\u202e.test"})
			},
			api.Allowance{Type: "allowance", Site: "b\u202e.test", User: me()},
			"allow b\u202e.test for " + me(),
		},
		{
			"allowances", func() (any, error) { return s.client.Allowances(ctx) },
			[]api.Allowance{{Type: "allowance", Site: "b\u202e.test", User: me()}},
			"",
		},
		{
			"disallow", func() (any, error) { return nil, s.client.Disallow(ctx, api.Allowance{Program: "/bin/x"}) }, nil,
			"disallow /bin/x for " + me(),
		},
	} {
		got, err := c.call()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		want := []string{me() + " " + c.said}
		if c.said == "" {
			want = nil
		}
		if diff := cmp.Diff(want, agent.said()); diff != "" {
			t.Errorf("%s: the agent heard (-want +got):\n%s", c.name, diff)
		}
	}
	list, err := s.client.Alerts(ctx, 36*time.Hour)
	if err != nil || len(list) == 0 || list[0].Site != "films.test" {
		t.Errorf("alerts: %v, %v", list, err)
	}
	if got := agent.said(); len(got) != 1 || got[0] != me()+" alerts 36h0m0s" {
		t.Errorf("alerts: the agent heard %q", got)
	}
	if n := s.logs.Len(); n != 0 {
		t.Errorf("%d lines in the log: %v", n, s.logs.All())
	}
}

func TestStreams(t *testing.T) {
	agent := newFakeAgent()
	lim := defaults()
	lim.keepAlive, lim.body, lim.answer = 20*time.Millisecond, 150*time.Millisecond, 150*time.Millisecond
	s := serveAt(t, "", agent, lim)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tray := &api.TrayStatus{Mode: "menu", Detail: "line\nbreak " + strings.Repeat("ü", 400)}
	agent.feed <- api.Event{Live: &api.Live{Type: "tick", T: 1}}
	n := 0
	for e, err := range s.client.Events(ctx, true, tray) {
		if ctx.Err() != nil {
			break
		}
		must(t, err)
		n++
		switch n {
		case 1:
			if e.Live == nil || e.Live.T != 1 {
				t.Errorf("event 1: %+v", e)
			}
			time.Sleep(400 * time.Millisecond) // far past the deadlines of a plain request
			agent.feed <- api.Event{Alert: &api.Alert{ID: "two\n\ndata: x", Site: strings.Repeat("長", 5000)}}
		case 2:
			if e.Alert == nil || e.Alert.ID != "two\n\ndata: x" || len(e.Alert.Site) != 15000 {
				t.Errorf("event 2: %+v", e)
			}
			// One that no client could read is left out, not sent.
			agent.feed <- api.Event{Alert: &api.Alert{ID: "huge", Exe: strings.Repeat("x", maxEvent)}}
			agent.feed <- api.Event{Alert: &api.Alert{ID: "three"}}
		case 3:
			if e.Alert == nil || e.Alert.ID != "three" {
				t.Errorf("event 3: %.100s", e.Alert.ID)
			}
			cancel()
		}
	}
	if n != 3 {
		t.Errorf("%d events", n)
	}
	select {
	case <-agent.gone:
	case <-time.After(2 * time.Second):
		t.Error("the agent's sequence did not end when the client went away")
	}
	said := agent.said()
	if len(said) != 1 || !strings.Contains(said[0], fmt.Sprintf("PID:%d", os.Getpid())) ||
		!strings.Contains(said[0], "Mode:menu Detail:line break ü") || utf8.RuneCountInString(said[0]) > 340 {
		t.Errorf("the agent heard %q", said)
	}
}

func TestErrorsAreSentences(t *testing.T) {
	agent := newFakeAgent()
	lim := defaults()
	lim.work = 50 * time.Millisecond
	s := serveAt(t, "", agent, lim)
	for id, want := range map[string]string{
		"none":                     "there is no such alert",
		"wait":                     "that took too long; try again",
		"broken":                   "the agent could not do that; its log says why",
		"panic":                    "the agent could not do that; its log says why",
		strings.Repeat("x", 300):   "there is no such alert",
		"..":                       "this agent does not know POST /v1/alerts/../close-tab; is it older than the program that asked?",
		"a\x1b[31m/../../\u202e.x": "this agent does not know POST /v1/alerts/a[31m/../../.x/close-tab; is it older than the program that asked?",
	} {
		if err := s.client.CloseTab(t.Context(), id); err == nil || err.Error() != want {
			t.Errorf("%.20q: %q, want %q", id, err, want)
		}
	}
	for _, name := range hostile.Names() {
		if name = strings.ReplaceAll(name, "\x00", ""); name == "" {
			continue
		}
		if err := s.client.CloseTab(t.Context(), "../../"+name); err == nil {
			t.Errorf("%.40q was closed", name)
		} else if bad := hostile.Check(err.Error()); bad != nil || strings.Contains(err.Error(), "\n") || utf8.RuneCountInString(err.Error()) > 200 {
			t.Errorf("%.40q: %q: %v", name, err, bad)
		}
	}
	if err := s.client.Snooze(t.Context(), "r-1", -time.Second); err == nil || !strings.Contains(err.Error(), "between 0 s and ten years") {
		t.Errorf("negative: %v", err)
	}
	if _, err := s.client.AllowAlert(t.Context(), "r-1", 200*365*24*time.Hour); err == nil {
		t.Error("200 years were accepted")
	}
	if _, err := s.client.Allow(t.Context(), api.Allowance{Site: "a", Program: "b"}); err == nil {
		t.Error("site and program were accepted")
	}
	if _, err := s.client.Alerts(t.Context(), -time.Second); err == nil {
		t.Error("a negative time was accepted")
	}
	if _, err := s.client.Alerts(t.Context(), 1<<63-1); err != nil {
		t.Errorf("the longest time: %v", err)
	}
	logged := map[string]bool{}
	for _, e := range s.logs.All() {
		logged[e.Message] = true
	}
	if diff := cmp.Diff(map[string]bool{
		"a request at the local API panicked": true, "a request at the local API failed": true,
	}, logged); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if _, err := s.client.Status(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestPanicInStreamCutsItOff(t *testing.T) {
	agent := newFakeAgent()
	s := serveAt(t, "", agent, defaults())
	agent.feed <- api.Event{Alert: &api.Alert{ID: "panic"}}
	var last error
	for _, err := range s.client.Events(t.Context(), false, nil) {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), "the agent went away: unexpected EOF") {
		t.Errorf("the client saw %v", last)
	}
	if n := s.logs.FilterMessage("a request at the local API panicked").Len(); n != 1 {
		t.Errorf("%d panics logged", n)
	}
	if _, err := s.client.Status(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestStopsWithStreamsOpen(t *testing.T) {
	agent := newFakeAgent()
	agent.hold = make(chan struct{}) // and with a call that does not come back
	s := serveAt(t, "", agent, defaults())
	ended := make(chan error, 5)
	for range 5 {
		go func() {
			var last error
			for _, err := range s.client.Events(t.Context(), false, nil) {
				last = err
			}
			ended <- last
		}()
	}
	go s.client.Alerts(t.Context(), 0)
	idle := dial(t, s.path) // and with a caller who says nothing
	defer idle.Close()
	waitFor(t, func() bool { agent.mu.Lock(); defer agent.mu.Unlock(); return len(agent.calls) == 6 })
	s.stop() // fails if it takes more than two seconds
	for range 5 {
		if err := <-ended; !errors.Is(err, api.ErrNotRunning) && !strings.Contains(fmt.Sprint(err), "went away") {
			t.Errorf("a stream ended with %v", err)
		}
	}
	close(agent.hold)
	if _, err := os.Lstat(s.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, err := s.client.Status(t.Context()); !errors.Is(err, api.ErrNotRunning) {
		t.Errorf("afterwards: %v", err)
	}
}

// Streams end when the agent does, without waiting for the grace that other requests have.
func TestStreamsDoNotHoldUpTheEnd(t *testing.T) {
	agent := newFakeAgent()
	s := serveAt(t, "", agent, defaults())
	ended := make(chan struct{})
	go func() {
		for range s.client.Events(t.Context(), false, nil) {
		}
		close(ended)
	}()
	waitFor(t, func() bool { agent.mu.Lock(); defer agent.mu.Unlock(); return len(agent.calls) == 1 })
	began := time.Now()
	s.stop()
	if d := time.Since(began); d > defaults().stop/2 {
		t.Errorf("it took %v to stop", d)
	}
	<-ended
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen within 5 s")
		}
	}
}

func TestListenerFailureIsTold(t *testing.T) {
	ln, err := Listen(filepath.Join(t.TempDir(), "agent.sock"))
	must(t, err)
	must(t, ln.Close())
	if err := Serve(t.Context(), ln, newFakeAgent(), zap.NewNop()); err == nil {
		t.Error("serving a closed listener gave no error")
	}
}

func TestListIsCutToWhatAClientReads(t *testing.T) {
	h := &handler{log: zap.NewNop()}
	var list []api.Alert
	for i := range 10 {
		list = append(list, api.Alert{ID: strconv.Itoa(i), Exe: strings.Repeat("x", 1000)})
	}
	got := newest(h.log, list, 5000)
	if len(got) != 4 || !strings.Contains(string(got[0]), `"id":"6"`) || !strings.Contains(string(got[3]), `"id":"9"`) {
		t.Errorf("%d alerts: %.100s", len(got), got)
	}
	if got := newest[api.Alert](h.log, nil, 5000); got == nil {
		t.Error("no alerts become null")
	}
}
