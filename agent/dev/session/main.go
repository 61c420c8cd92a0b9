//go:build linux

// Command session records hours of ordinary use, several desktops at once, for counting false alarms:
//
//	go run ./agent/dev/session [-for 95m] [-seed 1] [-out sessions] [browsing firefox office developer]
//
// Each desktop is a sandbox of its own: it sees its own processes only. It needs root, and what scripts/setup.sh installs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/dev/internal/command"
	"github.com/minewatch/minewatch/agent/testkit/sandbox"
)

func main() {
	if status, inside := sandbox.Enter(os.Stderr); inside {
		os.Exit(status)
	}
	os.Exit(command.Run("session", run))
}

// Where a sandbox finds things.
const (
	sandboxBin     = "/tmp/bin"
	sandboxOut     = "/tmp/out"
	sandboxSource  = "/tmp/source"
	sandboxModules = "/tmp/modules"
)

func run(ctx context.Context) error {
	o := Options{Source: sandboxSource, Modules: sandboxModules}
	flag.StringVar(&o.Bin, "bin", "bin", "`folder` with the program minewatch")
	flag.StringVar(&o.Out, "out", "sessions", "`folder` for the recordings")
	flag.DurationVar(&o.Length, "for", 95*time.Minute, "how long each session lasts")
	flag.Uint64Var(&o.Seed, "seed", 1, "what is done and for how long follows from it")
	sandboxes := flag.Int("sandboxes", 0, "how many sessions at once, of one kind after the other; 0: one of each kind")
	inSandbox := flag.Bool("in-sandbox", false, "record one session here; for the program itself")
	flag.Parse()
	if *inSandbox {
		o.Kind, o.Progress = flag.Arg(0), os.Stdout
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // its end is the word to come to an end
			stop()
		}()
		return Run(ctx, o)
	}
	if os.Geteuid() != 0 {
		return errors.New("sandboxes need root: run it with sudo")
	}
	kinds := flag.Args()
	if len(kinds) == 0 {
		kinds = Kinds()
	}
	for n := range *sandboxes {
		if n >= len(kinds) {
			kinds = append(kinds, kinds[n%len(Kinds())])
		}
	}
	if *sandboxes > 0 {
		kinds = kinds[:*sandboxes]
	}
	binds, err := folders(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("session: %v each of %s, seed %d\n", o.Length, strings.Join(kinds, ", "), o.Seed)
	var wait sync.WaitGroup
	failed := make([]error, len(kinds))
	for n, kind := range kinds {
		o.Kind = kind
		seed := o.Seed + uint64(n) //nolint:gosec // small
		wait.Go(func() {
			name := fmt.Sprintf("%s-%d", kind, seed)
			if err := record(ctx, o, seed, kind, filepath.Join(o.Out, name), binds); err != nil {
				failed[n] = fmt.Errorf("%s: %w", name, err)
			}
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}

// folders returns what a sandbox takes along.
func folders(ctx context.Context, o Options) (map[string]string, error) {
	modules, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOMODCACHE: %w", err)
	}
	out := map[string]string{}
	for from, to := range map[string]string{o.Bin: sandboxBin, ".": sandboxSource, strings.TrimSpace(string(modules)): sandboxModules} {
		path, err := filepath.Abs(from)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		out[path] = filepath.Base(to)
	}
	if _, err := os.Stat(filepath.Join(o.Bin, "minewatch")); err != nil {
		return nil, fmt.Errorf("%w (make agent builds it)", err)
	}
	return out, nil
}

// record starts one sandbox and waits for it.
func record(ctx context.Context, o Options, seed uint64, kind, out string, binds map[string]string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
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
	mine := map[string]string{out: filepath.Base(sandboxOut)}
	maps.Copy(mine, binds)
	c := sandbox.Command(ctx, sandbox.Options{Dir: temp, Binds: mine}, "-in-sandbox", "-bin", sandboxBin, "-out", sandboxOut,
		"-for", o.Length.String(), "-seed", strconv.FormatUint(seed, 10), kind)
	c.Stdout, c.Stderr = log, log
	// No signal reaches into a sandbox. The end of its standard input tells it to keep what it has and end.
	in, hold, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	c.Stdin, c.Cancel, c.WaitDelay = in, hold.Close, 30*time.Second
	err = c.Run()
	hold.Close() // it may be closed already
	return err
}
