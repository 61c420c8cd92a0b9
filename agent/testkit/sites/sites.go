// Package sites serves many small web sites of end-to-end tests on one loopback address, through which a browser is led as
// through a proxy: sixty that mine in every way known (simulated: a loop of arithmetic that stops by itself), and any number
// of honest ones, some of them heavy.
package sites

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// Site is one page and what a check of it should say.
type Site struct {
	// Name is unique; Kind is how it mines, or what honest work it does.
	Name, Kind string
	// URL is the page's address.
	URL string
	// Mines is set for simulated mining; Script is then the address of the script that does it.
	Mines  bool
	Script string
	// Click is the selector of what must be clicked before it begins, Visits how many visits it takes.
	Click  string
	Visits int

	host  string
	order order
	page  func(s *Site, r *http.Request, visit int) string
}

// order is what a site's loop does.
type order struct {
	workers int
	duty    float64
	seconds int
	delay   float64 // seconds
	random  bool
	hidden  bool // only while the page is out of sight
}

// Server serves sites until Close.
type Server struct {
	http  *http.Server
	pages *pages.Server
	port  int

	mu     sync.Mutex
	byHost map[string]*Site
	visits map[string]int
}

// Start listens on a free port of 127.0.0.1 and serves the sites; what belongs to none of them is served by the pages of
// the other tests.
func Start(ctx context.Context, all []*Site) (*Server, error) {
	web, err := pages.Start(ctx)
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		web.Close()
		return nil, err
	}
	s := &Server{pages: web, byHost: map[string]*Site{}, visits: map[string]int{}}
	for _, one := range all {
		s.byHost[one.host] = one
	}
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		s.port = a.Port
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(l) }() // ends with Close
	return s, nil
}

// Proxy is the address that a browser takes for its proxy: every host then leads here.
func (s *Server) Proxy() string { return fmt.Sprintf("http://127.0.0.1:%d", s.port) }

// Close stops the server.
func (s *Server) Close() {
	s.http.Close()
	s.pages.Close()
}

// ServeHTTP answers for every host.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	name := host
	for _, prefix := range []string{"cdn-", "ad-", "ad2-"} {
		name = strings.TrimPrefix(name, prefix)
	}
	s.mu.Lock()
	site := s.byHost[name]
	s.mu.Unlock()
	if site == nil {
		s.pages.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if file, ok := strings.CutPrefix(r.URL.Path, "/s/"); ok {
		s.script(w, site, host, file)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/_") {
		s.pages.ServeHTTP(w, r)
		return
	}
	visit := 0
	if host == site.host && r.URL.Path == "/" {
		s.mu.Lock()
		s.visits[site.host]++
		visit = s.visits[site.host]
		s.mu.Unlock()
	}
	if r.URL.Path != "/" && !strings.HasPrefix(r.URL.Path, "/in/") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, site.page(site, r, visit))
}

// script serves a site's scripts: the loop itself and what begins it.
func (s *Server) script(w http.ResponseWriter, site *Site, host, file string) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if text := site.file(host, file); text != "" {
		fmt.Fprint(w, text)
		return
	}
	w.WriteHeader(http.StatusNotFound)
}
