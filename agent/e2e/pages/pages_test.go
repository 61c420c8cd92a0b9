package pages_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/e2e/desktop"
	"github.com/minewatch/minewatch/agent/e2e/pages"
)

// ask sends one request for a host to the server and returns status, content type and body.
func ask(t *testing.T, s *pages.Server, method, target, body string) (int, string, string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body)))
	return w.Code, w.Header().Get("Content-Type"), w.Body.String()
}

func serve(t *testing.T) *pages.Server {
	t.Helper()
	s, err := pages.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestEveryHostHasItsPage(t *testing.T) {
	s := serve(t)
	titles := map[string]string{}
	for _, h := range pages.Hosts() {
		code, kind, body := ask(t, s, http.MethodGet, pages.URL(h), "")
		_, rest, _ := strings.Cut(body, "<title>")
		title, _, _ := strings.Cut(rest, "</title>")
		if code != http.StatusOK || !strings.HasPrefix(kind, "text/html") || title == "" {
			t.Errorf("%s: %d %s, title %q", h, code, kind, title)
		}
		if other, twice := titles[title]; twice {
			t.Errorf("%s and %s show the same page", h, other)
		}
		titles[title] = h
		// Nothing may come from elsewhere.
		if strings.Contains(strings.ReplaceAll(body, "http://www.w3.org/2000/svg", ""), "//www.") || strings.Contains(body, `src="http`) {
			t.Errorf("%s asks other machines", h)
		}
		if s.Visits(h) != 1 {
			t.Errorf("%d visits to %s", s.Visits(h), h)
		}
	}
}

func TestFiles(t *testing.T) {
	s := serve(t)
	for target, want := range map[string]int{
		"http://video.test/clip.webm":                 http.StatusOK,
		"http://news.test/_shared/hash-worker.js":     http.StatusOK,
		"http://news.test:8080/":                      http.StatusOK,
		"http://news.test/clip.webm":                  http.StatusNotFound,
		"http://other.test/":                          http.StatusNotFound,
		"http://127.0.0.1/":                           http.StatusNotFound,
		"http://news.test/../films/index.html":        http.StatusBadRequest,
		"http://news.test/_shared/../films/":          http.StatusBadRequest,
		"http://news.test/_shared/..%2f..%2fpages.go": http.StatusBadRequest,
	} {
		if code, _, _ := ask(t, s, http.MethodGet, target, ""); code != want {
			t.Errorf("%s: %d, want %d", target, code, want)
		}
	}
	if _, kind, body := ask(t, s, http.MethodGet, "http://video.test/clip.webm", ""); kind != "video/webm" || len(body) > 150<<10 {
		t.Errorf("the clip: %s, %d bytes", kind, len(body))
	}
}

func TestReports(t *testing.T) {
	s := serve(t)
	for body, want := range map[string]int{
		`{"event":"exploded"}`: http.StatusBadRequest, `nonsense`: http.StatusBadRequest, "": http.StatusBadRequest,
		`{"event":"started","x":"` + strings.Repeat("y", 5000) + `"}`: http.StatusBadRequest,
	} {
		if code, _, _ := ask(t, s, http.MethodPost, "http://films.test/_test/load", body); code != want {
			t.Errorf("%.30q: %d, want %d", body, code, want)
		}
	}
	if l := s.Load(pages.Films); l != (pages.Load{}) {
		t.Errorf("bad reports were filed: %+v", l)
	}
	ask(t, s, http.MethodPost, "http://films.test/_test/load", `{"event":"started"}`)
	if l := s.Load(pages.Films); l.Started.IsZero() || !l.Stopped.IsZero() {
		t.Errorf("after the start: %+v", l)
	}
	ask(t, s, http.MethodPost, "http://films.test/_test/load", `{"event":"stopped","hashes":42}`)
	if l := s.Load(pages.Films); l.Stopped.Before(l.Started) || l.Hashes != 42 {
		t.Errorf("after the stop: %+v", l)
	}
	if l := s.Load(pages.News); l != (pages.Load{}) {
		t.Errorf("another host's load was noted for news.test: %+v", l)
	}
}

func TestLoadURL(t *testing.T) {
	got := pages.LoadURL(pages.Shop, 2, 0.7, 1500*time.Millisecond, time.Minute)
	if want := "http://shop.test/?delay=1.5&duty=0.7&seconds=60&workers=2"; got != want {
		t.Errorf("LoadURL = %s, want %s", got, want)
	}
}

// TestWorkerKeepsItsLimits runs the real worker in node on a clock that only its own computing and resting move: it
// must stop at 90 seconds even if asked for 1000, and compute for the share of the time that was asked.
func TestWorkerKeepsItsLimits(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		desktop.Need(t, []string{"node"})
	}
	s := serve(t)
	_, _, worker := ask(t, s, http.MethodGet, "http://films.test/_shared/hash-worker.js", "")
	const stage = `
let now = 0, rested = 0, hashes = 0;
const queue = [];
const performance = { now: () => now };
const setTimeout = (f, ms) => { ms = Math.max(ms, 1); now += ms; rested += ms; queue.push(f); };
const sha = { init: () => sha, update: () => sha, digest: () => { hashes++; now += 0.05; } };
const hashwasm = { createSHA256: async () => sha };
const importScripts = () => {};
let onmessage, closed = false;
const close = () => { closed = true; };
const said = [];
const postMessage = (m) => said.push(m);
`
	const play = `
(async () => {
  await onmessage({ data: { duty: 0.7, seconds: 1000, seed: 1 } });
  for (let i = 0; queue.length > 0 && i < 1e6; i++) queue.shift()();
  console.log(JSON.stringify({ seconds: now / 1000, duty: 1 - rested / now, closed, said, computed: hashes }));
})();
`
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "-")
	cmd.Stdin = io.MultiReader(strings.NewReader(stage), strings.NewReader(strings.ReplaceAll(worker, `"use strict";`, "")), strings.NewReader(play))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	var got struct {
		Seconds, Duty float64
		Closed        bool
		Said          []struct {
			Started bool
			Hashes  int64
		}
		Computed int64
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.Seconds > 90.2 || !got.Closed {
		t.Errorf("it ended after %.1f s, closed: %v", got.Seconds, got.Closed)
	}
	if got.Duty < 0.66 || got.Duty > 0.74 {
		t.Errorf("it computed for %.2f of the time, want 0.70", got.Duty)
	}
	if len(got.Said) != 2 || !got.Said[0].Started || got.Said[1].Hashes != got.Computed {
		t.Errorf("it said %+v, computed %d hashes", got.Said, got.Computed)
	}
}
