//go:build unix

// Command load makes native loads for recordings: simulated mining, number crunching, backup and scan. It reaches no
// network, and every load stops by itself within 90 seconds (a hash with -long within 150), whatever is asked.
//
//	load hash -threads 2 -duty 0.7 -for 60s [-hash sha256|scrypt|argon2] [-memory 256] [-respawn 1.6s [-gap 0.5s]]
//	          [-pattern random|pulse -on 10s -off 10s] [-read FILE -rate 20] [-type renderer]
//	load crunch -threads 2 -for 60s
//	load serve -for 60s
//	load answer -threads 2 -for 60s
//	load backup FOLDER -for 60s
//	load scan FOLDER -for 60s
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// limit is the longest that any load lasts, longLimit that of a hash that says so: for measuring what an evasion costs.
const limit, longLimit = 90 * time.Second, 150 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "load: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("say which load: hash, crunch, serve, answer, backup or scan")
	}
	kind, args := args[0], args[1:]
	flags := flag.NewFlagSet(kind, flag.ContinueOnError)
	o := order{}
	flags.IntVar(&o.threads, "threads", 1, "how many `threads`, 1 to 64")
	flags.Float64Var(&o.duty, "duty", 1, "the `share` of the time that each computes, 0.05 to 1")
	flags.DurationVar(&o.length, "for", 30*time.Second, "how long, at most 90s")
	flags.StringVar(&o.hash, "hash", "sha256", "sha256, scrypt or argon2")
	flags.IntVar(&o.memory, "memory", 0, "`MiB` to fill at the start and keep")
	flags.DurationVar(&o.respawn, "respawn", 0, "let children of this `life` do the work, one after the other")
	flags.DurationVar(&o.gap, "gap", 0, "the `pause` between two children")
	flags.StringVar(&o.pattern, "pattern", "steady", "steady; random: another duty every few seconds; or pulse: with pauses")
	flags.DurationVar(&o.on, "on", 10*time.Second, "how long it computes between two pauses")
	flags.DurationVar(&o.off, "off", 10*time.Second, "how long a pause is")
	flags.StringVar(&o.read, "read", "", "a `file` that is read meanwhile, again and again")
	flags.Float64Var(&o.rate, "rate", 20, "`MB` of it that are read each second")
	flags.BoolVar(&o.long, "long", false, "it may last up to 150s")
	flags.String("type", "", "does nothing: browsers give their helpers an argument of this name")
	folder := ""
	if len(args) > 0 && (kind == "backup" || kind == "scan") {
		folder, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	switch kind {
	case "hash":
		return hash(o)
	case "crunch":
		return crunch(o)
	case "serve":
		return serve(o.length)
	case "answer":
		return answer(o)
	case "backup":
		return backup(folder, o.length)
	case "scan":
		return scan(folder, o.length)
	}
	return fmt.Errorf("there is no load %q", kind)
}

// order is what was asked for, within its limits.
type order struct {
	threads, memory int
	duty            float64
	length, respawn time.Duration
	gap, on, off    time.Duration
	hash, pattern   string
	read            string
	rate            float64
	long            bool
}

// check holds an order to its limits.
func (o *order) check() error {
	most := limit
	if o.long {
		most = longLimit
	}
	o.length = min(o.length, most)
	switch {
	case o.threads < 1 || o.threads > 64:
		return fmt.Errorf("-threads %d: 1 to 64", o.threads)
	case !(o.duty >= 0.05 && o.duty <= 1):
		return fmt.Errorf("-duty %g: 0.05 to 1", o.duty)
	case o.length <= 0:
		return fmt.Errorf("-for %v: above 0", o.length)
	case o.memory < 0 || o.memory > 1024:
		return fmt.Errorf("-memory %d: at most 1024", o.memory)
	case o.respawn < 0 || (o.respawn > 0 && o.respawn < 50*time.Millisecond):
		return fmt.Errorf("-respawn %v: at least 50ms", o.respawn)
	case o.gap < 0 || o.gap > limit:
		return fmt.Errorf("-gap %v: from 0 to %v", o.gap, limit)
	case o.pattern != "steady" && o.pattern != "random" && o.pattern != "pulse":
		return fmt.Errorf("-pattern %q: steady, random or pulse", o.pattern)
	case o.pattern == "pulse" && (o.on < cycle || o.off < cycle):
		return fmt.Errorf("-on %v -off %v: at least %v", o.on, o.off, cycle)
	case o.read != "" && !(o.rate > 0 && o.rate <= 1000):
		return fmt.Errorf("-rate %g: above 0, at most 1000", o.rate)
	}
	if _, err := hasher(o.hash, 0); err != nil {
		return err
	}
	return nil
}
