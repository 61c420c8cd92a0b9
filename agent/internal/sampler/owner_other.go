//go:build !linux && !windows

package sampler

import (
	"context"
	"strconv"

	"github.com/shirou/gopsutil/v3/process"
)

// ownerOf returns the uid of the user a process runs as, "" where it may not be asked.
func ownerOf(ctx context.Context, h *process.Process) string {
	uids, err := h.UidsWithContext(ctx)
	if err != nil || len(uids) == 0 {
		return ""
	}
	return strconv.Itoa(int(uids[0]))
}
