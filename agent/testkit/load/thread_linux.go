package main

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nameThread gives the calling thread a name, as programs do whose threads have different work.
func nameThread(name string) {
	runtime.LockOSThread()
	text := append([]byte(name), 0)
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&text[0])), 0, 0, 0) // a name is no must
}
