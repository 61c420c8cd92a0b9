//go:build unix && !linux

package main

import "runtime"

// nameThread only keeps the calling thread: its name is another matter on each system.
func nameThread(string) { runtime.LockOSThread() }
