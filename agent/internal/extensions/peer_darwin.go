package extensions

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/heuristics"
)

// ResolvePeer returns the host that runs as pid, with its parent as the browser. The parent must be of the same user.
// Nothing is walked past: a browser starts its hosts itself.
func ResolvePeer(pid int32) (Peer, error) {
	host, err := process(pid)
	if err != nil {
		return Peer{}, err
	}
	parent := host.Eproc.Ppid
	if parent <= 1 {
		return Peer{}, errOrphan
	}
	root, err := process(parent)
	if err != nil {
		return Peer{}, err
	}
	if host.Eproc.Pcred.P_ruid != root.Eproc.Pcred.P_ruid {
		return Peer{}, errOtherOwner
	}
	if again, err := process(pid); err != nil || again.Eproc.Ppid != parent || started(again) != started(host) {
		return Peer{}, errOrphan
	}
	name, _, _ := bytes.Cut(root.Proc.P_comm[:], []byte{0})
	return Peer{
		PID: pid, Root: heuristics.ProcessID{PID: parent, StartTime: started(root)},
		User: strconv.Itoa(int(host.Eproc.Pcred.P_ruid)), Browser: words.Clean(string(name)),
	}, nil
}

// alive reports whether a process still lives.
func alive(p heuristics.ProcessID) bool {
	const zombie = 5 // SZOMB of sys/proc.h
	kp, err := process(p.PID)
	return err == nil && started(kp) == p.StartTime && kp.Proc.P_stat != zombie
}

func process(pid int32) (*unix.KinfoProc, error) {
	kp, err := unix.SysctlKinfoProc("kern.proc.pid", int(pid))
	if err != nil {
		return nil, fmt.Errorf("process %d: %w", pid, err)
	}
	return kp, nil
}

// started returns the start time in milliseconds since 1970.
func started(kp *unix.KinfoProc) int64 {
	return kp.Proc.P_starttime.Sec*1000 + int64(kp.Proc.P_starttime.Usec)/1000
}
