package cli

import (
	"errors"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/internal/trace"
)

// What a recording may cost by default: a day of 300 processes costs 1.4 s and 20 MiB.
const (
	usualTime   = 25 * time.Second
	usualMemory = 192 // MiB
)

// limitFlags are the flags that raise what a recording may cost.
type limitFlags struct {
	trace.Limits
	memory int64 // MiB
}

func (l *limitFlags) add(c *cobra.Command) {
	c.Flags().Int64Var(&l.Bytes, "max-bytes", 0, "read at most so many bytes of a recording, after unpacking (default 1 GiB)")
	c.Flags().IntVar(&l.Processes, "max-processes", 0, "read at most so many processes of a recording (default 500,000)")
	c.Flags().IntVar(&l.Live, "max-live", 0, "read at most so many processes at a time (default 50,000)")
	c.Flags().Int64Var(&l.memory, "max-memory", usualMemory, "refuse a recording that takes more than so many `MiB` of memory")
	c.Flags().DurationVar(&l.Time, "max-time", usualTime, "refuse a recording that takes more than so much CPU time")
}

// check must come before the limits are used.
func (l *limitFlags) check() error {
	if l.Bytes < 0 || l.Processes < 0 || l.Live < 0 || l.memory <= 0 || l.memory > 1<<20 || l.Time <= 0 {
		return errors.New("--max-bytes, --max-processes, --max-live, --max-memory and --max-time must be above zero")
	}
	return nil
}

// apply makes the garbage collector keep to the memory limit, for as many recordings as are judged at the same time,
// and derives how much may stay in use: the rest is for what one snapshot needs. Collecting garbage less often saves a
// third of the time for some megabytes while there is room. undo undoes both.
func (l *limitFlags) apply(atOnce int) (undo func()) {
	const others = 32 << 20 // an honest recording beside the first two takes less
	most := l.memory<<20 + int64(max(0, atOnce-2))*others
	l.Memory = most / 2
	percent, limit := debug.SetGCPercent(400), debug.SetMemoryLimit(most)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
