//go:build linux

package attribution

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/firefox"
	"github.com/minewatch/minewatch/agent/testkit/pages"
	"github.com/minewatch/minewatch/agent/testkit/product"
	"github.com/minewatch/minewatch/agent/testkit/programs"
)

// Options say what is run.
type Options struct {
	// Bin is the folder with the programs minewatch and minewatch-host.
	Bin string
	// Progress is where lines for people go.
	Progress io.Writer
}

// Result is what was found in one family of browsers.
type Result struct {
	Type    string `json:"type"`    // "attribution"
	Browser string `json:"browser"` // "chromium" or "firefox"
	// Frames counts what was compared: each frame in each look at it. ExactRight of them live in a process of which
	// exactly the sites in it were named, Weaker in one of which less was said (not sure, one of several and others,
	// nobody), Wrong in one of which something false was said.
	Frames     int `json:"frames"`
	ExactRight int `json:"exact_right"`
	Weaker     int `json:"weaker"`
	Wrong      int `json:"wrong"`
	// Distinct counts the frames, however often they were looked at, and Processes those they live in.
	Distinct  int `json:"distinct_frames"`
	Processes int `json:"processes"`
	// Name is the time from a question about a process to its answer, Unanswered how many were not answered in 5 s.
	Name       Quantiles `json:"verdict_to_name_ms"`
	Unanswered int       `json:"unanswered"`
	// FirstName is that of the very first question, with which Firefox's numbers are checked once.
	FirstName float64 `json:"first_name_ms"`
	// Idle is what the extension and its host add to a browser with 20 idle tabs, in CPU seconds a minute (see Idling), and
	// HostRSS the host's memory in bytes; left out where they were not measured.
	Idle    *float64 `json:"idle_cpu_s_per_min,omitempty"`
	HostRSS uint64   `json:"host_rss_bytes,omitzero"`
}

// Quantiles of times in milliseconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
}

// Missing returns the programs that are needed and not installed.
func Missing() []string {
	return append(append(desktop.Missing(), chromium.Missing()...), firefox.Missing()...)
}

// Run runs the scenario in two browsers of a family ("chromium" or "firefox") at once. The error says everything that
// is not as it must be: a wrong name, too few frames, too few exact ones.
func Run(ctx context.Context, family string, o Options) (Result, error) {
	r := &run{Options: o, tally: newTally(), result: Result{Type: "attribution", Browser: family}}
	play := map[string]func(context.Context) error{"chromium": r.playChromium, "firefox": r.playFirefox}[family]
	if play == nil {
		return r.result, fmt.Errorf("no family of browsers is called %q", family)
	}
	err := r.start(ctx)
	if err == nil {
		err = play(ctx)
	}
	err = errors.Join(err, r.close())
	r.count()
	if err != nil {
		return r.result, err
	}
	return r.result, r.verdict()
}

// run is one scenario in progress.
type run struct {
	Options
	desktop *desktop.Desktop
	agent   *agent
	product *product.Agent // installed, not running: the parts are the agent's own
	port    string         // of the web server
	web     *http.Server
	tally   *tally
	result  Result
}

func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.Progress, r.result.Browser+": "+format+"\n", args...)
}

// start brings up the desktop, the web server and the agent's part.
func (r *run) start(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.web = &http.Server{Handler: pages.Frames(), ReadHeaderTimeout: patience}
	go func() { _ = r.web.Serve(listener) }() // a page that does not load shows
	if _, r.port, err = net.SplitHostPort(listener.Addr().String()); err != nil {
		return err
	}
	if r.desktop, err = desktop.Start(ctx); err != nil {
		return err
	}
	if r.product, err = product.Install(r.desktop, r.Bin, programs.Host); err != nil {
		return err
	}
	r.agent, err = startAgent(ctx, r.desktop)
	return err
}

func (r *run) close() error {
	var err error
	if r.desktop != nil {
		err = r.desktop.Close()
		if left := r.desktop.Leftovers(); len(left) > 0 {
			err = errors.Join(err, fmt.Errorf("processes of the desktop are left: %v", left))
		}
	}
	if r.agent != nil {
		err = errors.Join(err, r.agent.close())
	}
	return errors.Join(err, r.web.Close())
}

// awaitProfiles waits until so many profiles of a browser have said hello.
func (r *run) awaitProfiles(ctx context.Context, b subject, n int) error {
	root, err := processID(b.root())
	if err != nil {
		return err
	}
	return await(ctx, "the extension to say hello", func() (bool, error) { return r.agent.connected(root) == n, nil })
}

// look looks at browsers one after another; after names the step of the scenario.
func (r *run) look(ctx context.Context, after string, all ...subject) error {
	l := looker{agent: r.agent, tally: r.tally}
	for _, b := range all {
		if err := l.look(ctx, after, b); err != nil {
			return err
		}
	}
	r.count()
	r.say("%s: %d frames so far, %d exact, %d weaker, %d wrong", after, r.result.Frames, r.result.ExactRight, r.result.Weaker, r.result.Wrong)
	return nil
}

// first asks one question ahead of all others: the numbers of Firefox are checked with it, once a connection.
func (r *run) first(ctx context.Context, b subject) error {
	root, err := processID(b.root())
	if err != nil {
		return err
	}
	l := looker{agent: r.agent, tally: r.tally}
	truth, err := b.truth(ctx)
	if err != nil {
		return err
	}
	start := now()
	return await(ctx, "a first answer", func() (bool, error) {
		for number, p := range r.agent.sampler.Renderers(root) {
			if len(truth[p.PID]) == 0 {
				continue
			}
			_, took, err := l.ask(ctx, p, root, number)
			if took == 0 || err != nil {
				return false, err
			}
			r.result.FirstName = max(r.result.FirstName, float64(now().Sub(start).Round(time.Millisecond).Milliseconds()))
			return true, nil
		}
		return false, nil
	})
}

func (r *run) count() {
	c, t := &r.result, r.tally
	c.ExactRight, c.Weaker, c.Wrong = t.exact, t.weaker, t.wrong
	c.Frames = t.exact + t.weaker + t.wrong
	c.Distinct, c.Processes, c.Unanswered = len(t.distinct), len(t.processes), t.unanswered
	c.Name = Quantiles{P50: percentile(t.took, 0.5), P95: percentile(t.took, 0.95)}
}

// leastFrames and leastExact are what the scenario must show: frames, and the share of exact ones, a family.
const leastFrames = 60

func leastExact(family string) float64 {
	return map[string]float64{"chromium": 0.98, "firefox": 0.95}[family]
}

// verdict says what is not as it must be.
func (r *run) verdict() error {
	for _, f := range r.tally.faults {
		r.say("%s", f)
	}
	var err error
	c := &r.result
	if c.Wrong > 0 {
		err = fmt.Errorf("%d frames live in a process of which something false was said", c.Wrong)
	}
	if c.Distinct < leastFrames {
		err = errors.Join(err, fmt.Errorf("only %d frames were looked at, %d are wanted", c.Distinct, leastFrames))
	}
	if share := float64(c.ExactRight) / float64(max(1, c.Frames)); share < leastExact(c.Browser) {
		err = errors.Join(err, fmt.Errorf("%.1f %% exact, %.0f %% are wanted", 100*share, 100*leastExact(c.Browser)))
	}
	return err
}
