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
	"syscall"

	"golang.org/x/sys/unix"
)

// job is one measurement inside a pid namespace of its own.
type job struct {
	kinds []string
	procs int
	run   func(*bench, context.Context) error
}

// jobs returns the measurements of a pid namespace by name.
func jobs(o *options) map[string]job {
	all := map[string]job{
		"pid_reuse": {kinds: []string{"pid_reuse"}, run: (*bench).pidReuse},
		"accuracy":  {kinds: []string{"accuracy"}, run: (*bench).accuracy},
		"respawner": {kinds: []string{"respawner"}, run: (*bench).respawners},
		"soak":      {kinds: []string{"soak"}, run: (*bench).soak},
	}
	for _, n := range o.procs {
		all["contest-"+strconv.Itoa(n)] = job{
			kinds: []string{"sampler", "agent"}, procs: n,
			run: func(b *bench, ctx context.Context) error { return b.contest(ctx, n) },
		}
	}
	const births = 300 // processes beside them
	all["births"] = job{kinds: []string{"births"}, run: func(b *bench, ctx context.Context) error { return b.births(ctx, births) }}
	for _, n := range idleSizes() {
		all["idle-"+strconv.Itoa(n)] = job{
			kinds: []string{"idle"}, run: func(b *bench, ctx context.Context) error { return b.idle(ctx, n) },
		}
	}
	return all
}

// order is that of kinds, small populations first.
func order(o *options) []string {
	names := []string{"pid_reuse", "accuracy"}
	for _, n := range o.procs {
		names = append(names, "contest-"+strconv.Itoa(n))
	}
	names = append(names, "births")
	for _, n := range idleSizes() {
		names = append(names, "idle-"+strconv.Itoa(n))
	}
	return append(names, "respawner", "soak")
}

// bench is one measurement.
type bench struct {
	options
	sheet sheet
}

// say tells people what goes on.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// measure does what the role says; without one, everything.
func measure(ctx context.Context, o options) error {
	b := &bench{options: o, sheet: sheet{out: os.Stdout}}
	var err error
	switch o.role {
	case "":
		err = b.all(ctx)
	case "sampler":
		return runSampler(ctx)
	case "raw":
		return runRaw(ctx)
	default:
		j, ok := jobs(&o)[o.role]
		if !ok {
			return fmt.Errorf("there is no role %q", o.role)
		}
		if err = enterNamespace(); err == nil {
			err = j.run(b, ctx)
		}
	}
	if err == nil && b.sheet.missed {
		err = errMissed
	}
	return err
}

// all runs every measurement that was asked for, one after the other.
func (b *bench) all(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("a pid namespace of its own needs root: run it with sudo")
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer os.RemoveAll(b.tmp)
	if b.wants("allocs") {
		if err := b.allocs(ctx); err != nil {
			return err
		}
	}
	if b.wants("replay") {
		if err := b.replay(ctx); err != nil {
			return err
		}
	}
	all := jobs(&b.options)
	for _, name := range order(&b.options) {
		if !b.wants(all[name].kinds...) {
			continue
		}
		if err := b.inNamespace(ctx, name, all[name].procs); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// prepare finds or builds what the measurements need.
func (b *bench) prepare(ctx context.Context) error {
	var err error
	for _, dir := range []*string{&b.bin, &b.tools} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return err
		}
	}
	if b.wants("agent", "births", "idle", "replay", "soak") {
		if _, err := os.Stat(b.agent()); err != nil {
			return fmt.Errorf("there is no agent to measure; build it first (make agent): %w", err)
		}
	}
	if b.wants("sampler", "agent", "births") {
		for command, pack := range map[string]string{"top": "procps", "pidstat": "sysstat"} {
			if _, err := exec.LookPath(command); err != nil {
				return fmt.Errorf("%s is not installed; it is compared with: apt-get install %s", command, pack)
			}
		}
	}
	if b.tmp, err = os.MkdirTemp("", "minewatch-bench-"); err != nil {
		return err
	}
	err = b.build(ctx)
	if err != nil {
		_ = os.RemoveAll(b.tmp)
	}
	return err
}

func (b *bench) agent() string { return filepath.Join(b.bin, "minewatch") }

// inNamespace runs this program again as process 1 of a new pid namespace: when it ends, all in there does.
func (b *bench) inNamespace(ctx context.Context, name string, procs int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{
		"-role", name, "-bin", b.bin, "-tools", b.tools, "-load", b.load, "-tmp", b.tmp, "-only", strings.Join(b.only, ","),
		"-rounds", strconv.Itoa(b.rounds), "-ticks", strconv.Itoa(b.ticks), "-soak", b.options.soak.String(),
		"-alone=" + strconv.FormatBool(b.alone),
	}
	if procs > 0 {
		args = append(args, "-procs", strconv.Itoa(procs))
	}
	c := exec.CommandContext(ctx, self, args...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC, Pdeathsig: syscall.SIGKILL, Setpgid: true,
	}
	err = c.Run()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &ended) && ended.ExitCode() == exitMissed:
		b.sheet.missed = true
		return nil
	default:
		return err
	}
}

// enterNamespace gives this process 1 its own /proc.
func enterNamespace() error {
	if os.Getpid() != 1 {
		return errors.New("a role runs in a pid namespace of its own only")
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("the mounts cannot be made private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("/proc of the new pid namespace cannot be mounted: %w", err)
	}
	return nil
}
