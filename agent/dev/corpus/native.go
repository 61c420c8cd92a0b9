//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// limit is the longest that any program of a scenario runs, longLimit that of one that is Long.
const limit, longLimit = 90 * time.Second, 155 * time.Second

// spanResult is when a program ran, or why it did not.
type spanResult struct {
	span
	err error
}

// shellHead goes before every script: it stops at the first failure.
const shellHead = "set -eu\n"

// prepare copies the load program, and runs the scenario's preparation.
func (p *stage) prepare(ctx context.Context) error {
	if len(p.Programs) == 0 && len(p.Companions) == 0 {
		return nil
	}
	if _, err := p.desktop.Install(filepath.Join(p.Bin, "load")); err != nil {
		return err
	}
	if p.Prepare == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, prepareLimit)
	defer cancel()
	cmd := p.desktop.Command(ctx, "nice", "-n", "5", "sh", "-c", shellHead+p.Prepare)
	cmd.Env = append(cmd.Env, p.env()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("prepare: %w: %.600s", err, out)
	}
	return nil
}

// env returns what scripts find besides the desktop's own environment.
func (p *stage) env() []string {
	home := p.desktop.Home()
	return []string{
		"PATH=" + filepath.Join(p.desktop.Dir(), "bin") + ":/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin:/usr/games:/usr/sbin",
		"GOMODCACHE=/tmp/modcache", "GOFLAGS=-mod=mod -buildvcs=false", "GOPROXY=off", "GOCACHE=" + home + "/gocache", "GOTOOLCHAIN=local",
		"SOURCE=/tmp/source", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
	}
}

// run runs one program at its time and reports when it ran. That it is ended by its limit is as it should be; so is
// the end of the scenario.
func (p *stage) run(ctx context.Context, program Program) spanResult {
	if err := wait.Pause(ctx, program.Delay); err != nil {
		return spanResult{err: err}
	}
	length := min(program.For, limit)
	if program.Long {
		length = min(program.For, longLimit)
	}
	// timeout(1) ends the whole group, also where the script has been replaced by a program that ignores the signal.
	args := []string{"-k", "2", strconv.FormatFloat(length.Seconds(), 'f', 1, 64), "sh", "-c", shellHead + program.Shell}
	log, err := os.CreateTemp(p.desktop.Dir(), "program-*.log")
	if err != nil {
		return spanResult{err: err}
	}
	defer log.Close()
	cmd := p.desktop.Command(ctx, "timeout", args...)
	cmd.Env = append(cmd.Env, p.env()...)
	cmd.Stdout, cmd.Stderr = log, log
	from := now()
	err = cmd.Run()
	ran := span{from: from, to: now(), hashes: hashes(log.Name())}
	var exit *exec.ExitError
	switch {
	case err == nil, ctx.Err() != nil, errors.As(err, &exit) && (exit.ExitCode() == 124 || exit.ExitCode() == 137),
		exit != nil && exit.ExitCode() < 0 && ran.to.Sub(from) >= length: // timeout ends itself with what does not end otherwise
		return spanResult{span: ran}
	}
	text, _ := os.ReadFile(log.Name()) // only for the message
	return spanResult{ran, fmt.Errorf("%s: %w: %s", program.Name, err, text[max(0, len(text)-600):])}
}

// hashes returns how many hashes a program says that it has computed, 0 where it says nothing.
func hashes(log string) int64 {
	text, err := os.ReadFile(log)
	if err != nil {
		return 0
	}
	var all int64
	for line := range strings.Lines(string(text)) {
		var n int64
		if _, err := fmt.Sscanf(line, "%d hashes", &n); err == nil {
			all += n
		}
	}
	return all
}
