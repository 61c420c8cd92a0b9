//go:build linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// The environment tells a started program that it is the first of a sandbox: which folder is to be its /tmp, and which
// folders of the machine it takes along.
const (
	folderKey = "MINEWATCH_SANDBOX="
	bindsKey  = "MINEWATCH_SANDBOX_BINDS="
)

// home is where the sandbox's folder appears a second time, as the place for temporary folders of the program itself.
const home = "/srv"

// programName is this program's own file in a sandbox's /tmp.
const programName = "corpus"

// Options say what a sandbox is made of.
type Options struct {
	// Dir is the folder that the sandbox sees as /tmp. It must exist.
	Dir string
	// Binds are folders of the machine and the names under which they appear in the sandbox's /tmp.
	Binds map[string]string
}

// Command returns a command that runs this program again in a sandbox of its own, with the arguments. The program must
// call Enter first of all. When ctx ends, or this process does, everything in the sandbox is killed. It needs root.
func Command(ctx context.Context, o Options, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	var binds []string
	for from, name := range o.Binds {
		binds = append(binds, name+"="+from)
	}
	cmd.Env = append(os.Environ(), folderKey+o.Dir, bindsKey+strings.Join(binds, "\n"))
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL, // the first process of the namespace takes all others with it
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// Enter makes the sandbox in a process that Command started, runs the program in it and returns its exit status and true.
// In any other process it returns false at once.
func Enter(errs io.Writer) (status int, inside bool) {
	dir, ok := os.LookupEnv(strings.TrimSuffix(folderKey, "="))
	if !ok || os.Getpid() != 1 {
		return 0, false
	}
	status, err := first(dir, os.Getenv(strings.TrimSuffix(bindsKey, "=")))
	if err != nil {
		fmt.Fprintf(errs, "sandbox: %v\n", err) // standard error is all there is
		return 1, true
	}
	return status, true
}

// first is the life of a sandbox's first process: it mounts, starts the program and reaps its children.
func first(dir, binds string) (int, error) {
	if err := copyProgram(filepath.Join(dir, programName)); err != nil {
		return 0, err
	}
	if err := mounts(dir, binds); err != nil {
		return 0, err
	}
	if err := loopback(); err != nil {
		return 0, err
	}
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, folderKey) && !strings.HasPrefix(e, bindsKey) {
			env = append(env, e)
		}
	}
	p, err := os.StartProcess("/tmp/"+programName, append([]string{programName}, os.Args[1:]...), &os.ProcAttr{
		Dir: "/tmp", Env: append(env, "TMPDIR="+home), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		return 0, err
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, fmt.Errorf("wait for the program: %w", err)
		case pid == p.Pid && status.Signaled():
			return 128 + int(status.Signal()), nil
		case pid == p.Pid:
			return status.ExitStatus(), nil
		}
	}
}

// mounts gives the sandbox its own /proc and /tmp; nothing of it is seen outside.
func mounts(dir, binds string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	for line := range strings.SplitSeq(binds, "\n") {
		name, from, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(to, 0o755); err != nil { // the sandbox's user must be able to enter it
			return err
		}
		if err := syscall.Mount(from, to, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("take %s along: %w", from, err)
		}
	}
	if err := os.Chmod(dir, 0o1777); err != nil { // as /tmp is everywhere
		return err
	}
	if err := syscall.Mount(dir, "/tmp", "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("mount /tmp: %w", err)
	}
	// The same once more, for homes and programs: what lies in /tmp is told apart from what was installed.
	// By its name /tmp, because dir itself may have lain in the /tmp that is covered now.
	if err := syscall.Mount("/tmp", home, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", home, err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}

// copyProgram keeps this program reachable: its own file may lie in the /tmp that the sandbox no longer sees.
func copyProgram(to string) error {
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755) // it is to run
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

// interfaceFlags is the kernel's struct ifreq with its flags.
type interfaceFlags struct {
	name  [16]byte
	flags uint16
	_     [22]byte
}

// loopback brings up 127.0.0.1, the only network that a sandbox has.
func loopback() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	r := interfaceFlags{name: [16]byte{'l', 'o'}, flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&r))) //nolint:gosec // the one way to call it
	if errno != 0 {
		return fmt.Errorf("bring up the loopback network: %w", errno)
	}
	return nil
}
