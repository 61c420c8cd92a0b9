//go:build linux

// Command attribution holds what minewatch says of browser processes against what real Chromium and Firefox know.
//
//	go run ./agent/e2e/cmd/attribution -bin DIR [-idle 2m] [chromium] [firefox]
//
// Standard output is one JSON object a family of browsers; the exit status is 0 only if no name was wrong and as many
// were exact as must be.
package main

import (
	"context"
	"encoding/json"
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
const limit = 20 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code) //nolint:forbidigo // this is a main
}

func run(ctx context.Context) int {
	bin := flag.String("bin", "", "`folder` with the program minewatch")
	idle := flag.Duration("idle", 0, "also measure for this `time` what the extension costs a browser with 20 idle tabs")
	flag.Parse()
	families := flag.Args()
	if len(families) == 0 {
		families = []string{"chromium", "firefox"}
	}
	program, err := filepath.Abs(filepath.Join(*bin, "minewatch"))
	if *bin == "" || err != nil {
		flag.Usage()
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	code := 0
	for _, family := range families {
		o := attribution.Options{Program: program, Progress: os.Stderr}
		result, err := attribution.Run(ctx, family, o)
		if err == nil && *idle > 0 {
			err = attribution.Idle(ctx, &result, o, *idle)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "attribution: %s: %v\n", family, err)
			code = 1
		}
		if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
			fmt.Fprintf(os.Stderr, "attribution: %v\n", err)
			return 1
		}
	}
	return code
}
