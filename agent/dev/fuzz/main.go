// Command fuzz runs every fuzz target of the project, each for its share of a time.
//
//	go run ./agent/dev/fuzz [-time 1h] [-only PATTERN] [-keep N] [-list]
//
// The targets are found in the sources, so that none can be forgotten. It prints one line of JSON for each target and one
// that sums up. An input that fails is kept by the go command below testdata/fuzz of its package, where every later test
// runs it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/minewatch/minewatch/agent/dev/internal/command"
)

type options struct {
	total time.Duration
	only  string
	keep  int
	list  bool
}

func main() {
	var o options
	flag.DurationVar(&o.total, "time", time.Hour, "how long all targets may take together")
	flag.StringVar(&o.only, "only", "", "run only targets whose package and name match a regular `expression`")
	flag.IntVar(&o.keep, "keep", 0, "keep so many of the inputs that were found as seeds in testdata, of every length")
	flag.BoolVar(&o.list, "list", false, "list the targets and run none")
	flag.Parse()
	os.Exit(command.Run("fuzz", func(ctx context.Context) error { return run(ctx, o, os.Stdout) }))
}

// result is what running one target came to.
type result struct {
	Type    string  `json:"type"` // "fuzz"
	Package string  `json:"package"`
	Target  string  `json:"target"`
	Seconds float64 `json:"seconds"`
	// Execs is how many inputs were tried, Inputs how many are known that reach something of their own.
	Execs  int64 `json:"execs"`
	Inputs int   `json:"inputs"`
	Failed bool  `json:"failed"`
	// Kept is the file with the input that failed.
	Kept string `json:"kept,omitzero"`
}

// summary is the last line.
type summary struct {
	Type     string `json:"type"` // "fuzz_summary"
	Targets  int    `json:"fuzz_targets"`
	Failures int    `json:"fuzz_failures"`
	Execs    int64  `json:"execs"`
}

func run(ctx context.Context, o options, w io.Writer) error {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	targets, err := find(ctx, ".", only)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return fmt.Errorf("no fuzz target matches %q; -list shows all", o.only)
	}
	out := json.NewEncoder(w)
	sum := summary{Type: "fuzz_summary", Targets: len(targets)}
	for _, t := range targets {
		if o.list {
			fmt.Fprintln(w, t.pkg, t.name)
			continue
		}
		r, err := t.run(ctx, o.total/time.Duration(len(targets)))
		if err != nil {
			return err
		}
		if r.Failed {
			sum.Failures++
		} else if err := t.keep(ctx, o.keep); err != nil {
			return err
		}
		sum.Execs += r.Execs
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	if o.list {
		return nil
	}
	if err := out.Encode(sum); err != nil {
		return err
	}
	if sum.Failures > 0 {
		return fmt.Errorf("%d of %d fuzz targets failed: run `go test` in their packages, which repeats the inputs that were kept", sum.Failures, sum.Targets)
	}
	return nil
}
