package terminal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
)

// fakeAgent answers as the agent does, behind a real unix socket: it streams what the test says and notes what is asked
// of it.
type fakeAgent struct {
	socket string
	server *http.Server

	mu      sync.Mutex
	streams int
	asked   []string
	events  []api.Event    // what each new stream begins with
	more    chan api.Event // what comes then, to one stream
}

func startFakeAgent(t *testing.T, events ...api.Event) *fakeAgent {
	t.Helper()
	d := &fakeAgent{socket: filepath.Join(t.TempDir(), "s"), events: events, more: make(chan api.Event)}
	d.open(t)
	t.Cleanup(d.shut)
	return d
}

func (d *fakeAgent) open(t *testing.T) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, api.Status{Type: "status", APIVersion: api.Version, Watching: true, Cores: 2, Processes: 140, IntervalMS: 1000})
	})
	mux.HandleFunc("GET /v1/allowances", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, []api.Allowance{{Type: "allowance", Site: "old.test"}})
	})
	mux.HandleFunc("POST /v1/alerts/{id}/{verb}", d.act)
	mux.HandleFunc("GET /v1/events", d.stream)
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", d.socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	d.server = s
	go func() { _ = s.Serve(l) }()
}

func (d *fakeAgent) shut() { _ = d.server.Close() }

func answer(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func (d *fakeAgent) act(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, strings.TrimSpace(r.PathValue("verb")+" "+r.PathValue("id")+" "+string(body)))
	switch r.PathValue("verb") {
	case "allow":
		answer(w, api.Allowance{Type: "allowance", Site: "films.test"})
	case "show-tab":
		w.WriteHeader(http.StatusConflict)
		answer(w, api.Problem{Message: "the tab is gone already", Code: api.CodeConflict})
	}
}

func (d *fakeAgent) stream(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.streams++
	d.mu.Unlock()
	send := func(e api.Event) {
		b, _ := json.Marshal(e)
		_, _ = w.Write([]byte(": alive\n\ndata: " + string(b) + "\n\n"))
		w.(http.Flusher).Flush()
	}
	if r.URL.Query().Get("live") != "1" {
		http.Error(w, "no ticks were asked for", http.StatusBadRequest)
		return
	}
	for _, e := range d.events {
		send(e)
	}
	for {
		select {
		case e, ok := <-d.more:
			if !ok {
				return
			}
			send(e)
		case <-r.Context().Done():
			return
		}
	}
}

func (d *fakeAgent) wasAsked() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.asked, "\n")
}

// screen collects what is written to a terminal.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// glass is a terminal in memory: what stands on it after everything that was written.
type glass struct {
	screen
	mu       sync.Mutex
	emulator *vt.Emulator
}

func newGlass(t *testing.T) *glass {
	t.Helper()
	g := &glass{emulator: vt.NewEmulator(80, 24)}
	go func() { _, _ = io.Copy(io.Discard, g.emulator) }() // what the terminal answers to questions
	// Its Close would race with its Read; the end of its pipe ends the reader as well.
	t.Cleanup(func() { _ = g.emulator.InputPipe().(io.Closer).Close() })
	return g
}

func (g *glass) Write(p []byte) (int, error) {
	g.mu.Lock()
	// The keys come from no terminal, so none was set to raw: one that is not makes each line feed a new line.
	_, err := g.emulator.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	g.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return g.screen.Write(p)
}

// has waits until a text was written.
func (s *screen) has(t *testing.T, text string) {
	t.Helper()
	until(t, text, func() bool { return strings.Contains(s.String(), text) })
}

// shows waits until a text stands on the glass.
func (g *glass) shows(t *testing.T, text string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("the terminal shows\n%s", g.emulator.String())
		}
	}()
	until(t, text, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return strings.Contains(g.emulator.String(), text)
	})
}

// until waits for something to become true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 600 {
		if ok() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("not within 15 s: %s", what)
}

func opening() []api.Event {
	a := films(nil)
	return []api.Event{{Alert: &a}, {Live: tick(1, hotRows(1))}}
}

// begin starts a watch and returns its end.
func begin(ctx context.Context, o WatchOptions) <-chan error {
	over := make(chan error, 1)
	go func() { over <- Watch(ctx, o) }()
	return over
}

func ends(t *testing.T, over <-chan error) error {
	t.Helper()
	select {
	case err := <-over:
		return err
	case <-time.After(15 * time.Second):
		t.Fatal("the watch does not end")
		return nil
	}
}

func TestWatchJSON(t *testing.T) {
	t.Parallel()
	d := startFakeAgent(t, opening()...)
	ctx, cancel := context.WithCancel(t.Context())
	var out screen
	over := begin(ctx, WatchOptions{Client: api.New(d.socket), Out: &out, JSON: true, Interactive: true})
	resolved := films(func(a *api.Alert) { a.State, a.Reason = api.Resolved, "load_ended" })
	d.more <- api.Event{Alert: &resolved}
	until(t, "three lines", func() bool { return strings.Count(out.String(), "\n") == 3 })
	cancel()
	if err := ends(t, over); err != nil {
		t.Errorf("a watch that was ended returned %v", err)
	}
	var want strings.Builder
	for _, v := range []any{opening()[0].Alert, opening()[1].Live, resolved} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		want.WriteString(string(b) + "\n")
	}
	if diff := cmp.Diff(want.String(), out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWatchPlain(t *testing.T) {
	t.Parallel()
	d := startFakeAgent(t, opening()...)
	var out screen
	over := begin(t.Context(), WatchOptions{Client: api.New(d.socket), Out: &out})
	out.has(t, "CPU 71 % of 2 cores: films.test 1.43 cores")
	if !strings.HasPrefix(out.String(), "13:00:41  FIRING    films.test has kept") {
		t.Errorf("the alert comes first, but:\n%s", out.String())
	}
	d.shut()
	if err := ends(t, over); err == nil || !strings.Contains(err.Error(), "the agent went away") {
		t.Errorf("the agent went away, but: %v", err)
	}
	if err := Watch(t.Context(), WatchOptions{Client: api.New(d.socket), Out: &out}); !errors.Is(err, api.ErrNotRunning) {
		t.Errorf("no agent runs, but: %v", err)
	}
}

func TestWatchFor(t *testing.T) {
	t.Parallel()
	d := startFakeAgent(t, opening()...)
	in, _ := keyboard(t)
	for _, interactive := range []bool{false, true} {
		var out screen
		over := begin(t.Context(), WatchOptions{
			Client: api.New(d.socket), Out: &out, In: in, Interactive: interactive, For: 500 * time.Millisecond,
		})
		if err := ends(t, over); err != nil || !strings.Contains(out.String(), "films.test") {
			t.Errorf("interactive %v: %v after\n%s", interactive, err, out.String())
		}
	}
}

func TestWatchIsOver(t *testing.T) {
	t.Parallel()
	d := startFakeAgent(t, opening()...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, _ := keyboard(t)
	for _, interactive := range []bool{false, true} {
		if err := Watch(ctx, WatchOptions{Client: api.New(d.socket), Out: io.Discard, In: in, Interactive: interactive}); err != nil {
			t.Errorf("interactive %v: %v", interactive, err)
		}
	}
}

func TestWatchWritingFails(t *testing.T) {
	t.Parallel()
	d := startFakeAgent(t, opening()...)
	for _, asJSON := range []bool{false, true} {
		if err := Watch(t.Context(), WatchOptions{Client: api.New(d.socket), Out: full{}, JSON: asJSON}); !errors.Is(err, errFull) {
			t.Errorf("JSON %v: %v", asJSON, err)
		}
	}
}

// keyboard returns what Watch reads keys from, and what presses them.
func keyboard(t *testing.T) (in, keys *os.File) {
	t.Helper()
	in, keys, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// A view that was cut off leaves its reader behind for a moment: it must see the end of the keys, and its file must
	// stay open until then, so that is left to the collector.
	t.Cleanup(func() { _ = keys.Close() })
	return in, keys
}

func TestWatchInteractive(t *testing.T) {
	t.Parallel()
	d := startFakeAgent(t, opening()...)
	in, keys := keyboard(t)
	out := newGlass(t)
	over := begin(t.Context(), WatchOptions{Client: api.New(d.socket), Out: out, In: in, Interactive: true})
	out.shows(t, "films.test has kept")
	press := func(k string) {
		if _, err := keys.WriteString(k); err != nil {
			t.Error(err)
		}
	}
	for _, step := range [][2]string{
		{"c", "Close the tab of films.test?"},
		{"y", "Closed the tab of films.test."},
		{"s", "No reminder about films.test for 1 hour."},
		{"o", "minewatch could not do that: the tab is gone already"},
		{"a", "films.test is allowed from now on. To undo: minewatch disallow films.test"},
	} {
		if step[0] == "y" {
			time.Sleep(settleFor + 200*time.Millisecond) // a question takes no answer before
		}
		press(step[0])
		out.shows(t, step[1])
	}
	const id = "20260301T110000-3"
	want := "close-tab " + id + "\nsnooze " + id + ` {"for_s":3600}` + "\nshow-tab " + id + "\nallow " + id + ` {"for_s":0}`
	if got := d.wasAsked(); got != want {
		t.Errorf("the agent was asked\n%s\nwant\n%s", got, want)
	}
	press("q")
	if err := ends(t, over); err != nil {
		t.Errorf("q ended the watch with %v", err)
	}
	if !strings.HasSuffix(strings.TrimSpace(out.String()), "\x1b[?1049l\x1b[?25h") && !strings.Contains(out.String(), "\x1b[?1049l") {
		t.Error("the terminal was not given back")
	}
}

// The agent goes away and comes back: the view says so, and goes on.
func TestWatchAgain(t *testing.T) {
	t.Parallel()
	d := startFakeAgent(t, opening()...)
	in, _ := keyboard(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := newGlass(t)
	over := begin(ctx, WatchOptions{Client: api.New(d.socket), Out: out, In: in, Interactive: true})
	out.shows(t, "films.test has kept")
	d.shut()
	out.shows(t, "NOT WATCHING")
	out.shows(t, "Trying again. The agent is not running. Start it with:")
	d.open(t)
	out.shows(t, "watching   2 cores · 143 processes · ! 1 alert")
	if d.mu.Lock(); d.streams != 2 {
		t.Errorf("%d streams were opened, want 2", d.streams)
	}
	d.mu.Unlock()
	cancel()
	if err := ends(t, over); err != nil {
		t.Errorf("a watch that was ended returned %v", err)
	}
}

// A view that is started before the agent waits for it.
func TestWatchWaits(t *testing.T) {
	t.Parallel()
	d := startFakeAgent(t, opening()...)
	d.shut()
	in, _ := keyboard(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := newGlass(t)
	over := begin(ctx, WatchOptions{Client: api.New(d.socket), Out: out, In: in, Interactive: true})
	out.shows(t, "Nothing is being watched.")
	d.open(t)
	out.shows(t, "films.test has kept")
	cancel()
	if err := ends(t, over); err != nil {
		t.Error(err)
	}
}
