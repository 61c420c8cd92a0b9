//go:build linux

// Command attribution holds what minewatch says of browser processes against what real Chromium and Firefox know.
//
//	go run ./agent/e2e/cmd/attribution -bin DIR [-idle 8m [-waking]] [chromium] [firefox]
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
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/minewatch/minewatch/agent/e2e/attribution"
)

// limit ends a run that hangs.
const limit = time.Hour

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code) //nolint:forbidigo // this is a main
}

func run(ctx context.Context) int {
	bin := flag.String("bin", "", "`folder` with the programs minewatch and minewatch-host")
	idle := flag.Duration("idle", 0, "also measure for about this `time` what the extension costs a browser with 20 idle tabs")
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

// cost measures what the extension and its host add to a browser at rest.
func cost(ctx context.Context, family string, o attribution.Options, idle time.Duration, to *attribution.Result) error {
	c, err := attribution.MeasureCost(ctx, family, o, max(1, int(idle/attribution.Pair)))
	if err == nil {
		to.Idle, to.HostRSS = &c.CPU, c.HostRSS
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
