package procfs

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// FS is a /proc file system, or a folder in its form. It is safe for concurrent use.
type FS struct {
	root                            string
	vanished, unreadable, malformed atomic.Uint64
}

// New returns the file system mounted at root, which is "/proc" but for tests.
func New(root string) *FS { return &FS{root: root} }

// Failures returns how many reads have failed.
func (f *FS) Failures() Failures {
	return Failures{f.vanished.Load(), f.unreadable.Load(), f.malformed.Load()}
}

// failed counts a failure and says whose it is.
func (f *FS) failed(pid int32, err error) error {
	switch {
	case errors.Is(err, ErrMalformed):
		f.malformed.Add(1)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ESRCH):
		f.vanished.Add(1)
		err = ErrVanished
	default:
		f.unreadable.Add(1)
		err = fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return fmt.Errorf("process %d: %w", pid, err)
}

// Path returns the folder of a process, for those who look at what its links lead to.
func (f *FS) Path(pid int32) string { return f.root + "/" + strconv.Itoa(int(pid)) }

func (f *FS) path(pid int32, name string) string {
	return f.root + "/" + strconv.Itoa(int(pid)) + "/" + name
}

// open opens a file below an open folder, or by its whole path (unix.AT_FDCWD). A named pipe in a folder made by somebody
// else must not be waited for.
func open(folder int, path string) (int, error) {
	return unix.Openat(folder, path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
}

// readInto reads a file's beginning, until the buffer is full or the file ends.
func readInto(folder int, path string, b []byte) (int, error) {
	fd, err := open(folder, path)
	if err != nil {
		return 0, err
	}
	n, err := fill(fd, b)
	_ = unix.Close(fd)
	return n, err
}

func fill(fd int, b []byte) (int, error) {
	n := 0
	for n < len(b) {
		more, err := unix.Read(fd, b[n:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return n, err
		}
		if more <= 0 {
			break
		}
		n += more
	}
	return n, nil
}

// Process is one life of a process, held open: once it has ended every read fails, also if its pid is used again. It must
// be closed.
type Process struct {
	fs     *FS
	pid    int32
	folder int
}

// Open opens the process that has a pid now.
func (f *FS) Open(pid int32) (Process, error) {
	fd, err := unix.Open(f.root+"/"+strconv.Itoa(int(pid)), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return Process{}, f.failed(pid, err)
	}
	return Process{fs: f, pid: pid, folder: fd}, nil
}

// Close ends the use of an open process.
func (p Process) Close() { _ = unix.Close(p.folder) }

// Stat returns what is used of its stat.
func (p Process) Stat() (Stat, error) { return p.fs.stat(p.pid, p.folder, "stat") }

// Owner returns its real uid, see FS.Owner.
func (p Process) Owner() (uint32, error) { return p.fs.owner(p.pid, p.folder, "status") }

// Exe returns the path of its program, see FS.Exe.
func (p Process) Exe() (string, error) { return p.fs.exe(p.pid, p.folder, "exe") }

// CommandLine returns the beginning of its command line.
func (p Process) CommandLine() (CommandLine, error) {
	return p.fs.commandLine(p.pid, p.folder, "cmdline")
}

// Stat returns what is used of a process's stat.
func (f *FS) Stat(pid int32) (Stat, error) { return f.stat(pid, unix.AT_FDCWD, f.path(pid, "stat")) }

func (f *FS) stat(pid int32, folder int, path string) (Stat, error) {
	var b [maxStat]byte
	n, err := readInto(folder, path, b[:])
	if err != nil {
		return Stat{}, f.failed(pid, err)
	}
	s, err := ParseStat(b[:n])
	if err == nil && s.PID != pid {
		err = ErrMalformed
	}
	if err != nil {
		return Stat{}, f.failed(pid, err)
	}
	return s, nil
}

// Owner returns the real uid of a process. The owner of its folder would not do: that is root for a program that made
// itself unreadable.
func (f *FS) Owner(pid int32) (uint32, error) {
	return f.owner(pid, unix.AT_FDCWD, f.path(pid, "status"))
}

func (f *FS) owner(pid int32, folder int, path string) (uint32, error) {
	var b [maxStatus]byte
	n, err := readInto(folder, path, b[:])
	if err != nil {
		return 0, f.failed(pid, err)
	}
	uid, err := ParseOwner(b[:n])
	if err != nil {
		return 0, f.failed(pid, err)
	}
	return uid, nil
}

// Exe returns the path of a process's program, with " (deleted)" behind it if there is no such file any more. It is
// ErrVanished for a kernel thread too.
func (f *FS) Exe(pid int32) (string, error) {
	return f.exe(pid, unix.AT_FDCWD, f.path(pid, "exe"))
}

func (f *FS) exe(pid int32, folder int, path string) (string, error) {
	var b [maxPath]byte
	n, err := unix.Readlinkat(folder, path, b[:])
	if err != nil {
		return "", f.failed(pid, err)
	}
	return string(b[:n]), nil
}

// CommandLine returns the beginning of a command line, empty of a kernel thread.
func (f *FS) CommandLine(pid int32) (CommandLine, error) {
	return f.commandLine(pid, unix.AT_FDCWD, f.path(pid, "cmdline"))
}

func (f *FS) commandLine(pid int32, folder int, path string) (CommandLine, error) {
	fd, err := open(folder, path)
	if err != nil {
		return CommandLine{}, f.failed(pid, err)
	}
	defer func() { _ = unix.Close(fd) }()
	var first [2 << 10]byte // nearly all are shorter
	n, err := fill(fd, first[:])
	if err != nil {
		return CommandLine{}, f.failed(pid, err)
	}
	if n < len(first) {
		return CommandLine{Text: string(first[:n])}, nil
	}
	b := make([]byte, MaxCommandLine)
	copy(b, first[:])
	more, err := fill(fd, b[n:])
	if err != nil {
		return CommandLine{}, f.failed(pid, err)
	}
	n += more
	return CommandLine{Text: string(b[:n]), Truncated: n == len(b)}, nil
}

// IO returns what a process read and wrote. Only its owner and root may know.
func (f *FS) IO(pid int32) (IO, error) {
	var b [maxSmall]byte
	n, err := readInto(unix.AT_FDCWD, f.path(pid, "io"), b[:])
	if err != nil {
		return IO{}, f.failed(pid, err)
	}
	return ParseIO(b[:n]), nil
}

// Schedstat returns how long a process's first thread has run and waited for a core.
func (f *FS) Schedstat(pid int32) (run, wait time.Duration, err error) {
	var b [maxSmall]byte
	n, err := readInto(unix.AT_FDCWD, f.path(pid, "schedstat"), b[:])
	if err != nil {
		return 0, 0, f.failed(pid, err)
	}
	if run, wait, err = ParseSchedstat(b[:n]); err != nil {
		return 0, 0, f.failed(pid, err)
	}
	return run, wait, nil
}

// Thread is one thread of a process, for the length of a visit.
type Thread struct {
	TID    int32
	folder int
}

// Times returns how long the thread has run, and how long it was ready to run with no core free; false if it is gone.
func (t *Thread) Times() (run, wait time.Duration, ok bool) {
	var b [maxSmall]byte
	run, wait, err := ParseSchedstat(b[:t.read("schedstat", b[:])])
	return run, wait, err == nil
}

// Name returns the thread's name, empty if it is gone. Hostile text.
func (t *Thread) Name() string {
	var b [maxSmall]byte
	n := t.read("comm", b[:])
	if n > 0 && b[n-1] == '\n' {
		n--
	}
	return string(b[:n])
}

// read returns how much of a file it read, 0 on an error.
func (t *Thread) read(name string, b []byte) int {
	fd, err := unix.Openat(t.folder, strconv.Itoa(int(t.TID))+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	n, err := unix.Read(fd, b)
	_ = unix.Close(fd)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Threads visits at most that many threads of a process.
func (f *FS) Threads(pid int32, most int, visit func(Thread)) error {
	folder, err := unix.Open(f.path(pid, "task"), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return f.failed(pid, err)
	}
	defer func() { _ = unix.Close(folder) }()
	var entries [4 << 10]byte
	var some [256]int32 // an entry takes at least 24 bytes
	for seen := 0; seen < most; {
		n, err := unix.Getdents(folder, entries[:])
		if err != nil {
			return f.failed(pid, err)
		}
		if n <= 0 {
			return nil
		}
		for _, tid := range appendNumbers(some[:0], entries[:n]) {
			if seen++; seen <= most {
				visit(Thread{TID: tid, folder: folder})
			}
		}
	}
	return nil
}

// PIDs returns the numbers of all processes, in ascending order.
func (f *FS) PIDs() ([]int32, error) {
	l, err := f.Lister()
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.folder.Close() }()
	pids, err := l.Append(nil)
	slices.Sort(pids)
	return pids, err
}

// Lister lists processes again and again without allocating. It is not safe for concurrent use.
type Lister struct {
	folder *os.File
	fd     int
	buffer []byte
}

// Lister returns a Lister of this file system.
func (f *FS) Lister() (*Lister, error) {
	folder, err := os.Open(f.root)
	if err != nil {
		return nil, fmt.Errorf("the processes cannot be listed: %w", err)
	}
	const room = 64 << 10
	return &Lister{folder: folder, fd: int(folder.Fd()), buffer: make([]byte, room)}, nil
}

// Append appends the numbers of all processes, in ascending order on a real /proc.
func (l *Lister) Append(pids []int32) ([]int32, error) {
	if _, err := unix.Seek(l.fd, 0, 0); err != nil {
		return pids, fmt.Errorf("the processes cannot be listed: %w", err)
	}
	for {
		n, err := unix.Getdents(l.fd, l.buffer)
		if err != nil {
			return pids, fmt.Errorf("the processes cannot be listed: %w", err)
		}
		if n <= 0 {
			return pids, nil
		}
		pids = appendNumbers(pids, l.buffer[:n])
	}
}
