package browser

import (
	"errors"
	"strings"

	"github.com/minewatch/minewatch/heuristics"
)

// HostPeer is a native messaging host as the kernel knows it: nothing in it was said by the host itself.
type HostPeer struct {
	// PID is the host's process.
	PID int32
	// Root is the browser's main process, the host's parent.
	Root heuristics.ProcessID
	// User is the uid or SID that both belong to.
	User string
	// Browser is the short name of the root's program: a label, cleaned for showing.
	Browser string
}

var (
	errOtherOwner = errors.New("the host and its parent belong to different users")
	errOrphan     = errors.New("the host has no parent any more: its browser is gone")
)

// maxName is the longest program name shown, in bytes.
const maxName = 64

// cleanName returns a program's name for showing: printable ASCII, not too long.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), maxName)]
}
