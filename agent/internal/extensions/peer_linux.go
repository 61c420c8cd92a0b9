package extensions

import (
	"errors"
	"strconv"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/procfs"
	"github.com/minewatch/minewatch/heuristics"
)

// procRoot is where the kernel shows processes.
const procRoot = "/proc"

// ResolvePeer returns the host that runs as pid, with its parent as the browser. The parent must be of the same user.
// Nothing is walked past: a browser starts its hosts itself.
func ResolvePeer(pid int32) (Peer, error) { return resolvePeer(procfs.New(procRoot), pid) }

func resolvePeer(proc *procfs.FS, pid int32) (Peer, error) {
	host, err := proc.Stat(pid)
	if err != nil {
		return Peer{}, err
	}
	if host.Parent <= 1 {
		return Peer{}, errOrphan
	}
	root, err := proc.Stat(host.Parent)
	if err != nil {
		return Peer{}, err
	}
	hostUser, hostErr := proc.Owner(pid)
	rootUser, rootErr := proc.Owner(host.Parent)
	if err := errors.Join(hostErr, rootErr); err != nil {
		return Peer{}, err
	}
	if hostUser != rootUser {
		return Peer{}, errOtherOwner
	}
	// The same life of the same host with the same parent as before: no pid was used again in between.
	if again, err := proc.Stat(pid); err != nil || again.Started != host.Started || again.Parent != host.Parent {
		return Peer{}, errOrphan
	}
	return Peer{
		PID: pid, Root: heuristics.ProcessID{PID: host.Parent, StartTime: root.Started},
		User: strconv.FormatUint(uint64(hostUser), 10), Browser: words.Clean(root.Name),
	}, nil
}

// alive reports whether a process still lives.
func alive(p heuristics.ProcessID) bool {
	s, err := procfs.New(procRoot).Stat(p.PID)
	return err == nil && s.Started == p.StartTime && !s.Dead()
}
