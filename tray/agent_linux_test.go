package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
)

// agent is a local door that says what the test wants and keeps what it is asked.
type agent struct {
	socket string
	server *http.Server

	mu      sync.Mutex
	alerts  []api.Alert
	streams map[chan api.Event]api.TrayStatus
	posts   []string
	refuse  string
}

func startAgent(t *testing.T) *agent {
	t.Helper()
	a := &agent{socket: filepath.Join(t.TempDir(), "agent.sock"), streams: map[chan api.Event]api.TrayStatus{}}
	a.listen(t)
	t.Cleanup(a.stop)
	return a
}

func (a *agent) listen(t *testing.T) {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "unix", a.socket)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		json.NewEncoder(w).Encode(api.Status{Type: "status", APIVersion: api.Version, Watching: true, Firing: len(a.alerts)})
	})
	mux.HandleFunc("GET /v1/alerts", func(w http.ResponseWriter, _ *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		json.NewEncoder(w).Encode(append([]api.Alert{}, a.alerts...))
	})
	mux.HandleFunc("GET /v1/events", a.events)
	mux.HandleFunc("POST /v1/alerts/{id}/{action}", a.post)
	a.server = &http.Server{Handler: mux}
	go a.server.Serve(l)
}

func (a *agent) stop() { a.server.Close() }

func (a *agent) events(w http.ResponseWriter, r *http.Request) {
	ch := make(chan api.Event, 16)
	a.mu.Lock()
	for _, alert := range a.alerts {
		ch <- api.Event{Alert: &alert}
	}
	a.streams[ch] = api.TrayStatus{Mode: api.TrayMode(r.FormValue("tray")), Detail: r.FormValue("detail")}
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.streams, ch)
		a.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case e := <-ch:
			b, _ := json.Marshal(e)
			fmt.Fprintf(w, "data: %s\n\n", b)
		}
	}
}

func (a *agent) post(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.posts = append(a.posts, strings.TrimSpace(r.URL.Path+" "+string(body)))
	switch {
	case a.refuse != "":
		w.WriteHeader(http.StatusConflict)
		json.NewEncoder(w).Encode(api.Problem{Message: a.refuse})
	case r.PathValue("action") == "allow":
		json.NewEncoder(w).Encode(api.Allowance{Type: "allowance", Site: "films.test"})
	}
}

// tell sends an alert to all who listen.
func (a *agent) tell(alert api.Alert) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var now []api.Alert
	for _, old := range a.alerts {
		if old.ID != alert.ID {
			now = append(now, old)
		}
	}
	if alert.State == api.Firing {
		now = append(now, alert)
	}
	a.alerts = now
	for ch := range a.streams {
		ch <- api.Event{Alert: &alert}
	}
}

// mode waits until the one tray says how it shows alerts.
func (a *agent) mode(t *testing.T, want api.TrayMode, detail string) {
	t.Helper()
	eventually(t, "the tray's status", func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, s := range a.streams {
			if len(a.streams) == 1 && s.Mode == want && strings.Contains(s.Detail, detail) && (detail != "" || s.Detail == "") {
				return nil
			}
		}
		return fmt.Errorf("%v, want %s %q", a.streams, want, detail)
	})
}

func (a *agent) requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.posts)
}

// posted waits until a request was the last one.
func (a *agent) posted(t *testing.T, want string) {
	t.Helper()
	eventually(t, "the request", func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if n := len(a.posts); n == 0 || a.posts[n-1] != want {
			return fmt.Errorf("%q, want %q last", a.posts, want)
		}
		return nil
	})
}
