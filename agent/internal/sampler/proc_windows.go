package sampler

import (
	"context"
	"errors"
	"time"

	"github.com/shirou/gopsutil/v3/process"
	"golang.org/x/sys/windows"

	"github.com/minewatch/minewatch/heuristics"
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

// threadNames has nothing to remember here: the sweep tells the threads, see ntSweep.threads, and no names.
type threadNames struct{}

func (*threadNames) threads(int32) []heuristics.ThreadSample { return nil }

// readNice returns 0: Windows has priority classes, which are no niceness.
func readNice(context.Context, *process.Process) (int, error) { return 0, nil }

// seesAll is false: what every process used cannot be compared with the machine's own counter, which was never tried on
// Windows.
func seesAll() bool { return false }

// sleptSoFar is not told apart from a clock that was set on Windows.
func sleptSoFar() time.Duration { return 0 }

// readIO returns what a process read and wrote, in bytes; zeros where the agent may not look. Windows
// counts every transfer, to storage and elsewhere.
func readIO(ctx context.Context, h *process.Process) (read, written, transferred uint64) {
	io, err := h.IOCountersWithContext(ctx)
	if err != nil {
		return 0, 0, 0
	}
	return io.ReadBytes, io.WriteBytes, io.ReadBytes + io.WriteBytes
}
