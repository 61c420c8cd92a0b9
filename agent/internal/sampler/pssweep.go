package sampler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"github.com/minewatch/minewatch/heuristics"
)

const (
	// psPath is where macOS keeps ps: no search path of a user decides what the agent starts.
	psPath = "/bin/ps"
	// psPatience is how long ps may take: it may wait long for its turn on a busy machine.
	psPatience = 20 * time.Second
	// maxPSOutput bounds what ps may write, in bytes: 100,000 processes take 8 MB.
	maxPSOutput = 32 << 20
)

// psListing is what one run of ps brought.
type psListing struct {
	text []byte // valid until the next run
	// pid is that of ps itself, which is on its own list.
	pid int32
	// used is the CPU time of ps.
	used time.Duration
}

// psSweep runs ps once a tick. It is the part of the sweep of macOS without cgo that needs no macOS.
//
// ps tells user and system time in one, so all CPU time counts as user time.
type psSweep struct {
	list     func(context.Context) (psListing, error)
	self     int32
	lines    []psProcess
	broken   []int32
	kept     map[int32]*psKept
	gone     []heuristics.ProcessID
	gaps     []heuristics.Gap
	spent    time.Duration // by all runs of ps
	round    int
	patience patience
}

type psKept struct {
	id     heuristics.ProcessID
	cpu    time.Duration
	basics basics
	uid    int64
	round  int
	handle *process.Process
}

func newPSSweep(list func(context.Context) (psListing, error)) *psSweep {
	return &psSweep{list: list, self: int32(os.Getpid()), kept: map[int32]*psKept{}} //nolint:gosec // pids fit
}

func (*psSweep) name() string { return "ps" }

var errPSSelf = errors.New("ps does not list this process")

func (s *psSweep) sweep(ctx context.Context, visit func(counters)) (gone []heuristics.ProcessID, gaps []heuristics.Gap, err error) {
	listing, err := s.list(ctx)
	s.spent += listing.used
	if err == nil && !s.parse(listing) {
		err = errPSSelf
	}
	if err != nil {
		gaps, err = s.patience.failed(err)
		return nil, gaps, err
	}
	s.patience.succeeded()
	s.round++
	s.gone, s.gaps = s.gone[:0], s.gaps[:0]
	for i := range s.lines {
		if i > 0 && s.lines[i-1].pid == s.lines[i].pid || i+1 < len(s.lines) && s.lines[i+1].pid == s.lines[i].pid {
			s.unreadable(s.lines[i].pid) // listed twice: neither line is believed
			continue
		}
		s.update(&s.lines[i], visit)
	}
	for _, pid := range s.broken {
		s.unreadable(pid)
	}
	for pid, k := range s.kept {
		if k.round != s.round {
			s.gone = append(s.gone, k.id)
			delete(s.kept, pid)
		}
	}
	return s.gone, s.gaps, nil
}

// parse puts the processes of a listing into s.lines, sorted by pid, without ps itself, and the pids whose line is
// broken and that have no other into s.broken. It returns false if this process is not on the list, which is then not
// to be believed.
func (s *psSweep) parse(l psListing) bool {
	s.lines, s.broken = s.lines[:0], s.broken[:0]
	for line := range bytes.Lines(l.text) {
		p, ok := parsePSLine(line)
		switch {
		case p.pid == 0 || p.pid == l.pid: // not a process of this list: what stands behind a newline in a name
		case ok:
			s.lines = append(s.lines, p)
		default:
			s.broken = append(s.broken, p.pid)
		}
	}
	slices.SortStableFunc(s.lines, func(a, b psProcess) int { return int(a.pid) - int(b.pid) })
	slices.Sort(s.broken)
	s.broken = slices.DeleteFunc(slices.Compact(s.broken), s.listed)
	return s.listed(s.self)
}

func (s *psSweep) listed(pid int32) bool {
	_, found := slices.BinarySearchFunc(s.lines, pid, func(p psProcess, pid int32) int { return int(p.pid) - int(pid) })
	return found
}

// unreadable notes that the counters of a process are not known in this round. It lives.
func (s *psSweep) unreadable(pid int32) {
	if n := len(s.gaps); n == 0 || s.gaps[n-1].PID != pid {
		s.gaps = append(s.gaps, heuristics.Gap{Kind: heuristics.GapUnreadable, PID: pid})
	}
	if k := s.kept[pid]; k != nil {
		k.round = s.round
	}
}

func (s *psSweep) update(p *psProcess, visit func(counters)) {
	k := s.kept[p.pid]
	if k != nil && k.id.StartTime != p.start { // another life of the pid
		s.gone = append(s.gone, k.id)
		k = nil
	}
	fresh := k == nil
	if fresh {
		k = &psKept{
			id:     heuristics.ProcessID{PID: p.pid, StartTime: p.start},
			handle: &process.Process{Pid: p.pid},
		}
		s.kept[p.pid] = k
	}
	k.round = s.round
	if k.basics.name != string(p.name) || k.uid != p.uid || k.basics.parent != p.parent || fresh {
		k.uid = p.uid
		k.basics = basics{name: clip(string(p.name)), parent: p.parent, user: strconv.FormatInt(p.uid, 10)}
	}
	// Within one life time does not go back. ps of macOS adds up ended threads first and living ones later, so a thread
	// that ends between is missing from one reading, and a zombie has none at all.
	cpu := max(k.cpu, p.cpu)
	if !fresh && cpu == k.cpu && p.pid != s.self {
		return
	}
	k.cpu = cpu
	c := counters{id: k.id, user: cpu, handle: k.handle}
	if p.pid == s.self {
		c.children = s.spent // the agent answers for what its looking costs
	}
	visit(c)
}

// basics returns name, parent and user as the last sweep saw them.
func (s *psSweep) basics(id heuristics.ProcessID) (basics, bool) {
	k := s.kept[id.PID]
	if k == nil || k.id != id {
		return basics{}, false
	}
	return k.basics, true
}

// psRunner runs ps and keeps the buffer for its output.
type psRunner struct{ output cappedBuffer }

func (r *psRunner) run(ctx context.Context) (psListing, error) {
	ctx, cancel := context.WithTimeout(ctx, psPatience)
	defer cancel()
	args := []string{"-ax"}
	for _, column := range psColumns() {
		args = append(args, "-o", column+"=")
	}
	c := exec.CommandContext(ctx, psPath, args...)
	// The words and the decimal point of the C locale, and times that no change of the time zone moves.
	c.Env = []string{"LC_ALL=C", "TZ=UTC0"}
	c.Stdout = &r.output
	c.WaitDelay = time.Second
	r.output.Reset()
	err := c.Run()
	var l psListing
	if c.ProcessState != nil {
		l.pid = int32(c.ProcessState.Pid()) //nolint:gosec // pids fit
		l.used = micro(c.ProcessState.UserTime() + c.ProcessState.SystemTime())
	}
	if err != nil {
		return l, fmt.Errorf("%s: %w", psPath, err)
	}
	l.text = r.output.Bytes()
	return l, nil
}

// cappedBuffer refuses what is more than maxPSOutput.
type cappedBuffer struct{ bytes.Buffer }

func (b *cappedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxPSOutput {
		return 0, errors.New("the output is too long")
	}
	return b.Buffer.Write(p)
}
