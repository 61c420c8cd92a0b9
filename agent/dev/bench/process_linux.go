package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/agent/internal/procfs"
)

// now reads the clock: everything here is about time.
func now() time.Time {
	return time.Now()
}

// wait returns after d, or before with an error when ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// started is a program that runs until it is stopped.
type started struct {
	name string
	cmd  *exec.Cmd
	said strings.Builder // its standard error
	out  *bufio.Reader   // its standard output, nil if that is thrown away
	in   io.Writer       // its standard input, nil if it has none
	done chan struct{}
	err  error
}

// launch starts a program. Its environment holds nothing of this one's but the path.
func launch(ctx context.Context, name string, piped bool, env []string, path string, args ...string) (*started, error) {
	s := &started{name: name, done: make(chan struct{})}
	s.cmd = exec.CommandContext(ctx, path, args...)
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LANG=C", "TERM=dumb", "HOME=/nonexistent"}, env...)
	s.cmd.Stderr = &s.said
	if piped {
		// Not StdoutPipe: Wait would close it before the last line is read.
		read, write, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		defer write.Close() // the program has its own
		s.cmd.Stdout, s.out = write, bufio.NewReader(read)
		if s.in, err = s.cmd.StdinPipe(); err != nil {
			return nil, err
		}
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s cannot be started: %w", name, err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	return s, nil
}

func (s *started) pid() int { return s.cmd.Process.Pid }

// line reads the next line that the program prints.
func (s *started) line() (string, error) {
	l, err := s.out.ReadString('\n')
	if err != nil {
		<-s.done
		return "", fmt.Errorf("%s ended (%w): %s", s.name, err, strings.TrimSpace(s.said.String()))
	}
	return strings.TrimSpace(l), nil
}

// running returns an error if the program ended.
func (s *started) running() error {
	select {
	case <-s.done:
		return fmt.Errorf("%s ended by itself (%v): %s", s.name, s.err, strings.TrimSpace(s.said.String())) //nolint:errorlint // may be nil
	default:
		return nil
	}
}

// stop ends the program and waits for it.
func (s *started) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	t := time.NewTimer(5 * time.Second)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}

// wakingPercent is how many of the population wake up twice a second.
const wakingPercent = 5

// population starts processes of which some percent wake up, and waits until all are there.
func (b *bench) population(ctx context.Context, procs, waking int) error {
	p, err := launch(ctx, "population", true, nil, b.load, "population", strconv.Itoa(procs), strconv.Itoa(waking))
	if err != nil {
		return err
	}
	if l, err := p.line(); err != nil || l != "ready" {
		return fmt.Errorf("the population is not there: %q: %w", l, err)
	}
	return wait(ctx, 2*time.Second) // page tables and caches settle
}

// cpuOf returns the CPU time of a living process and of its children that were waited for.
func cpuOf(pid int) (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil { //nolint:gosec // the number of a process's CPU clock
		return 0, fmt.Errorf("the CPU clock of process %d: %w", pid, err)
	}
	s, err := processes().Stat(int32(pid)) //nolint:gosec // pids fit
	return time.Duration(t.Nano()) + s.Children, err
}

// residentOf returns the memory that a process uses now, in bytes.
func residentOf(pid int) (float64, error) {
	s, err := processes().Stat(int32(pid)) //nolint:gosec // pids fit
	return float64(s.Resident) * float64(os.Getpagesize()), err
}

// filesOf returns the number of open files of a process.
func filesOf(pid int) (int, error) {
	all, err := os.ReadDir(filepath.Join(procRoot, strconv.Itoa(pid), "fd"))
	return len(all), err
}

// ranOf returns how long a process of one thread has run, by another way than its CPU clock.
func ranOf(pid int) (time.Duration, error) {
	run, _, err := processes().Schedstat(int32(pid)) //nolint:gosec // pids fit
	return run, err
}

// procRoot is where the kernel shows the processes of this pid namespace.
const procRoot = "/proc"

func processes() *procfs.FS { return procfs.New(procRoot) }
