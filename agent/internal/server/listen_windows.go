package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"github.com/minewatch/minewatch/agent/api"
)

const (
	// systemAccess lets SYSTEM and administrators do everything and people who are logged on here read and write;
	// nobody over the network. userAccess is the same with one user in place of all.
	systemAccess = "D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;0x12019b;;;IU)"
	userAccess   = "D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;%s)"
)

// Listen opens the local API at the name of a pipe. It is an error if a pipe of that name is there already.
func Listen(path string) (net.Listener, error) {
	access := systemAccess
	if path != api.SystemSocket {
		me, err := windows.GetCurrentProcessToken().GetTokenUser()
		if err != nil {
			return nil, fmt.Errorf("the agent's own user cannot be seen: %w", err)
		}
		access = fmt.Sprintf(userAccess, me.User.Sid)
	}
	// The first instance is made with FILE_CREATE, so a pipe that somebody made before is never used.
	ln, err := winio.ListenPipe(path, &winio.PipeConfig{
		SecurityDescriptor: access, InputBufferSize: maxBody, OutputBufferSize: maxBody,
	})
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		who := ""
		if pid, err := whoListens(path); err == nil {
			who = fmt.Sprintf(" (pid %d)", pid)
		}
		return nil, fmt.Errorf("another minewatch agent%s is already running at %s; stop it or use it with "+
			"`minewatch status` (%w)", who, path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("the agent's pipe cannot be opened: %w", err)
	}
	return ln, nil
}

// whoListens returns the process that made a pipe.
func whoListens(path string) (pid uint32, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := winio.DialPipeContext(ctx, path)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	h, err := handle(conn)
	if err != nil {
		return 0, err
	}
	err = windows.GetNamedPipeServerProcessId(h, &pid)
	return pid, err
}

// owner returns the user of a user's own agent, empty for the machine's.
func owner() string {
	me, err := callerFrom(windows.GetCurrentProcessToken())
	if err != nil || me.Admin {
		return "" // the pipe's own access list stands before it in any case
	}
	return me.User
}

// handle returns the handle of a pipe.
func handle(conn net.Conn) (windows.Handle, error) {
	f, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		return 0, fmt.Errorf("a %T has no handle", conn)
	}
	return windows.Handle(f.Fd()), nil
}
