package pages_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/testkit/pages"
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
		"http://video.test/_shared/clip.webm":         http.StatusOK,
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
	if _, kind, body := ask(t, s, http.MethodGet, "http://video.test/_shared/clip.webm", ""); kind != "video/webm" || len(body) > 150<<10 {
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

func TestWorking(t *testing.T) {
	s := serve(t)
	for target, want := range map[string]int{
		"/_test/load": http.StatusBadRequest, "/_test/x/work": http.StatusBadRequest, "/_test/": http.StatusBadRequest, "/work": http.StatusMethodNotAllowed,
	} {
		if code, _, _ := ask(t, s, http.MethodPost, "http://chess.test"+target, `{"event":"working"}`); code != want {
			t.Errorf("%s: %d, want %d", target, code, want)
		}
	}
	if at, ok := s.Working(pages.Chess); ok || !at.IsZero() {
		t.Error("a page that has not begun is said to work")
	}
	ask(t, s, http.MethodPost, "http://chess.test/_test/work", `{"event":"working"}`)
	if at, ok := s.Working(pages.Chess); !ok || at.IsZero() {
		t.Error("a page that has begun is not said to work")
	}
	if _, ok := s.Working(pages.SQL); ok {
		t.Error("another host's page is said to work")
	}
}
