// Package procfs reads /proc of Linux: it is the product's one parser of it.
//
// What a file holds is chosen by whoever runs the process, so no read is longer than a fixed number of bytes and none
// asks for a size first: a command line can be made to be half a gigabyte of memory that was never touched. Reading is
// apart from parsing. Every parser takes hostile bytes and answers with ErrMalformed at worst.
package procfs

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Every failed read is one of these three.
var (
	// ErrVanished says that the process is gone. It is an fs.ErrNotExist.
	ErrVanished = fmt.Errorf("the process has ended: %w", fs.ErrNotExist)
	// ErrUnreadable says that it may still live but cannot be read: it belongs to somebody else, or memory is short.
	ErrUnreadable = errors.New("the process cannot be read")
	// ErrMalformed says that the kernel wrote something of another form than proc(5) has.
	ErrMalformed = errors.New("not of the form that proc(5) describes")
)

// The most that is read of each file, in bytes.
const (
	maxStat   = 1 << 10 // 52 numbers and a name of at most 64 bytes
	maxStatus = 1 << 10 // the owner stands in the ninth line
	maxSmall  = 512     // io, schedstat, comm, loadavg, the first line of /proc/stat
	maxPath   = 4 << 10 // PATH_MAX
	// MaxCommandLine is how much of a command line is read. The longest that a browser needs to be recognised is under
	// 2 KiB.
	MaxCommandLine = 16 << 10
)

// Tick is the unit of the times in /proc/PID/stat and /proc/stat: USER_HZ is 100 on every Linux that Go runs on.
const Tick = 10 * time.Millisecond

// Failures counts reads that failed since the FS was made.
type Failures struct{ Vanished, Unreadable, Malformed uint64 }

// Stat is what is used of /proc/PID/stat.
type Stat struct {
	PID, Parent int32
	// Name is the kernel's name of the program, at most 15 bytes of a program's own and 63 of a kernel thread. Hostile
	// text: it may hold brackets and line ends.
	Name string
	// State is the letter: 'R' running, 'S' sleeping, 'Z' ended and not yet waited for.
	State byte
	// User and System are the CPU time of all threads so far, Children that of children that were waited for.
	User, System, Children time.Duration
	// Nice is the priority as `nice` shows it, 19 the lowest.
	Nice int
	// Threads is the number of threads.
	Threads int
	// Started is when it began, in clock ticks since the machine did: with the pid it names one life of a process.
	Started int64
	// Resident is the memory in use in pages.
	Resident int64
}

// CPU returns the CPU time of all threads so far.
func (s *Stat) CPU() time.Duration { return s.User + s.System }

// Dead reports whether the process has ended and only waits to be noticed.
func (s *Stat) Dead() bool { return s.State == 'Z' || s.State == 'X' || s.State == 'x' }

// CommandLine is the beginning of a command line. Hostile text: a process can write anything into it.
type CommandLine struct {
	// Text holds the arguments with a NUL after each, as the kernel gives them, or one string with spaces.
	Text string
	// Truncated reports that there may be more than MaxCommandLine bytes.
	Truncated bool
}

// IO is what is used of /proc/PID/io, in bytes.
type IO struct {
	// Read and Written went from and to storage.
	Read, Written uint64
	// Transferred went through read and write calls of every kind: files in the cache, pipes, sockets.
	Transferred uint64
}

// Load is what is used of /proc/loadavg.
type Load struct {
	// LastPID is the number that the last new process or thread of this pid namespace was given.
	LastPID int32
}
