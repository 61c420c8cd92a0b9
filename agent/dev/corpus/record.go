//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/pages"
	"github.com/minewatch/minewatch/agent/testkit/product"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// How long parts of a recording may take.
const (
	startTimeout = 90 * time.Second // of agent and browser each, on a full machine
	settle       = 3 * time.Second  // from the last part that came up to the scenario's zero
	prepareLimit = 90 * time.Second
	slack        = 4 * time.Second // the least that is recorded after a load's end
)

// Recording says where a recording is made and with what.
type Recording struct {
	// Bin is the folder with the programs minewatch and load.
	Bin string
	// Out is where trace.jsonl.zst and truth.json go.
	Out string
	// Libraries is the folder of the libraries that some pages need.
	Libraries string
	// Split is "tune" or "test".
	Split string
	// Progress is where lines for people go.
	Progress io.Writer
}

// stage is a scenario while it is played.
type stage struct {
	Scenario
	Recording
	desktop *desktop.Desktop
	web     *pages.Server
	browser browser
	agent   *product.Agent
	trace   string
	// extension is the folder that Chromium loads.
	extension string
}

// Record plays one scenario and records it. It takes the whole of the network namespace and of the process namespace
// it runs in, so it belongs into a sandbox.
func Record(ctx context.Context, s Scenario, o Recording) (Truth, error) {
	// Port 80, because Firefox cannot be told that a name has another port.
	web, err := pages.StartAt(ctx, "127.0.0.1:80")
	if err != nil {
		return Truth{}, err
	}
	defer web.Close()
	web.UseLibraries(o.Libraries)
	d, err := desktop.Start(ctx)
	if err != nil {
		return Truth{}, err
	}
	p := &stage{Scenario: s, Recording: o, desktop: d, web: web, trace: filepath.Join(d.Home(), "trace.jsonl.zst")}
	t, err := p.play(ctx)
	if err != nil {
		p.keepLogs()
	}
	return t, errors.Join(err, d.Close())
}

// play goes through the scenario from the first program to the finished files.
func (p *stage) play(ctx context.Context) (Truth, error) {
	if err := p.prepare(ctx); err != nil {
		return Truth{}, err
	}
	if err := p.startAgent(ctx); err != nil {
		return Truth{}, err
	}
	if err := p.startBrowser(ctx); err != nil {
		return Truth{}, err
	}
	if err := wait.Pause(ctx, settle); err != nil {
		return Truth{}, err
	}
	load, err := p.act(ctx)
	if err != nil {
		return Truth{}, err
	}
	p.agent.Stop()
	if err := p.agent.Err(); err != nil {
		p.say("the agent ended with %v", err)
	}
	r, err := readRecording(p.trace)
	if err != nil {
		return Truth{}, err
	}
	t := truth(p.Scenario, p.Split, load, r)
	p.say("load %.1f-%.1f s of %.1f s, %.2f cores (%.2f intended)", t.LoadStart, t.LoadEnd, r.length.Seconds(),
		r.cores(t.Programs, t.LoadStart, t.LoadEnd), t.Cores)
	if err := check(p.Scenario, t, r); err != nil {
		return t, err
	}
	return t, p.keep(t)
}

// act plays the scenario's hour: programs and tabs begin and end at their times. It returns when the load really ran.
func (p *stage) act(ctx context.Context) (span, error) {
	zero := now()
	end := zero.Add(p.Length)
	acting, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	results := make(chan spanResult, len(p.Programs))
	for _, program := range p.Programs {
		go func() { results <- p.run(acting, program) }()
	}
	for _, program := range p.Companions {
		go func() { _ = p.run(acting, program) }() // what it does is not what is recorded
	}
	// A person who stumbles spoils no recording.
	go func() { _ = p.play1(acting) }()

	load := span{from: zero, to: end}
	var err error
	if p.Load != "" {
		load, err = p.tab(acting, end)
	}
	if err != nil {
		return load, err
	}
	if err := waitUntil(ctx, end); err != nil {
		return load, err
	}
	cancel()
	if p.Load != "" {
		return p.tabSpan(load), nil
	}
	for i := range p.Programs {
		r := <-results
		if r.err != nil {
			return load, r.err
		}
		if i == 0 {
			load = r.span
			continue
		}
		load = span{earlier(load.from, r.from), later(load.to, r.to), load.hashes + r.hashes}
	}
	return load, nil
}

// startAgent installs the browser part and starts the agent, which records.
func (p *stage) startAgent(ctx context.Context) (err error) {
	if p.agent, err = product.Install(p.desktop, p.Bin); err != nil {
		return err
	}
	if err := p.connect(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return p.agent.Run(ctx, "--record", p.trace, "--load", p.Note, "--simulated")
}

// keep writes both files of the recording.
func (p *stage) keep(t Truth) error {
	if err := os.MkdirAll(p.Out, 0o755); err != nil { // recordings are for everybody
		return err
	}
	data, err := os.ReadFile(p.trace)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.Out, "trace.jsonl.zst"), data, 0o644); err != nil { // as above
		return err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Out, "truth.json"), append(text, '\n'), 0o644) // as above
}

// keepLogs copies what the programs wrote, for whoever looks for a fault.
func (p *stage) keepLogs() {
	logs, err := filepath.Glob(filepath.Join(p.desktop.Dir(), "*.log"))
	if err != nil {
		return
	}
	for _, l := range append(logs, p.trace) {
		if b, err := os.ReadFile(l); err == nil {
			_ = os.WriteFile(filepath.Join("/tmp", "log-"+filepath.Base(l)), b, 0o600) // a missing log is no fault of its own
		}
	}
}

func (p *stage) say(format string, args ...any) {
	fmt.Fprintf(p.Progress, "%s: %s\n", p.Name, fmt.Sprintf(format, args...)) // progress that cannot be shown is no failure
}
