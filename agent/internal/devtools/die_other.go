//go:build unix && !linux

package devtools

import "syscall"

// The browser ends by itself when its pipe does.
func dieWithUs(*syscall.SysProcAttr) {}
