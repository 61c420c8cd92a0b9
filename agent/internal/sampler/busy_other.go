//go:build !linux

package sampler

import (
	"context"
	"errors"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
)

// machineBusy returns the CPU time of processes on all cores: neither idle, waiting for I/O, taken by the hypervisor nor
// spent on interrupts, which no process accounts for.
func machineBusy(ctx context.Context) (time.Duration, error) {
	t, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return 0, err
	}
	if len(t) == 0 {
		return 0, errors.New("no counters")
	}
	return micro(seconds(t[0].User + t[0].Nice + t[0].System)), nil
}
