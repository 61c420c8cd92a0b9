package sampler

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
	"unicode/utf16"
)

// Offsets within SYSTEM_PROCESS_INFORMATION as a 64-bit Windows since Vista writes it, in bytes (winternl.h and
// golang.org/x/sys/windows). All numbers are little-endian, all times counts of 100 ns.
const (
	ntNextEntry   = 0
	ntThreadCount = 4
	ntCreated     = 32
	ntUser        = 40
	ntKernel      = 48
	ntNameLength  = 56 // UNICODE_STRING: length in bytes, room in bytes, address
	ntNameAddress = 64
	ntPID         = 80
	ntParent      = 88
	ntWorkingSet  = 144
	ntProcessSize = 256
)

// Offsets within SYSTEM_THREAD_INFORMATION: one for each thread follows its process.
const (
	ntThreadKernel = 0
	ntThreadUser   = 8
	ntThreadTID    = 48
	ntThreadState  = 68
	ntThreadReason = 72
	ntThreadSize   = 80
)

// maxNTName bounds an image name in bytes: NTFS names have at most 255 UTF-16 units.
const maxNTName = 2 * 255

var errNT = errors.New("not the form of SYSTEM_PROCESS_INFORMATION")

// ntProcess is one process of a listing. What it holds points into the listing.
type ntProcess struct {
	pid, parent int32
	// created is when it started, in 100 ns since 1601.
	created      int64
	user, system time.Duration
	// workingSet is the memory in use, in bytes.
	workingSet uint64
	// image is the name of its program in UTF-16, empty for the idle process.
	image []byte
	// threads holds one SYSTEM_THREAD_INFORMATION after the other.
	threads []byte
	// at is where the process stands in the listing.
	at int
}

// ntThread is one thread of a process.
type ntThread struct {
	tid int32
	run time.Duration
	// state and reason are KTHREAD_STATE and KWAIT_REASON.
	state, reason uint32
}

// ntListing is what NtQuerySystemInformation(SystemProcessInformation) wrote: entries that tell how far away the next
// one is, and point to their names with addresses, so that base, the address of the first byte, belongs to it.
//
// The kernel writes it, but other programs hook it, so nothing in it is believed without a look at the bounds.
type ntListing struct {
	buffer []byte
	base   uint64
}

// each calls visit for every process until it returns false. The process is valid during the call only.
func (l ntListing) each(visit func(*ntProcess) bool) error {
	var p ntProcess
	for at := 0; ; {
		next, err := l.read(at, &p)
		if err != nil {
			return err
		}
		if !visit(&p) || next == 0 {
			return nil
		}
		at = next
	}
}

// read fills p with the process at that offset and returns where the next one stands, 0 after the last.
func (l ntListing) read(at int, p *ntProcess) (next int, err error) {
	if at < 0 || at > len(l.buffer) || len(l.buffer)-at < ntProcessSize {
		return 0, errNT
	}
	e := l.buffer[at:]
	if length := binary.LittleEndian.Uint32(e[ntNextEntry:]); length != 0 {
		if length < ntProcessSize || uint64(length) >= uint64(len(e)) {
			return 0, errNT
		}
		next = at + int(length)
		e = e[:length]
	}
	pid, ok1 := ntID(e[ntPID:])
	parent, ok2 := ntID(e[ntParent:])
	user, ok3 := ntTime(e[ntUser:])
	system, ok4 := ntTime(e[ntKernel:])
	threads := binary.LittleEndian.Uint32(e[ntThreadCount:])
	if !ok1 || !ok3 || !ok4 || uint64(threads)*ntThreadSize > uint64(len(e)-ntProcessSize) {
		return 0, errNT
	}
	if !ok2 {
		parent = 0 // a label: not worth losing the listing
	}
	*p = ntProcess{
		pid: pid, parent: parent, user: user, system: system, at: at,
		created:    int64(binary.LittleEndian.Uint64(e[ntCreated:])), //nolint:gosec // only equality means anything
		workingSet: binary.LittleEndian.Uint64(e[ntWorkingSet:]),
		image:      l.image(e, at),
		threads:    e[ntProcessSize : ntProcessSize+int(threads)*ntThreadSize],
	}
	return next, nil
}

// image returns the name of the entry e at that offset, nothing if it does not lie within the entry.
func (l ntListing) image(e []byte, at int) []byte {
	length := uint64(binary.LittleEndian.Uint16(e[ntNameLength:]))
	address := binary.LittleEndian.Uint64(e[ntNameAddress:])
	start := address - l.base - uint64(at) // an address before the entry, or none, wraps around
	if start > uint64(len(e)) || length > uint64(len(e))-start {
		return nil
	}
	return e[start : start+min(length, maxNTName)&^1]
}

// name returns the name of the program. Halves of surrogate pairs become U+FFFD.
func (p *ntProcess) name() string {
	units := make([]uint16, len(p.image)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(p.image[2*i:])
	}
	return string(utf16.Decode(units))
}

// eachThread calls visit for every thread whose numbers can be true.
func (p *ntProcess) eachThread(visit func(ntThread)) {
	for rest := p.threads; len(rest) >= ntThreadSize; rest = rest[ntThreadSize:] {
		tid, ok1 := ntID(rest[ntThreadTID:])
		user, ok2 := ntTime(rest[ntThreadUser:])
		kernel, ok3 := ntTime(rest[ntThreadKernel:])
		if ok1 && ok2 && ok3 {
			visit(ntThread{
				tid: tid, run: user + kernel,
				state:  binary.LittleEndian.Uint32(rest[ntThreadState:]),
				reason: binary.LittleEndian.Uint32(rest[ntThreadReason:]),
			})
		}
	}
}

// ntID reads the number of a process or thread: a handle of 8 bytes with 32 used; false above 31 bits, which Windows
// does not reach.
func ntID(b []byte) (int32, bool) {
	n := binary.LittleEndian.Uint64(b)
	return int32(n & math.MaxInt32), n <= math.MaxInt32 //nolint:gosec // masked
}

// ntTime reads a time in 100 ns; false beyond a quarter of what a Duration holds (73 years), so that sums stay within.
func ntTime(b []byte) (time.Duration, bool) {
	const unit = 100 * time.Nanosecond
	n := binary.LittleEndian.Uint64(b)
	return time.Duration(n) * unit, n <= uint64(math.MaxInt64/unit/4) //nolint:gosec // not used when out of range
}

// Sizes of the buffer for a listing, in bytes. A process takes 256 bytes, its name and 80 for each thread: 300 processes
// with 10 threads each need 350 KB.
const (
	minNTBuffer = 256 << 10
	maxNTBuffer = 64 << 20
)

// growNTBuffer returns the size to try next when have was too small and the system asked for want. It leaves room for
// what starts until then.
func growNTBuffer(have, want int) (int, error) {
	if have >= maxNTBuffer {
		return 0, errors.New("the list of processes needs more than 64 MB")
	}
	n := max(have, want, minNTBuffer)
	return min(n+n/4, maxNTBuffer), nil
}
