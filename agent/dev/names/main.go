//go:build linux

// Command attribution holds what minewatch says of browser processes against what real Chromium and Firefox know.
//
//	go run ./agent/dev/names -bin DIR [-idle 3m [-waking]] [chromium] [firefox]
//
// Standard output is one JSON object a family of browsers; the exit status is 0 only if no name was wrong and as many
// were exact as must be.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/minewatch/minewatch/agent/dev/internal/command"
	"github.com/minewatch/minewatch/agent/e2e/attribution"
)

// limit ends a run that hangs.
const limit = 40 * time.Minute

func main() {
	os.Exit(command.Status(run))
}

func run(ctx context.Context) int {
	bin := flag.String("bin", "", "`folder` with the programs minewatch and minewatch-host")
	idle := flag.Duration("idle", 0, "also measure for this `time` what the extension costs a browser with 20 idle tabs")
	waking := flag.Bool("waking", false, "with -idle: only measure what each way of reaching the extension costs")
	flag.Parse()
	families := flag.Args()
	if len(families) == 0 {
		families = []string{"chromium", "firefox"}
	}
	folder, err := filepath.Abs(*bin)
	if *bin == "" || err != nil {
		flag.Usage()
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	o := attribution.Options{Bin: folder, Progress: os.Stderr}
	code := 0
	for _, family := range families {
		do := look
		if *waking {
			do = compare
		}
		if err := do(ctx, family, o, *idle); err != nil {
			fmt.Fprintf(os.Stderr, "attribution: %s: %v\n", family, err)
			code = 1
		}
	}
	return code
}

// look holds names against the truth and prints the line of a family.
func look(ctx context.Context, family string, o attribution.Options, idle time.Duration) error {
	result, err := attribution.Run(ctx, family, o)
	if err == nil && idle > 0 {
		err = cost(ctx, family, o, idle, &result)
	}
	return errors.Join(err, json.NewEncoder(os.Stdout).Encode(result))
}

// cost measures two browsers without the extension and two with it.
func cost(ctx context.Context, family string, o attribution.Options, idle time.Duration, to *attribution.Result) error {
	all, err := attribution.Idle(ctx, family, o, idle, attribution.None, attribution.Open, attribution.None, attribution.Open)
	if err != nil {
		return err
	}
	more := math.Round(1000*(all[1].CPU+all[3].CPU-all[0].CPU-all[2].CPU)/2) / 1000
	to.Idle, to.HostRSS = &more, max(all[1].HostRSS, all[3].HostRSS)
	for _, one := range all {
		_, err = fmt.Fprintf(o.Progress, "%s: %d tabs at rest, %s: %.3f CPU s a minute, and %.3f of pages\n",
			family, attribution.IdleTabs, one.Waking, one.CPU, one.Pages)
	}
	return err
}

// compare prints a line for each way of reaching the extension.
func compare(ctx context.Context, family string, o attribution.Options, idle time.Duration) error {
	all, err := attribution.Idle(ctx, family, o, idle, attribution.None, attribution.Asleep, attribution.Alarms, attribution.Open)
	for _, one := range all {
		err = errors.Join(err, json.NewEncoder(os.Stdout).Encode(one))
	}
	return err
}
