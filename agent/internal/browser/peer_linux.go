package browser

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/minewatch/minewatch/heuristics"
)

// ResolvePeer returns the host that runs as pid, with its parent as the browser. The parent must be of the same user.
// Nothing is walked past: a browser starts its hosts itself.
func ResolvePeer(pid int32) (HostPeer, error) { return resolvePeer("/proc", pid) }

func resolvePeer(proc string, pid int32) (HostPeer, error) {
	host, err := readStat(proc, pid)
	if err != nil {
		return HostPeer{}, err
	}
	if host.parent <= 1 {
		return HostPeer{}, errOrphan
	}
	root, err := readStat(proc, host.parent)
	if err != nil {
		return HostPeer{}, err
	}
	hostUser, hostErr := readUser(proc, pid)
	rootUser, rootErr := readUser(proc, host.parent)
	if err := errors.Join(hostErr, rootErr); err != nil {
		return HostPeer{}, err
	}
	if hostUser != rootUser {
		return HostPeer{}, errOtherOwner
	}
	// The same life of the same host with the same parent as before: no pid was used again in between.
	if again, err := readStat(proc, pid); err != nil || again != host {
		return HostPeer{}, errOrphan
	}
	return HostPeer{
		PID: pid, Root: heuristics.ProcessID{PID: host.parent, StartTime: root.start},
		User: hostUser, Browser: cleanName(root.name),
	}, nil
}

// alive reports whether a process still lives.
func alive(p heuristics.ProcessID) bool {
	s, err := readStat("/proc", p.PID)
	return err == nil && s.start == p.StartTime && !s.dead
}

// stat is what matters of /proc/PID/stat.
type stat struct {
	name   string
	parent int32
	start  int64 // clock ticks since boot
	dead   bool  // a zombie, or nearly
}

func readStat(proc string, pid int32) (stat, error) {
	data, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(int(pid)), "stat"))
	if err != nil {
		return stat{}, err
	}
	s, err := parseStat(data)
	if err != nil {
		return stat{}, fmt.Errorf("process %d: %w", pid, err)
	}
	return s, nil
}

// parseStat reads a line of proc_pid_stat(5). The name is in brackets and may itself hold brackets, blanks and line
// ends, so it ends at the last bracket.
func parseStat(data []byte) (stat, error) {
	open, end := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if open < 0 || end < open {
		return stat{}, errors.New("its stat line has no name")
	}
	fields := bytes.Fields(data[end+1:]) // from field 3, the state, on
	if len(fields) < 20 {
		return stat{}, errors.New("its stat line is too short")
	}
	parent, err := strconv.ParseInt(string(fields[1]), 10, 32)
	if err != nil {
		return stat{}, errors.New("its stat line has no parent")
	}
	start, err := strconv.ParseInt(string(fields[19]), 10, 64)
	if err != nil {
		return stat{}, errors.New("its stat line has no start time")
	}
	dead := bytes.ContainsAny(fields[0], "ZXx")
	return stat{name: string(data[open+1 : end]), parent: int32(parent), start: start, dead: dead}, nil
}

// readUser returns the real uid of a process. The owner of its /proc folder would not do: that is root for a program
// that made itself unreadable.
func readUser(proc string, pid int32) (string, error) {
	data, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(int(pid)), "status"))
	if err != nil {
		return "", err
	}
	for line := range bytes.Lines(data) { // a line end in Name: is escaped by the kernel
		if uids, ok := bytes.CutPrefix(line, []byte("Uid:")); ok {
			if f := bytes.Fields(uids); len(f) == 4 {
				return string(f[0]), nil
			}
		}
	}
	return "", fmt.Errorf("process %d does not say whose it is", pid)
}
