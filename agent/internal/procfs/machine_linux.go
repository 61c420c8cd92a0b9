package procfs

import (
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Machine reads counters of the whole machine from files that stay open: opening one costs as much as five reads. It
// is not safe for concurrent use.
type Machine struct{ stat, load kept }

// Machine returns the counters of this file system.
func (f *FS) Machine() *Machine {
	return &Machine{stat: kept{path: f.root + "/stat"}, load: kept{path: f.root + "/loadavg"}}
}

// Busy returns the CPU time of processes on all cores since the machine started, see ParseBusy.
func (m *Machine) Busy() (time.Duration, error) {
	b, err := m.stat.read()
	if err != nil {
		return 0, err
	}
	return ParseBusy(b)
}

// Load returns what is used of /proc/loadavg.
func (m *Machine) Load() (Load, error) {
	b, err := m.load.read()
	if err != nil {
		return Load{}, err
	}
	return ParseLoad(b)
}

// kept is a file of /proc that stays open and is read from its beginning each time.
type kept struct {
	path   string
	file   *os.File
	fd     uintptr
	buffer [maxSmall]byte
}

// read returns the beginning of the file, valid until the next call. A broken one is reopened the next time.
func (k *kept) read() ([]byte, error) {
	if k.file == nil {
		file, err := os.Open(k.path)
		if err != nil {
			return nil, err
		}
		k.file, k.fd = file, file.Fd()
	}
	// These files wait for nothing, so the scheduler need not know of the call: that would wake another thread of the
	// runtime after every rest, which costs more than the read.
	n, _, errno := unix.RawSyscall6(unix.SYS_PREAD64, k.fd, uintptr(unsafe.Pointer(&k.buffer[0])), uintptr(len(k.buffer)), 0, 0, 0)
	if errno != 0 {
		err := errors.Join(fmt.Errorf("%s: %w", k.path, errno), k.file.Close())
		k.file = nil
		return nil, err
	}
	return k.buffer[:n], nil
}
