// Command fit fits the detector's weights to the labelled recordings of the tuning split and writes them as data:
//
//	go run ./agent/dev/fit -traces testdata/traces -o heuristics/weights.json
//
// It never looks at recordings of the test split.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/minewatch/minewatch/heuristics"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "fit: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("fit", flag.ContinueOnError)
	var o options
	traces := flags.String("traces", "testdata/traces", "the `folder` of labelled recordings")
	from := flags.String("from", "agent/dev/fit/prior.json", "the weights to begin with and to stay near to")
	file := flags.String("o", "", "the `file` to write (default: only print)")
	dump := flags.String("dump", "", "write every row that is learnt from as JSON lines to this `file`")
	split := flags.String("split", "tune", "which recordings to read; only for -dump")
	flags.Float64Var(&o.lookalike, "lookalike", 0.1, "what a lookalike counts beside a benign load")
	flags.Float64Var(&o.ridge, "ridge", 0.003, "how strongly to stay near")
	flags.IntVar(&o.steps, "steps", 1500, "steps of gradient descent")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b, err := os.ReadFile(*from)
	if err != nil {
		return err
	}
	before, err := heuristics.ReadWeights(b)
	if err != nil {
		return fmt.Errorf("%s: %w", *from, err)
	}
	rows, err := read(ctx, *traces, *split)
	if err != nil {
		return err
	}
	if *dump != "" {
		return dumpRows(*dump, rows)
	}
	if *split != "tune" {
		return fmt.Errorf("weights are fitted to the split tune only, not to %q", *split)
	}
	w := fit(rows, &before, o)
	w.Note = "Log-odds that each rule adds at strength 1 (when) and takes at strength -1 (against). Fitted by `make fit`, which stays near agent/dev/fit/prior.json; see docs/decisions.md."
	out, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return err
	}
	out = append(out, '\n')
	report(os.Stdout, rows, &before, &w)
	leaveOut(os.Stdout, rows, &before, o)
	if *file == "" {
		return nil
	}
	return os.WriteFile(*file, out, 0o644) //nolint:gosec // a source file
}
