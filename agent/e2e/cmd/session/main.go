//go:build linux

// Command session records hours of ordinary use, several desktops at once, for counting false alarms:
//
//	go run ./agent/e2e/cmd/session -bin bin -for 95m -out sessions browsing office developer browsing
//
// Each desktop is a lane of its own: it sees its own processes only. It needs root, and what scripts/setup.sh installs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/minewatch/minewatch/agent/e2e/lane"
	"github.com/minewatch/minewatch/agent/e2e/session"
)

func main() {
	if status, inside := lane.Enter(os.Stderr); inside {
		os.Exit(status) //nolint:forbidigo // this is a main
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "session: %v\n", err)
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}

func run(ctx context.Context) error {
	var o session.Options
	flag.StringVar(&o.Bin, "bin", "bin", "`folder` with the program minewatch")
	flag.StringVar(&o.Out, "out", "sessions", "`folder` for the recordings")
	flag.DurationVar(&o.Length, "for", 95*time.Minute, "how long each session lasts")
	flag.Uint64Var(&o.Seed, "seed", 1, "what is done and when follows from it")
	inLane := flag.Bool("in-lane", false, "record one session here; for the program itself")
	flag.Parse()
	kinds := flag.Args()
	if len(kinds) == 0 {
		kinds = append(session.Kinds(), "browsing")
	}
	if *inLane {
		o.Kind, o.Progress = kinds[0], os.Stdout
		return session.Run(ctx, o)
	}
	out, err := filepath.Abs(o.Out)
	if err != nil {
		return err
	}
	bin, err := filepath.Abs(o.Bin)
	if err != nil {
		return err
	}
	var wait sync.WaitGroup
	failed := make([]error, len(kinds))
	for n, kind := range kinds {
		wait.Go(func() {
			failed[n] = record(ctx, o, n, kind, bin, filepath.Join(out, fmt.Sprintf("%s-%d", kind, n+1)))
		})
	}
	wait.Wait()
	for n, err := range failed {
		if err != nil {
			return fmt.Errorf("%s-%d: %w", kinds[n], n+1, err)
		}
	}
	return nil
}

// record starts one lane and waits for it.
func record(ctx context.Context, o session.Options, n int, kind, bin, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil { // recordings are for everybody
		return err
	}
	temp, err := os.MkdirTemp("", "session-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	log, err := os.Create(filepath.Join(out, "session.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c := lane.Command(ctx, lane.Options{Dir: temp, Binds: map[string]string{bin: "bin", out: "out"}},
		"-in-lane", "-bin", "/tmp/bin", "-out", "/tmp/out", "-for", o.Length.String(),
		"-seed", strconv.FormatUint(o.Seed+uint64(n), 10), kind) //nolint:gosec // small
	c.Stdout, c.Stderr = log, log
	return c.Run()
}
