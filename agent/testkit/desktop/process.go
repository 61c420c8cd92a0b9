//go:build linux

package desktop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// stopTimeout is how long a program may take to end after SIGTERM before it is killed.
const stopTimeout = 5 * time.Second

// Process is a program that runs on the desktop as the leader of its own process group.
type Process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error // set before done is closed
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log returns the path of the file that holds what the program wrote to standard output and standard error.
func (p *Process) Log() string { return p.log }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns how the program ended, nil for exit status 0. It may be called once Done is closed.
func (p *Process) Err() error { return p.err }

// Stop asks the program and its whole process group to end (SIGTERM), kills what is left after five seconds, and
// waits for the program. It does nothing if the program ended before.
func (p *Process) Stop() {
	select {
	case <-p.done:
		// The leader is gone; members of its group may live on, and the group keeps its number while they do.
	default:
		signalGroup(p.PID(), syscall.SIGTERM)
		t := time.NewTimer(stopTimeout)
		defer t.Stop()
		select {
		case <-p.done:
		case <-t.C:
		}
	}
	signalGroup(p.PID(), syscall.SIGKILL)
	<-p.done
}

// signalGroup signals a process group; that it no longer exists is what the caller wants, so errors are dropped.
func signalGroup(pid int, sig syscall.Signal) { _ = syscall.Kill(-pid, sig) }

// Command returns a command that runs on the desktop: as its user, with its environment (and only that), in its home,
// as the leader of a process group that is killed when ctx ends or when this process dies. The group is a session of its
// own, as a session manager makes one for each program: the kernel shares the processor among sessions, and a browser gets
// as much of it as one that a person has started.
func (d *Desktop) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = d.Env()
	cmd.Dir = d.home
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Credential: d.user.credential,
		Pdeathsig:  syscall.SIGKILL,
	}
	cmd.Cancel = func() error {
		signalGroup(cmd.Process.Pid, syscall.SIGKILL)
		return nil
	}
	cmd.WaitDelay = stopTimeout
	return cmd
}

// Start runs a program on the desktop until it ends or the desktop is closed. Its output goes to Dir()/NAME.log.
// Extra environment entries ("KEY=value") come after the desktop's own.
func (d *Desktop) Start(ctx context.Context, env []string, name string, args ...string) (*Process, error) {
	cmd := d.Command(ctx, name, args...)
	cmd.Env = append(cmd.Env, env...)
	return d.start(cmd)
}

func (d *Desktop) start(cmd *exec.Cmd) (*Process, error) {
	name := filepath.Base(cmd.Path)
	log, err := os.OpenFile(filepath.Join(d.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		log.Close() // nothing was written
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &Process{cmd: cmd, log: log.Name(), done: make(chan struct{})}
	go func() {
		p.err = errors.Join(cmd.Wait(), log.Close())
		close(p.done)
	}()
	d.mu.Lock()
	d.started = append(d.started, p)
	d.mu.Unlock()
	return p, nil
}

// Output runs a short program on the desktop and returns its standard output. The error holds its standard error.
func (d *Desktop) Output(ctx context.Context, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := d.Command(ctx, name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", filepath.Base(name), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
