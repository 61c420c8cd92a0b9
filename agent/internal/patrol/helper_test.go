package patrol_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/patrol"
	"github.com/minewatch/minewatch/agent/internal/patrol/list"
	"github.com/minewatch/minewatch/agent/internal/patrol/queue"
	"github.com/minewatch/minewatch/agent/internal/patrol/results"
)

// This test's program is also the programs that are killed: a run, a worker, a server of a cluster.
const (
	roleVar = "MINEWATCH_PATROL_TEST_ROLE"
	confVar = "MINEWATCH_PATROL_TEST_CONF"
	// fullVar asks for the long forms: 50 kills, more pages.
	fullVar = "MINEWATCH_PATROL"
)

// conf is what such a program is told.
type conf struct {
	Dir, List, NATS, Name string
	Cluster               string
	Port, ClusterPort     int
	Replicas              int
	NoWork                bool
	AckWait               time.Duration
	Visits                int
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleVar)
	if role == "" {
		os.Exit(m.Run())
	}
	var c conf
	err := json.Unmarshal([]byte(os.Getenv(confVar)), &c)
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err = map[string]func(context.Context, *conf) error{"run": runRole, "work": workRole, "node": nodeRole}[role](ctx, &c)
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// standIn takes a browser's place where the queue is tested. What it says of a page follows from the page's address:
// ?mine mines, ?third mines at every third visit, ?kill ends the whole process, ?gone does not answer, ?hang never returns.
type standIn struct {
	closed bool
	visits map[string]int
}

func open(context.Context, check.Options) (patrol.Visitor, error) {
	return &standIn{visits: map[string]int{}}, nil
}

func (*standIn) Product() string { return "stand-in/1" }
func (s *standIn) Ended() bool   { return s.closed }
func (s *standIn) Close()        { s.closed = true }

func (s *standIn) Visit(ctx context.Context, address string, how check.How) check.Visit {
	u, _ := url.Parse(address)
	t := time.NewTimer(time.Duration(5+len(address)%20) * time.Millisecond)
	select {
	case <-t.C:
	case <-ctx.Done():
		return check.Visit{Verdict: check.Unknown, Reason: check.EndedEarly, Detail: "stopped"}
	}
	v := check.Visit{Verdict: check.NothingFound, FinalURL: address, Status: 200}
	mines := false
	switch u.RawQuery {
	case "kill":
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		select {}
	case "hang":
		select {}
	case "gone":
		return check.Visit{Verdict: check.Unknown, Reason: check.NotLoaded, Detail: "no answer"}
	case "mine":
		mines = true
	case "third":
		n := third(address)
		mines = n%3 == 0
	}
	if how.Quick {
		v.Suspect = mines
		return v
	}
	if how.Record != nil {
		_, _ = io.WriteString(how.Record, "a recording of "+address)
	}
	if mines {
		v.Verdict, v.Screenshot = check.MiningLike, []byte("a picture of "+address)
		v.Findings = []check.Finding{{Verdict: check.MiningLike, Script: "https://cdn.test/core.js", Scripts: []check.Script{{URL: "https://cdn.test/core.js", SHA256: "ab"}}}}
	}
	return v
}

// third counts the visits of a page as its server would.
func third(address string) int {
	dir := os.Getenv("MINEWATCH_PATROL_TEST_COUNTS")
	if dir == "" {
		return 0
	}
	file := filepath.Join(dir, url.PathEscape(address))
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return 0
	}
	defer f.Close()
	_, _ = f.WriteString("x")
	fi, _ := f.Stat()
	return int(fi.Size())
}

func settings(c *conf) results.Run {
	how := results.How{Load: time.Second, Front: time.Second, Hidden: time.Second}
	return results.Run{Authority: "test", Contact: "patrol@example.test", Visits: max(1, c.Visits), Quick: how, Long: how, HostPages: 4}
}

func runRole(ctx context.Context, c *conf) error {
	f, err := os.Open(c.List)
	if err != nil {
		return err
	}
	defer f.Close()
	l, err := list.Read(f, list.Options{})
	if err != nil {
		return err
	}
	o := &patrol.Options{Dir: c.Dir, List: l, Settings: settings(c), NATS: c.NATS, Queue: queue.Options{Replicas: c.Replicas, AckWait: c.AckWait}}
	if !c.NoWork {
		o.Worker = &patrol.WorkerOptions{Open: open, Name: "run", Most: 8}
	}
	o.Progress = func(p *patrol.Progress) { // what a test that fails shows
		if p.Last == nil {
			fmt.Fprintf(os.Stderr, "%v %d of %d\n", time.Since(p.Since).Round(time.Second), p.Done, p.Total)
		}
	}
	_, err = patrol.Run(ctx, o)
	return err
}

func workRole(ctx context.Context, c *conf) error {
	q, err := queue.Connect(ctx, c.NATS, queue.Options{Replicas: c.Replicas, AckWait: c.AckWait})
	if err != nil {
		return err
	}
	defer q.Close()
	w, err := patrol.NewWorker(q, patrol.WorkerOptions{Open: open, Name: c.Name, Most: 4})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

func nodeRole(ctx context.Context, c *conf) error {
	o := &server.Options{
		ServerName: c.Name, Host: "127.0.0.1", Port: c.Port, JetStream: true, StoreDir: c.Dir, NoSigs: true, NoLog: true, MaxPayload: 4 << 20,
		Cluster: server.ClusterOpts{Name: "patrol", Host: "127.0.0.1", Port: c.ClusterPort}, Routes: server.RoutesFromStr(c.Cluster),
	}
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.Start()
	defer s.Shutdown()
	<-ctx.Done()
	return nil
}

// program is one of those programs, running.
type program struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
	said bytes.Buffer
}

func start(t *testing.T, role string, c *conf) *program {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{cmd: exec.Command(self), done: make(chan struct{})} //nolint:noctx // it is ended by kill
	p.cmd.Env = append(os.Environ(), roleVar+"="+role, confVar+"="+string(text))
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill is kill -9.
func (p *program) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// ended waits until the program ends by itself and reports whether it did.
func (p *program) ended(within time.Duration) bool {
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-p.done:
		return true
	case <-t.C:
		return false
	}
}

// writeList writes a list of pages on many hosts: some mine, one ends every process that opens it, one is gone.
func writeList(t *testing.T, dir string, pages int, special ...string) string {
	t.Helper()
	var b strings.Builder
	for i := range pages {
		query := ""
		switch {
		case i < len(special):
			query = "?" + special[i]
		case i%10 == 7:
			query = "?mine"
		}
		fmt.Fprintf(&b, "https://site%d.example/%s%s\n", i%97, strconv.Itoa(i), query)
	}
	file := filepath.Join(dir, "list.txt")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// finals reads results.jsonl and fails unless every page of the list is there exactly once.
func finals(t *testing.T, dir string, pages int) []*results.Page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, results.Lines))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	var all []*results.Page
	for line := range strings.Lines(string(text)) {
		var p results.Page
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%.200s: %v", line, err)
		}
		seen[p.URL]++
		all = append(all, &p)
	}
	for url, n := range seen {
		if n != 1 {
			t.Errorf("%s has %d final results", url, n)
		}
	}
	if len(seen) != pages {
		t.Errorf("%d of %d pages have a final result", len(seen), pages)
	}
	return all
}

// wantVerdicts fails unless each page is said to be what its address asks for.
func wantVerdicts(t *testing.T, all []*results.Page) {
	t.Helper()
	for _, p := range all {
		u, _ := url.Parse(p.URL)
		want := check.NothingFound
		switch u.RawQuery {
		case "mine", "third":
			want = check.MiningLike
		case "kill", "gone", "hang":
			want = check.Unknown
		}
		if p.Verdict != want {
			t.Errorf("%s is %s (%s: %s), not %s", p.URL, p.Verdict, p.Reason, p.Detail, want)
		}
	}
}

// wantEvidence fails unless the evidence is whole and every finding has some.
func wantEvidence(t *testing.T, dir string, all []*results.Page) {
	t.Helper()
	v, err := results.Verify(dir)
	if err != nil || len(v.Wrong) > 0 || !v.Ended {
		t.Errorf("the evidence: %+v, %v", v, err)
	}
	for _, p := range all {
		if p.Found() && len(p.Evidence) < 3 {
			t.Errorf("%s has %d files of evidence", p.URL, len(p.Evidence))
		}
	}
}

// freePorts returns ports of the loopback that nobody uses at the moment.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var out []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out
}

// answered is how many pages have a final result by now.
func answered(t *testing.T, c *conf) int {
	t.Helper()
	s, err := results.OpenRead(t.Context(), c.Dir)
	if err != nil {
		return 0 // it is not there yet
	}
	defer s.Close()
	counts, err := s.Counts(t.Context())
	if err != nil {
		return 0
	}
	n := 0
	for _, k := range counts {
		n += k
	}
	return n
}
