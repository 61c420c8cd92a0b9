// Command bench measures what minewatch costs and what escapes it, beside the programs people know: `make bench`.
//
// It builds a population of processes in a pid namespace of its own, runs ours and the others on it at the same pace,
// and prints one JSON object a line on standard output for every comparison; what it is doing goes to standard error.
// It ends with exit code 1 if a limit is missed. docs/performance.md says what is measured and how to repeat it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/dev/internal/command"
)

// Exit codes, the same as those of minewatch.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitMissed = 3 // of a part that this program started itself: it ran and missed a limit
)

// errMissed says that everything ran and a limit was missed; the lines tell which.
var errMissed = errors.New("a limit was missed")

func main() {
	os.Exit(command.Status(func(ctx context.Context) int { return run(ctx, os.Args[1:]) }))
}

// options are what the command line says.
type options struct {
	bin    string   // folder of minewatch
	tools  string   // folder where process-exporter is kept
	only   []string // what to measure, all if empty
	procs  []int    // sizes of the population
	rounds int
	alone  bool // one program after the other
	ticks  int  // of one round
	soak   time.Duration
	// load is the compiled helper; role what this very program is to do when it started itself.
	load, role string
	tmp        string
}

// kinds are the words of -only, in the order in which they are measured.
func kinds() []string {
	return []string{"allocs", "replay", "pid_reuse", "accuracy", "sampler", "agent", "births", "idle", "respawner", "soak"}
}

// wants reports whether one of some kinds is to be measured.
func (o *options) wants(what ...string) bool {
	return len(o.only) == 0 || slices.ContainsFunc(what, func(w string) bool { return slices.Contains(o.only, w) })
}

func run(ctx context.Context, args []string) int {
	o, day, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(os.Stderr, "bench: %v\nSee -help.\n", err)
		return exitUsage
	case day != "":
		err = makeDay(ctx, day)
	default:
		err = measure(ctx, o)
	}
	if errors.Is(err, errMissed) && o.role != "" {
		return exitMissed
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// parse reads the command line; day is the file of -make-day.
func parse(args []string) (o options, day string, err error) {
	var only, procs string
	var quick bool
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.bin, "bin", "bin", "`folder` that holds minewatch")
	f.StringVar(&o.tools, "tools", ".cache/bin", "`folder` where process-exporter is built once")
	f.StringVar(&only, "only", "", "measure only these, with commas between: "+strings.Join(kinds(), " "))
	f.StringVar(&procs, "procs", "300,2000", "sizes of the population, with commas between")
	f.IntVar(&o.rounds, "rounds", 3, "rounds; the median counts")
	f.DurationVar(&o.soak, "soak", 2*time.Minute, "how long the 10,000 births of the soak take; 10m is the full one")
	f.BoolVar(&o.alone, "alone", false, "run each program by itself, one after the other (takes four times as long)")
	f.BoolVar(&quick, "quick", false, "one short round of everything: shows that it works, the figures mean little")
	f.StringVar(&day, "make-day", "", "write a synthetic day of 300 processes to this `file` and end")
	f.StringVar(&o.role, "role", "", "for the program itself")
	f.StringVar(&o.load, "load", "", "for the program itself")
	f.StringVar(&o.tmp, "tmp", "", "for the program itself")
	f.IntVar(&o.ticks, "ticks", 20, "samples of one round, a second apart")
	if err := f.Parse(args); err != nil {
		return o, "", err
	}
	if f.NArg() > 0 {
		return o, "", fmt.Errorf("%q is not understood", f.Arg(0))
	}
	if quick {
		o.rounds, o.ticks, o.soak = 1, 8, 20*time.Second
	}
	for w := range strings.SplitSeq(only, ",") {
		if w = strings.TrimSpace(w); w == "" {
			continue
		}
		if !slices.Contains(kinds(), w) {
			return o, "", fmt.Errorf("-only %s: there is %s", w, strings.Join(kinds(), ", "))
		}
		o.only = append(o.only, w)
	}
	for n := range strings.SplitSeq(procs, ",") {
		v, err := strconv.Atoi(strings.TrimSpace(n))
		if err != nil || v < 10 || v > 20_000 {
			return o, "", fmt.Errorf("-procs %s: a number from 10 to 20000", n)
		}
		o.procs = append(o.procs, v)
	}
	if o.rounds < 1 || o.ticks < 1 || o.soak < 10*time.Second || o.soak > time.Hour {
		return o, "", errors.New("-rounds and -ticks must be at least 1, -soak from 10s to 1h")
	}
	return o, day, nil
}
