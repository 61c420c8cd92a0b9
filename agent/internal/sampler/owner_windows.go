package sampler

import (
	"context"

	"github.com/shirou/gopsutil/v3/process"
	"golang.org/x/sys/windows"
)

// ownerOf returns the SID of the user a process runs as, the form in which the local API knows its callers; "" where it
// may not be asked. A name would not do: it may be changed, and is written in several ways.
func ownerOf(_ context.Context, h *process.Process) string {
	p, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(h.Pid)) //nolint:gosec // pids are not negative
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(p) //nolint:errcheck // nothing follows from it
	var token windows.Token
	if err := windows.OpenProcessToken(p, windows.TOKEN_QUERY, &token); err != nil {
		return ""
	}
	defer token.Close()
	user, err := token.GetTokenUser()
	if err != nil {
		return ""
	}
	return user.User.Sid.String()
}
