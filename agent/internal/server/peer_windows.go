package server

import (
	"fmt"
	"net"

	"golang.org/x/sys/windows"
)

// enabled is SE_GROUP_ENABLED: of an administrator who is not elevated, the group is there for denials only.
const enabled = 0x4

// identify returns the process at the other end of a pipe and its user, by the process's token. It is called as soon as
// a connection is there: the number of a process that ended since could otherwise be another's. (The pipe itself would
// say more surely, but clients that let nobody act as them, as ours, are anonymous to it.)
func identify(conn net.Conn) (Caller, error) {
	pipe, err := handle(conn)
	if err != nil {
		return Caller{}, err
	}
	var pid uint32
	if err := windows.GetNamedPipeClientProcessId(pipe, &pid); err != nil {
		return Caller{}, fmt.Errorf("the process of the pipe's client is not known: %w", err)
	}
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return Caller{}, fmt.Errorf("process %d cannot be looked at: %w", pid, err)
	}
	defer windows.CloseHandle(process)
	var token windows.Token
	if err := windows.OpenProcessToken(process, windows.TOKEN_QUERY, &token); err != nil {
		return Caller{}, fmt.Errorf("the user of process %d cannot be seen: %w", pid, err)
	}
	defer token.Close()
	c, err := callerFrom(token)
	c.PID = int32(pid)
	return c, err
}

func callerFrom(token windows.Token) (Caller, error) {
	user, err := token.GetTokenUser()
	if err != nil {
		return Caller{}, err
	}
	c := Caller{User: user.User.Sid.String(), Admin: user.User.Sid.IsWellKnown(windows.WinLocalSystemSid)}
	groups, err := token.GetTokenGroups()
	if err != nil {
		return Caller{}, err
	}
	for _, g := range groups.AllGroups() {
		if g.Attributes&enabled != 0 && g.Sid.IsWellKnown(windows.WinBuiltinAdministratorsSid) {
			c.Admin = true
		}
	}
	return c, nil
}
