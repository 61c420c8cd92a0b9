//go:build unix

// Command load makes native loads for recordings: simulated mining, number crunching, backup and scan. It reaches no
// network, and every load stops by itself within 90 seconds, whatever is asked.
//
//	load hash -threads 2 -duty 0.7 -for 60s [-hash sha256|scrypt|argon2] [-memory 256] [-respawn 1.6s] [-pattern random]
//	load crunch -threads 2 -for 60s
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

// limit is the longest that any load lasts.
const limit = 90 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "load: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("say which load: hash, crunch, backup or scan")
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
	flags.StringVar(&o.pattern, "pattern", "steady", "steady, or random: another duty every few seconds")
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
	hash, pattern   string
}

// check holds an order to its limits.
func (o *order) check() error {
	o.length = min(o.length, limit)
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
	case o.pattern != "steady" && o.pattern != "random":
		return fmt.Errorf("-pattern %q: steady or random", o.pattern)
	}
	if _, err := hasher(o.hash, 0); err != nil {
		return err
	}
	return nil
}
