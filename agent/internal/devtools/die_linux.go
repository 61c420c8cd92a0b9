package devtools

import "syscall"

// The browser ends by itself when its pipe does; where that hangs, the kernel ends it with whoever started it.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
