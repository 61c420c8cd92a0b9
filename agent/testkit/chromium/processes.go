//go:build linux

package chromium

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/proc"
)

// Process is one process of the browser.
type Process struct {
	PID int
	// Role is the browser's word for it: "renderer", "gpu-process", "utility", "zygote"; "browser" for the root.
	Role string
	// Renderer is N of --renderer-client-id=N, 0 for other roles.
	Renderer int
	// Extension reports that it is a renderer of extensions.
	Extension bool
}

// Thread is what the kernel counted for one thread.
type Thread struct {
	TID  int
	Name string
	// Run is the time on a processor, Wait the time ready to run without one.
	Run, Wait time.Duration
}

var (
	roleFlag     = regexp.MustCompile(`[\s\x00]--type=([a-z-]+)`)
	rendererFlag = regexp.MustCompile(`[\s\x00]--renderer-client-id=(\d{1,9})(?:[\s\x00]|$)`)
)

// Processes returns the living processes of the browser: the root and everything below it.
func (b *Browser) Processes() ([]Process, error) {
	all, err := proc.All()
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, p := range all {
		children[p.Parent] = append(children[p.Parent], p.PID)
	}
	var out []Process
	queue := []int{b.PID()}
	for len(queue) > 0 {
		pid := queue[0]
		queue = append(queue[1:], children[pid]...)
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil || len(line) == 0 {
			continue // it ended meanwhile
		}
		out = append(out, parseCommand(pid, line))
	}
	return out, nil
}

// parseCommand reads a command line. Zygote children hold theirs as one text with spaces, others with NUL bytes.
func parseCommand(pid int, line []byte) Process {
	p := Process{PID: pid, Role: "browser", Extension: bytes.Contains(line, []byte("--extension-process"))}
	if m := roleFlag.FindSubmatch(line); m != nil {
		p.Role = string(m[1])
	}
	if m := rendererFlag.FindSubmatch(line); m != nil {
		p.Renderer, _ = strconv.Atoi(string(m[1])) // nine digits at most
	}
	return p
}

// Threads returns the threads of a process that live now.
func Threads(pid int) ([]Thread, error) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []Thread
	for _, e := range entries {
		name, err1 := os.ReadFile(filepath.Join(dir, e.Name(), "comm"))
		stat, err2 := os.ReadFile(filepath.Join(dir, e.Name(), "schedstat"))
		if err1 != nil || err2 != nil {
			continue // it ended meanwhile
		}
		var run, wait int64
		if _, err := fmt.Sscan(string(stat), &run, &wait); err != nil {
			return nil, fmt.Errorf("%s/%s/schedstat: %w", dir, e.Name(), err)
		}
		tid, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, Thread{
			TID: tid, Name: strings.TrimSuffix(string(name), "\n"),
			Run: time.Duration(run), Wait: time.Duration(wait),
		})
	}
	return out, nil
}

// Sandboxed reports whether the kernel filters a process's system calls and keeps it in a process namespace of its
// own: what Chromium's sandbox does to a renderer.
func Sandboxed(pid int) (bool, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false, err
	}
	own, err1 := os.Readlink("/proc/self/ns/pid")
	its, err2 := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	if err := errors.Join(err1, err2); err != nil {
		return false, err
	}
	return strings.Contains(string(status), "\nSeccomp:\t2\n") && own != its, nil
}
