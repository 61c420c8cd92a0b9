//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/sandbox"
)

const (
	// machine is the load in cores up to which nothing waits for a processor; full is what sandboxes are packed to where
	// that does not matter.
	machine, full = 2.4, 4.4
	// sandboxLimit ends a sandbox that hangs.
	sandboxLimit = 6 * time.Minute
)

// Plan says what is recorded and how.
type Plan struct {
	// Scenarios are recorded in this order, as far as the packing allows.
	Scenarios []Scenario
	// Splits are the splits by name.
	Splits map[string]string
	// Sandboxes is how many may run at once, Attempts how often each scenario is tried.
	Sandboxes, Attempts int
	// Bin is the folder with minewatch and load; Source this repository, ModCache the Go modules that building it needs.
	Bin, Source, ModCache string
	// Out is the folder that gets one folder for each recording; Work the one for everything else, on a disk.
	Out, Work string
	// Progress is where lines for people go.
	Progress io.Writer
}

// Outcome is how one scenario went; Err is nil if it was recorded.
type Outcome struct {
	Name string
	Err  error
}

// Run records everything that is planned and returns how it went, in the order of ending.
func Run(ctx context.Context, p Plan) []Outcome {
	var (
		mu       sync.Mutex
		outcomes []Outcome
		running  = map[string]Scenario{}
		ended    = make(chan string)
		waiting  = p.Scenarios
	)
	for len(waiting) > 0 || len(running) > 0 {
		for i := next(waiting, running, p.Sandboxes); i >= 0 && ctx.Err() == nil; i = next(waiting, running, p.Sandboxes) {
			s := waiting[i]
			waiting = append(append([]Scenario{}, waiting[:i]...), waiting[i+1:]...)
			running[s.Name] = s
			go func() {
				err := p.attempt(ctx, s)
				mu.Lock()
				outcomes = append(outcomes, Outcome{s.Name, err})
				mu.Unlock()
				ended <- s.Name
			}()
		}
		if len(running) == 0 {
			break // cancelled
		}
		delete(running, <-ended)
	}
	return outcomes
}

// next returns the first waiting scenario that may run beside the running ones, -1 if none.
func next(waiting []Scenario, running map[string]Scenario, sandboxes int) int {
	if len(running) >= sandboxes {
		return -1
	}
	sum, quiet := 0.0, false
	for _, s := range running {
		sum += s.load()
		quiet = quiet || s.Quiet
	}
	for i, s := range waiting {
		room := full
		if quiet || s.Quiet {
			room = machine
		}
		if len(running) == 0 || sum+s.load() <= room {
			return i
		}
	}
	return -1
}

// attempt records one scenario, and tries again if it fails.
func (p Plan) attempt(ctx context.Context, s Scenario) error {
	var err error
	for n := range p.Attempts {
		if err = p.sandbox(ctx, s); err == nil {
			fmt.Fprintf(p.Progress, "%s: recorded\n", s.Name) // progress that cannot be shown is no failure
			return nil
		}
		fmt.Fprintf(p.Progress, "%s: attempt %d failed: %v\n", s.Name, n+1, err) // as above
		if ctx.Err() != nil {
			break
		}
	}
	return err
}

// sandbox records one scenario in a sandbox of its own. Its folder appears in Out only when the recording is whole.
func (p Plan) sandbox(ctx context.Context, s Scenario) error {
	ctx, cancel := context.WithTimeout(ctx, sandboxLimit)
	defer cancel()
	dir := filepath.Join(p.Work, s.Name)
	result := filepath.Join(dir, "result")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(result, 0o755)); err != nil { // the sandbox's user must enter it
		return err
	}
	cmd := sandbox.Command(ctx, sandbox.Options{
		Dir: dir, Binds: map[string]string{p.Bin: "bin", p.Source: "source", p.ModCache: "modcache"},
	}, "-inside", s.Name, "-split", p.Splits[s.Name])
	log, err := os.Create(filepath.Join(dir, "sandbox.log"))
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = log, log
	err = errors.Join(cmd.Run(), log.Close())
	said, readErr := os.ReadFile(log.Name())
	if readErr == nil {
		fmt.Fprintf(p.Progress, "%s", said) // as above
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w; see %s", err, dir)
	}
	if err != nil {
		return err
	}
	to := filepath.Join(p.Out, s.Name)
	if err := os.MkdirAll(to, 0o755); err != nil { // recordings are for everybody
		return err
	}
	for _, name := range []string{"trace.jsonl.zst", "truth.json"} {
		b, err := os.ReadFile(filepath.Join(result, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o644); err != nil { // as above
			return err
		}
	}
	return os.RemoveAll(dir)
}
