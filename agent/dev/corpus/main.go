//go:build linux

// Command corpus records the labelled corpus with minewatch itself, from real programs on a real desktop.
//
//	go run ./agent/dev/corpus [-prices] [-only REGEX] [-missing] [-sandboxes N] [-out testdata/traces] [-smoke] [-list]
//
// It needs root, for the sandboxes that keep recordings apart, and what `scripts/setup.sh corpus` installs. The exit status
// is 0 only if all that was asked for was recorded.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/minewatch/minewatch/agent/dev/internal/command"
	"github.com/minewatch/minewatch/agent/testkit/pages"
	"github.com/minewatch/minewatch/agent/testkit/programs"
	"github.com/minewatch/minewatch/agent/testkit/sandbox"
)

func main() {
	if status, inside := sandbox.Enter(os.Stderr); inside {
		os.Exit(status)
	}
	os.Exit(command.Run("corpus", run))
}

// options are the command line.
type options struct {
	only, out, bin, work string
	sandboxes, attempts  int
	missing, smoke, list bool
	prices               bool
	inside, split        string
}

func parse() options {
	var o options
	flag.StringVar(&o.only, "only", "", "record only the scenarios whose name matches this `expression`")
	flag.StringVar(&o.out, "out", "testdata/traces", "the `folder` of the recordings")
	flag.StringVar(&o.bin, "bin", "bin", "the `folder` with the program minewatch")
	flag.StringVar(&o.work, "work", ".cache/corpus", "the `folder` for everything else")
	flag.IntVar(&o.sandboxes, "sandboxes", 3, "how many recordings are made at once")
	flag.IntVar(&o.attempts, "attempts", 2, "how often a recording is tried that does not hold its load")
	flag.BoolVar(&o.missing, "missing", false, "record only what is not there yet")
	flag.BoolVar(&o.prices, "prices", false, "record what evasions cost instead: give them another -out")
	flag.BoolVar(&o.smoke, "smoke", false, "record twelve seconds of a small load, to try it")
	flag.BoolVar(&o.list, "list", false, "list the scenarios and record none")
	flag.StringVar(&o.inside, "inside", "", "used by the sandboxes")
	flag.StringVar(&o.split, "split", "", "used by the sandboxes")
	flag.Parse()
	return o
}

func run(ctx context.Context) error {
	o := parse()
	table := Table()
	if o.prices {
		table = Prices()
	}
	if o.smoke {
		table = []Scenario{Smoke()}
	}
	if o.inside != "" {
		return inside(ctx, o)
	}
	chosen, err := choose(table, o)
	if err != nil {
		return err
	}
	splits := Splits(table)
	if o.list {
		for _, s := range chosen {
			fmt.Printf("%-9s %-4s %-15s %-34s %3.0fs %.2f cores  %s\n", s.Label, splits[s.Name], s.Kind, s.Name, s.Length.Seconds(), s.Cores, s.Note)
		}
		return nil
	}
	p, err := plan(ctx, o)
	if err != nil {
		return err
	}
	p.Scenarios, p.Splits = chosen, splits
	var failed []string
	for _, r := range Run(ctx, p) {
		if r.Err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", r.Name, r.Err))
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d were not recorded:\n%s", len(failed), len(chosen), strings.Join(failed, "\n"))
	}
	return context.Cause(ctx)
}

// choose returns the scenarios that the command line asks for.
func choose(table []Scenario, o options) ([]Scenario, error) {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	table = slices.DeleteFunc(slices.Clone(table), func(s Scenario) bool {
		if o.missing {
			if _, err := os.Stat(filepath.Join(o.out, s.Name, "truth.json")); err == nil {
				return true
			}
		}
		return !only.MatchString(s.Name)
	})
	return table, nil
}

// plan makes folders and programs ready.
func plan(ctx context.Context, o options) (Plan, error) {
	p := Plan{Sandboxes: o.sandboxes, Attempts: o.attempts, Progress: os.Stderr}
	if os.Geteuid() != 0 {
		return p, errors.New("sandboxes need root: run it with sudo")
	}
	var err error
	for from, to := range map[string]*string{o.out: &p.Out, o.work: &p.Work, ".": &p.Source} {
		if *to, err = filepath.Abs(from); err != nil {
			return p, err
		}
	}
	p.Bin = filepath.Join(p.Work, "bin")
	if err := os.MkdirAll(p.Bin, 0o755); err != nil { // the sandboxes' user must be able to enter it
		return p, err
	}
	agent, err := os.ReadFile(filepath.Join(o.bin, "minewatch"))
	if err != nil {
		return p, fmt.Errorf("%w (make agent builds it)", err)
	}
	// A copy, so that a rebuild meanwhile does not change what records.
	to := filepath.Join(p.Bin, "minewatch")
	_ = os.Remove(to) // a running copy of the last time cannot be written to
	if err := os.WriteFile(to, agent, 0o755); err != nil {
		return p, err
	}
	if err := programs.Build(ctx, p.Bin, nil, programs.Load); err != nil {
		return p, err
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE").Output()
	p.ModCache = strings.TrimSpace(string(out))
	return p, err
}

// inside records one scenario; this process is in a sandbox.
func inside(ctx context.Context, o options) error {
	table := append(append(Table(), Prices()...), Smoke())
	i := slices.IndexFunc(table, func(s Scenario) bool { return s.Name == o.inside })
	if i < 0 {
		return fmt.Errorf("there is no scenario %q", o.inside)
	}
	_, err := Record(ctx, table[i], Recording{
		Bin: "/tmp/bin", Out: "/tmp/result", Split: o.split, Progress: os.Stderr, Libraries: filepath.Join("/tmp/source", pages.LibraryDir),
	})
	return err
}
