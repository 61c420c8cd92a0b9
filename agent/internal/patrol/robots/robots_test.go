package robots_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/internal/patrol/robots"
)

const me = "minewatch-patrol"

func TestAllowed(t *testing.T) {
	for _, c := range []struct {
		text, path string
		want       bool
	}{
		{"", "/", true},
		{"User-agent: *\nDisallow: /", "/", false},
		{"User-agent: *\nDisallow:", "/", true},
		{"User-agent: other\nDisallow: /", "/", true},
		{"User-agent: MineWatch-Patrol/2.0\nDisallow: /", "/", false},
		{"User-agent: minewatch\nDisallow: /", "/", true}, // another robot's name
		{"User-agent: *\nDisallow: /\nUser-agent: minewatch-patrol\nAllow: /", "/a", true},
		{"User-agent: other\nUser-agent: *\nDisallow: /a", "/a", false},
		{"User-agent: minewatch-patrol\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\nUser-agent: minewatch-patrol\nDisallow: /c", "/c", false},
		{"User-agent: minewatch-patrol\nDisallow: /a\n\nUser-agent: x\nDisallow: /b", "/b", true},
		{"User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", true},
		{"User-agent: *\nAllow: /a\nDisallow: /a", "/a", true},
		{"User-agent: *\nDisallow: /*.php$", "/x/y.php", false},
		{"User-agent: *\nDisallow: /*.php$", "/x/y.php?a", true},
		{"User-agent: *\nDisallow: /a*b*c", "/axxbyyc/z", false},
		{"User-agent: *\nDisallow: /a*b*c", "/axxbyy", true},
		{"User-agent: *\nDisallow: /caf%c3%a9", "/caf%C3%A9", false},
		{"User-agent: *\nDisallow: /café", "/caf%C3%A9", false},
		{"User-agent: *\nDisallow: /%7Ejoe", "/~joe", false},
		{"User-agent: *\r\nDisallow: /a # not b\r\n", "/a", false},
		{"\xef\xbb\xbfuser-agent : *\rdisallow : /a", "/a", false},
		{"User-agent: *\nDisallow: /", "/robots.txt", true},
		{"Disallow: /", "/a", true}, // in no group
		{"User-agent: *\nDisallow: *$", "/a", false},
		{"User-agent: *\nDisallow: /$", "/a", true},
	} {
		if got := robots.Parse([]byte(c.text), me).Allowed(c.path); got != c.want {
			t.Errorf("%q allows %s: %t", c.text, c.path, got)
		}
	}
}

func TestDelayIsBounded(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"2": 2 * time.Second, "0.5": 500 * time.Millisecond, "86400": time.Minute, "1e308": time.Minute, "inf": time.Minute, "NaN": 0, "-1": 0, "x": 0,
	} {
		if got := robots.Parse([]byte("User-agent: *\nCrawl-delay: "+text), me).Delay; got != want {
			t.Errorf("a delay of %s is %v, not %v", text, got, want)
		}
	}
}

func TestAskerFollowsTheStandard(t *testing.T) {
	var asked atomic.Int32
	mux := http.NewServeMux()
	status, body := 200, ""
	mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.UserAgent() != "a visitor" {
			t.Errorf("it says that it is %q", r.UserAgent())
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	ask := func(s int, b string) (bool, error) {
		status, body = s, b
		server := httptest.NewServer(mux)
		defer server.Close()
		a := robots.NewAsker(server.Client(), me, "a visitor")
		allowed, _, err := a.Ask(t.Context(), server.URL+"/secret")
		again, _, errAgain := a.Ask(t.Context(), server.URL+"/secret")
		if again != allowed || fmt.Sprint(errAgain) != fmt.Sprint(err) {
			t.Errorf("asked twice, it says %t and %t", allowed, again)
		}
		return allowed, err
	}
	long := strings.Repeat("#", 600<<10)
	for _, c := range []struct {
		status  int
		body    string
		allowed bool
		fails   bool
	}{
		{200, "User-agent: *\nDisallow: /secret", false, false},
		{200, "User-agent: *\nDisallow: /other", true, false},
		{404, "User-agent: *\nDisallow: /", true, false},
		{401, "", true, false},
		{503, "", false, true},
		{429, "", false, true},
		{200, "User-agent: *\nDisallow: /secret\n" + long, false, false},
		{200, long + "\nUser-agent: *\nDisallow: /", true, false},
	} {
		asked.Store(0)
		allowed, err := ask(c.status, c.body)
		if allowed != c.allowed || (err != nil) != c.fails {
			t.Errorf("%d %.40q: allowed %t, %v", c.status, c.body, allowed, err)
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("the site was asked %d times", n)
		}
	}
}

func TestAskerDoesNotFollowForEver(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }))
	defer server.Close()
	if allowed, _, err := robots.NewAsker(server.Client(), me, "v").Ask(t.Context(), server.URL+"/"); allowed || err == nil {
		t.Errorf("redirected for ever: allowed %t, %v", allowed, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("User-agent: *\nDisallow: /a*b$\nAllow: /%7e\nCrawl-delay: 3"), "/a/b")
	f.Add([]byte("User-agent: minewatch-patrol\nDisallow: /****a"), "/%zz%4")
	f.Add([]byte("\xef\xbb\xbf:::\r\r#\nallow: é"), "")
	f.Fuzz(func(t *testing.T, text []byte, path string) {
		r := robots.Parse(text, me)
		if r.Delay < 0 || r.Delay > time.Minute {
			t.Errorf("a delay of %v", r.Delay)
		}
		if first := r.Allowed(path); r.Allowed(path) != first {
			t.Error("it is not decided")
		}
		if !strings.Contains(strings.ToLower(string(text)), "disallow") && !r.Allowed(path) {
			t.Errorf("%q is forbidden by nothing", path)
		}
	})
}
