// Package sandbox runs a program where it sees only itself: in process, mount, network and IPC namespaces of its own, with
// its own /proc, /tmp and 127.0.0.1. Several recordings can then be made at once on one machine, and no agent sees the
// load of another's. What they still share is the processor.
package sandbox
