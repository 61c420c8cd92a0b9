package extensions

import "github.com/minewatch/minewatch/heuristics"

// Peer is a native messaging host as the kernel knows it: nothing in it was said by the host itself.
type Peer struct {
	// PID is the host's process.
	PID int32
	// Root is the browser's main process, the host's parent.
	Root heuristics.ProcessID
	// User is the uid or SID that both belong to.
	User string
	// Browser is the short name of the root's program: a label, cleaned for showing.
	Browser string
}
