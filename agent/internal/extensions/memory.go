package extensions

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"

	"github.com/shirou/gopsutil/v3/mem"
	gops "github.com/shirou/gopsutil/v3/process"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

// Renderers returns the renderer processes of a browser by the browser's own numbers. It must not block.
type Renderers func(root heuristics.ProcessID) map[int]heuristics.ProcessID

// The memory step: a page takes two pieces of memory and gives them back, each time a message of its own, and the
// process whose memory went along is the page's. Measured on Firefox ESR 153 (20 frames: 18 at the first try, 20 within
// four, none wrong) and Chromium 156 (24 of 25 with two steps, none wrong; one step alone named wrong ones).
const (
	stepTolerance = 0.3       // of what was asked for
	memoryToSpare = 512 << 20 // bytes that must be free: on a machine short of memory nothing is measured
	maxMeasured   = 1024      // processes
)

// stepSizes are the sizes of a step in MiB. Which of them is taken is chosen by chance, so that nothing a page does by
// itself goes along.
func stepSizes() [3]int { return [3]int{24, 32, 40} }

var (
	errShort    = errors.New("too little memory is free to look where a page lives")
	errNotFound = errors.New("no process went along with the page")
)

// machine is what measuring needs of this computer.
type machine struct {
	renderers Renderers
	// resident returns the memory in use of a process in bytes; false if it is gone.
	resident func(heuristics.ProcessID) (uint64, bool)
	// available returns the memory that may still be used, in bytes.
	available func() uint64
}

func thisMachine(renderers Renderers) *machine {
	return &machine{renderers: renderers, resident: resident, available: func() uint64 {
		if v, err := mem.VirtualMemory(); err == nil {
			return v.Available
		}
		return 0
	}}
}

func resident(p heuristics.ProcessID) (uint64, bool) {
	handle := gops.Process{Pid: p.PID}
	m, err := handle.MemoryInfo()
	if err != nil || !alive(p) {
		return 0, false
	}
	return m.RSS, true
}

// measurable is where the steps are taken: a page of one extension.
type measurable interface {
	// grow has the page take memory, and returns the process that the extension believes it to live in.
	grow(ctx context.Context, p nm.GrowParams) (believed int, err error)
	// shrink has it give back what it took.
	shrink(ctx context.Context) error
}

// locate takes a page through the memory step. It returns the number of the process that went along and the one that
// the extension believes in. Errors of the page pass through: errNoTab says that there is no such page.
func (m *machine) locate(ctx context.Context, root heuristics.ProcessID, pick string, turn int, on measurable) (seen, believed int, err error) {
	if m.available() < memoryToSpare {
		return 0, 0, errShort
	}
	processes := m.renderers(root)
	if len(processes) > maxMeasured {
		return 0, 0, errNotFound
	}
	first, second := chance(), chance()
	before := m.read(processes)
	believed, err = on.grow(ctx, nm.GrowParams{Pick: pick, Turn: turn, MiB: first})
	if err != nil {
		return 0, 0, err
	}
	one := m.read(processes)
	_, err = on.grow(ctx, nm.GrowParams{MiB: second})
	two := m.read(processes)
	if err := errors.Join(err, on.shrink(ctx)); err != nil {
		return 0, believed, err
	}
	after := m.read(processes)
	for n := range processes {
		if !near(before[n], one[n], first) || !near(one[n], two[n], second) || !near(after[n], two[n], first+second) {
			continue
		}
		if seen != 0 {
			return 0, believed, errNotFound // two of them: chance
		}
		seen = n
	}
	if seen == 0 {
		return 0, believed, errNotFound
	}
	return seen, believed, nil
}

// read returns the memory of each process; one that is gone is left out.
func (m *machine) read(processes map[int]heuristics.ProcessID) map[int]uint64 {
	out := make(map[int]uint64, len(processes))
	for n, p := range processes {
		if bytes, ok := m.resident(p); ok {
			out[n] = bytes
		}
	}
	return out
}

// near reports whether memory rose from one reading to another by about so many MiB.
func near(from, to uint64, mib int) bool {
	if from == 0 || to <= from {
		return false
	}
	rose, want := float64(to-from), float64(mib)*(1<<20)
	return rose >= want*(1-stepTolerance) && rose <= want*(1+stepTolerance)
}

// chance returns the size of a step.
func chance() int {
	sizes := stepSizes()
	n, err := rand.Int(rand.Reader, big.NewInt(int64(len(sizes))))
	if err != nil {
		return sizes[0]
	}
	return sizes[n.Int64()]
}
