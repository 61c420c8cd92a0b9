package main

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openat opens a path that ends with NUL, without the copy that unix.Openat makes of it.
func openat(dir int, path []byte) (int, error) {
	fd, _, errno := syscall.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), //nolint:gosec // see above
		unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}
