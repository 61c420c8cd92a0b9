package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/agent/internal/procfs"
)

// idleSizes are the numbers of processes, all asleep, that the idle agent is measured beside.
func idleSizes() []int { return []int{66, 300} }

// limitIdle is what the agent may use beside them, in CPU seconds a minute.
func limitIdle(procs int) float64 {
	if procs <= 66 {
		return 0.01
	}
	return 0.02
}

// calmTime is how long a machine must have been quiet before the agent rests, and some more.
const calmTime = 20 * time.Second

// idle measures the whole agent on a machine on which nothing runs but it.
func (b *bench) idle(ctx context.Context, procs int) error {
	say("%d processes, all asleep", procs)
	if err := b.population(ctx, procs, 0); err != nil {
		return err
	}
	counter, err := b.quietCounter()
	if err != nil {
		return err
	}
	agent, err := b.startOurAgent(ctx)
	if err != nil {
		return err
	}
	defer agent.stop()
	counting, cancel := context.WithCancel(ctx)
	var told sync.WaitGroup
	told.Go(func() { counter.follow(counting, agent.pid()) })
	defer told.Wait()
	defer cancel()
	if err := wait(ctx, calmTime); err != nil {
		return err
	}
	perMinute := make([]float64, b.rounds)
	for i := range perMinute {
		before, err := cpuOf(agent.pid())
		if err != nil {
			return err
		}
		began := now()
		if err := wait(ctx, time.Duration(b.ticks)*time.Second); err != nil {
			return err
		}
		after, err := cpuOf(agent.pid())
		if err != nil {
			return err
		}
		perMinute[i] = (after - before).Seconds() / now().Sub(began).Minutes()
		say("  %.4f CPU seconds a minute", perMinute[i])
	}
	return b.sheet.value("idle", procs, "cpu_s_per_minute", median(perMinute), limitIdle(procs), nil)
}

// counterFile stands in for /proc/stat in this mount namespace: the machine's counter with nothing in it but what runs
// here. Otherwise whoever else uses this machine would decide whether it is quiet.
type counterFile struct {
	file *os.File
	base time.Duration
	rest []byte // the other lines
}

func (b *bench) quietCounter() (*counterFile, error) {
	busy, err := processes().Machine().Busy()
	if err != nil {
		return nil, err
	}
	whole, err := os.ReadFile(filepath.Join(procRoot, "stat"))
	if err != nil {
		return nil, err
	}
	_, rest, _ := bytes.Cut(whole, []byte("\n"))
	file, err := os.CreateTemp(b.tmp, "stat-")
	if err != nil {
		return nil, err
	}
	c := &counterFile{file: file, base: busy, rest: rest}
	if err := c.write(0); err != nil {
		return nil, err
	}
	if err := unix.Mount(file.Name(), filepath.Join(procRoot, "stat"), "", unix.MS_BIND, ""); err != nil {
		return nil, fmt.Errorf("the machine's counter cannot be replaced: %w", err)
	}
	return c, nil
}

func (c *counterFile) write(used time.Duration) error {
	// Always of the same length, so that it is overwritten at once.
	line := fmt.Appendf(nil, "cpu  %016d 0 0 0 0 0 0 0 0 0\n", (c.base+used)/procfs.Tick)
	_, err := c.file.WriteAt(append(line, c.rest...), 0)
	return err
}

// follow keeps the counter at what a process has used, until ctx ends.
func (c *counterFile) follow(ctx context.Context, pid int) {
	for wait(ctx, 250*time.Millisecond) == nil {
		if used, err := cpuOf(pid); err != nil || c.write(used) != nil {
			return
		}
	}
}
