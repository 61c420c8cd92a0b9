package sampler

import (
	"context"
	"errors"
	"time"

	"github.com/shirou/gopsutil/v3/process"
	"golang.org/x/sys/windows"
)

var errEnded = errors.New("the process has ended")

// readRaw returns when a process was created, in 100 ns since 1601. Windows does not tell the time of ended children.
func readRaw(pid int32) (rawTimes, error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid)) //nolint:gosec // pids are positive
	if err != nil {
		return rawTimes{}, err
	}
	defer func() { _ = windows.CloseHandle(h) }()
	// A process that ended can be opened for as long as anybody holds a handle to it.
	const stillActive = 259 // STILL_ACTIVE of GetExitCodeProcess
	var code uint32
	if err := windows.GetExitCodeProcess(h, &code); err != nil {
		return rawTimes{}, err
	}
	if code != stillActive {
		return rawTimes{}, errEnded
	}
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &created, &exited, &kernel, &user); err != nil {
		return rawTimes{}, err
	}
	return rawTimes{start: int64(created.HighDateTime)<<32 | int64(created.LowDateTime)}, nil
}

// seesAll is false: what every process used cannot be compared with the machine's own counter, which was never tried on
// Windows.
func seesAll() bool { return false }

// sleptSoFar is not told apart from a clock that was set on Windows.
func sleptSoFar() time.Duration { return 0 }

// priority returns 0: Windows has priority classes, which are no niceness.
func priority(context.Context, *process.Process) int { return 0 }

// transferred returns the bytes of all transfers: Windows counts those to storage and elsewhere in one.
func transferred(io *process.IOCountersStat) uint64 { return io.ReadBytes + io.WriteBytes }
