// Package pages serves the web pages of end-to-end tests on 127.0.0.1 under several host names: honest ones, and any
// of them with a simulated mining load when the address asks for it.
//
// The load is a loop of hashing (static/shared/hash-loop.js), in web workers, in a frame or on the page's own thread; it
// stops by itself after 90 seconds at the latest. The hash functions are those of hash-wasm, which scripts/npm.sh fetches.
// static/shared/clip.webm was made with ffmpeg's gradients and cellauto sources and shows nothing but colours.
package pages

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed static
var static embed.FS

// The hosts, each with its page.
const (
	Films = "films.test" // a catalogue; the demo's load runs here
	News  = "news.test"  // text only, quiet
	Mail  = "mail.test"  // small timers and requests
	Games = "games.test" // a canvas animation on the page's own thread
	Video = "video.test" // a looping, muted video
	Shop  = "shop.test"  // a slow banner

	Widget = "widget.test" // a small page to show in a frame of another

	// Heavy for honest reasons, for ?seconds= (80, at most 170).
	VideoGrid = "videogrid.test" // nine looping videos
	Call      = "call.test"      // a video call of the page with itself
	GL        = "gl.test"        // a WebGL scene
	Sheet     = "sheet.test"     // a spreadsheet in use
	Train     = "train.test"     // trains a network on the page's own thread
	Gate      = "gate.test"      // workers solve a puzzle for 4 to 12 s, or ?work= (at most 60) s, then a quiet page
	Storm     = "storm.test"     // goes to a fresh, heavy page every 2 to 4 s
	SQL       = "sql.test"       // bursts of queries on the page's own thread; needs libraries
	Python    = "python.test"    // a notebook, cell after cell on the page's own thread; needs libraries
	PDF       = "pdf.test"       // a document shown page by page; needs libraries
	Arcade    = "arcade.test"    // a game whose physics runs in two workers, drawn each frame
	Blur      = "blur.test"      // a meeting whose background a worker blurs, 15 times a second
	Editor    = "editor.test"    // an editor whose three workers talk with the page all the time

	// Heavy in workers, as mining is; all need libraries, and none has the simulated mining.
	Chess     = "chess.test"     // an engine in ?workers= (1 or 2) workers
	Transcode = "transcode.test" // encodes clip after clip in a worker
	Compile   = "compile.test"   // a compiler in ?workers= (2, at most 4) workers
)

// maxReport bounds the body of a page's report, in bytes.
const maxReport = 4096

// Server serves the pages until Close.
type Server struct {
	http *http.Server
	port int

	mu        sync.Mutex
	libraries string // a folder, empty for none
	visits    map[string]int
	loads     map[string]Load
	work      map[string]time.Time
}

// Load is what a page told about its simulated load.
type Load struct {
	// Started is when the first hash was computed, Stopped when the last worker ended by itself; zero: not (yet).
	Started, Stopped time.Time
	// Hashes is the number of hashes of all workers, known when they have stopped.
	Hashes int64
}

// Hosts returns all host names.
func Hosts() []string {
	return []string{
		Films, News, Mail, Games, Video, Shop, Widget,
		VideoGrid, Call, GL, Sheet, Train, Gate, Storm, SQL, Python, PDF, Arcade, Blur, Editor,
		Chess, Transcode, Compile,
	}
}

// Start listens on a free port of 127.0.0.1.
func Start(ctx context.Context) (*Server, error) { return StartAt(ctx, "127.0.0.1:0") }

// StartAt listens at the address: for browsers whose names are led here by other means than ResolverRules.
func StartAt(ctx context.Context, address string) (*Server, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("listening at %s, which is no TCP address", l.Addr())
	}
	s := &Server{port: addr.Port, visits: map[string]int{}, loads: map[string]Load{}, work: map[string]time.Time{}}
	s.UseLibraries(filepath.Join(root(), LibraryDir))
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_ = s.http.Serve(l) // ends with ErrServerClosed; anything else shows as pages that do not load
	}()
	return s, nil
}

// Close stops the server at once.
func (s *Server) Close() error { return s.http.Close() }

// Port returns the port of 127.0.0.1 on which it listens.
func (s *Server) Port() int { return s.port }

// URL returns the address of a host's page as a browser started with ResolverRules finds it.
func URL(host string) string { return "http://" + host + "/" }

// ResolverRules returns the value of Chromium's --host-resolver-rules that leads *.test here and everything else
// nowhere, so that nothing leaves the machine. Names in .local stay, as WebRTC hides a page's own addresses behind them.
func (s *Server) ResolverRules() string {
	return fmt.Sprintf("MAP *.test 127.0.0.1:%d, MAP * ~NOTFOUND, EXCLUDE *.local, EXCLUDE 127.0.0.1, EXCLUDE localhost", s.port)
}

// Visits returns how often a host's page was loaded.
func (s *Server) Visits(host string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.visits[host]
}

// Load returns what a host's page told about its load.
func (s *Server) Load(host string) Load {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loads[host]
}

// Working returns when a host's page last told that its heavy work had begun, and whether any did.
func (s *Server) Working(host string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.work[host]
	return at, ok
}

// ServeHTTP answers for all hosts.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if !slices.Contains(Hosts(), host) {
		http.NotFound(w, r)
		return
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/_test/") && r.Method == http.MethodPost:
		s.report(w, r, host)
	case r.Method != http.MethodGet:
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
	default:
		s.file(w, r, host)
	}
}

// report files what a page tells about its load, or its heavy work.
func (s *Server) report(w http.ResponseWriter, r *http.Request, host string) {
	var told struct {
		Event  string `json:"event"`
		Hashes int64  `json:"hashes"`
	}
	if json.NewDecoder(io.LimitReader(r.Body, maxReport)).Decode(&told) != nil {
		http.Error(w, "not a report", http.StatusBadRequest)
		return
	}
	at := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch strings.TrimPrefix(r.URL.Path, "/_test/") + " " + told.Event {
	case "load started":
		s.loads[host] = Load{Started: at}
	case "load stopped":
		l := s.loads[host]
		l.Stopped, l.Hashes = at, told.Hashes
		s.loads[host] = l
	case "work working":
		s.work[host] = at
	default:
		http.Error(w, "unknown event", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// file serves a host's own files, and those that all share below /_shared/.
func (s *Server) file(w http.ResponseWriter, r *http.Request, host string) {
	dir, _, _ := strings.Cut(host, ".")
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if library, ok := strings.CutPrefix(name, "_lib/"); ok {
		s.library(w, r, library)
		return
	}
	if shared, ok := strings.CutPrefix(name, "_shared/"); ok {
		dir, name = "shared", shared
	} else if name == "" {
		name = "index.html"
		s.mu.Lock()
		s.visits[host]++
		s.mu.Unlock()
	}
	name = path.Join("static", dir, name)
	if !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	setType(w, name)
	http.ServeFileFS(w, r, static, name)
}
