package main

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nameThread gives the calling thread a name, as programs do whose threads have different work. The first thread keeps its
// own, which is the program's.
func nameThread(name string) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		return
	}
	text := append([]byte(name), 0)
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&text[0])), 0, 0, 0) // a name is no must
}
