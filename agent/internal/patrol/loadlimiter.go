package patrol

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/mem"
)

// Bounds by which it is decided how many pages are open. A quick visit looks at what threads ask for, which a busy computer does not lessen,
// but a page on a computer that is too busy does not finish loadinl.
const (
	busyFrom   = 0.97 // share of the processor time in use: no more pages at one time
	roomBelow  = 0.85 // there is room for one more
	memoryLow  = 0.12 // share of the memory that is available: fewer pages
	memoryRoom = 0.25
	diskLow    = 512 << 20 // bytes free where browsers keep their profiles: they are started anew
	readEvery  = 2 * time.Second
)

// reading is the state of the machine.
type reading struct {
	busy, memory float64
	disk         uint64
}

// loadLimiter decides how many pages are open at one time.
type loadLimiter struct {
	mu       sync.Mutex
	min, max int
	now      int
	full     bool // the disk
	changed  chan struct{}
}

func newLoadLimiter(cores, most int) *loadLimiter {
	return &loadLimiter{min: min(cores, most), max: most, now: min(2*cores, most), changed: make(chan struct{}, 1)}
}

// Limit is how many pages may be open.
func (l *loadLimiter) Limit() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// DiskFull reports whether browsers must give back what they wrote.
func (l *loadLimiter) DiskFull() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full
}

// feel takes in a reading; open is how many pages were open meanwhile.
func (l *loadLimiter) feel(r reading, open int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.full = r.disk < diskLow
	switch {
	case r.memory < memoryLow:
		l.now = max(1, l.now/2)
	case r.busy >= busyFrom:
		l.now = max(l.min, l.now-1)
	case r.busy < roomBelow && r.memory >= memoryRoom && open >= l.now:
		l.now = min(l.max, l.now+1)
	}
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// watch reads the machine until the context ends.
func (l *loadLimiter) watch(ctx context.Context, open func() int) {
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	_, _ = cpu.PercentWithContext(ctx, 0, false) // the first call only begins the measurement
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.feel(read(ctx), open())
	}
}

// read reads the machine. What cannot be read counts as no trouble.
func read(ctx context.Context) reading {
	r := reading{busy: (busyFrom + roomBelow) / 2, memory: 1, disk: diskLow}
	if p, err := cpu.PercentWithContext(ctx, 0, false); err == nil && len(p) == 1 {
		r.busy = p[0] / 100
	}
	if m, err := mem.VirtualMemoryWithContext(ctx); err == nil && m.Total > 0 {
		r.memory = float64(m.Available) / float64(m.Total)
	}
	if d, err := disk.UsageWithContext(ctx, os.TempDir()); err == nil {
		r.disk = d.Free
	}
	return r
}
