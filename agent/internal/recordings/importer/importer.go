// Package importer turns the logs of other tools into Sources, so that what testers already hold is judged on the same
// path as a live computer: pidstat, top, typeperf and Perfmon, prmon, psrecord, sar, CSV and Prometheus.
//
// Such logs hold less than a recording of minewatch, and each import says what is missing. A log is streamed: memory
// does not grow with its length. It may come from a stranger: lines, names and numbers are bounded.
package importer

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/internal/pipeline"
)

// Options say what a log itself does not.
type Options struct {
	// Cores is the number of logical processors, 0 if not known.
	Cores int
	// Interval is the time between two samples, 0 to find out.
	Interval time.Duration
	// AllCores says that 100 means all cores (top in Solaris mode, whole-host figures); else it means one.
	AllCores bool
	// Columns map what is needed to the column names of a CSV: "time", "process", "pid", "rss", and one of "cpu" (use of
	// a process; several columns parted by "|" are a process each), "host" (use of the whole machine, or of each core)
	// and "idle" (what the machine did not use). A "*" at the end of a name stands for any end.
	Columns map[string]string
	// DateOrder is "mdy", "dmy" or "ymd" for dates that could be either.
	DateOrder string
	// Zone is the log's time zone, nil for UTC.
	Zone *time.Location
	// Process names the process of a log about one, which does not name it itself.
	Process string
	// Host is the computer to import of a log about several.
	Host string
	// Unit is that of a CSV and of rates: "percent", "cores" or "millicores", "" to find out.
	Unit string
	// MaxBytes, MaxProcesses and MaxLive bound what is read of one log: its bytes (those of a compressed one after
	// unpacking), its processes in all, and those at a time. 0 stands for the defaults.
	MaxBytes              int64
	MaxProcesses, MaxLive int
}

const (
	defaultBytes     = 512 << 20
	defaultProcesses = 500_000
	defaultLive      = 50_000
)

func (o *Options) bounded() Options {
	b := *o
	b.MaxBytes, b.MaxProcesses, b.MaxLive = cmp.Or(o.MaxBytes, defaultBytes), cmp.Or(o.MaxProcesses, defaultProcesses), cmp.Or(o.MaxLive, defaultLive)
	return b
}

func (o *Options) zone() *time.Location {
	if o.Zone == nil {
		return time.UTC
	}
	return o.Zone
}

// Found is what a log turned out to hold, known once its beginning was read.
type Found struct {
	Format string
	Cores  int
	// CoresFrom says how the number of cores is known: "log", "option", "estimate" (from the share of the computer that
	// is busy) or "guess" (from the load).
	CoresFrom string
	Interval  time.Duration
	Unit      string // what 100 % means: "one core" or "all cores", "" for counters in seconds
	HostOnly  bool
	Threads   bool
	IO        bool
	// Started is the wall clock of the first sample, on 1 January 1970 for logs without a date.
	Started time.Time
	// Loose reports that the rows are threads of which the log does not say to which process they belong.
	Loose bool
	// Notes are sentences for the user about what was left out or cannot be known; more may come while the Source is read.
	Notes []string
	// LeftOut counts figures above what the computer can do.
	LeftOut int
	// coarse reports that samples come faster than the log's clock counts.
	coarse bool
}

// Missing says in words what the log lacks for a full verdict.
func (f *Found) Missing() []string {
	if f.HostOnly {
		return []string{"CPU time per process: only the whole computer's load is in it, so no verdict is possible"}
	}
	out := []string{"which site a browser's process belongs to"}
	switch {
	case f.Loose:
		out = append(out, "which threads form a process (each counts as a program of its own; record without -H)")
	case !f.Threads:
		out = append(out, "CPU time per thread")
	}
	if !f.IO {
		out = append(out, "bytes read and written")
	}
	if f.Interval > flatFrom+flatFrom/20 {
		out = append(out, fmt.Sprintf("samples at most %.0f s apart (these are %v apart)", flatFrom.Seconds(), f.Interval.Round(10*time.Millisecond)))
	}
	return out
}

// Open reads the beginning of a log and returns what it holds and a Source of its snapshots, which can be used once.
// format is one of Formats or "auto"; name is the file's, for messages. Errors name the line.
func Open(r io.Reader, name, kind string, o Options) (*Found, pipeline.Source, error) {
	o = o.bounded()
	in, err := newLines(r, name, o.MaxBytes)
	if err != nil {
		return nil, nil, err
	}
	f, err := choose(kind, in)
	if err != nil {
		return nil, nil, err
	}
	found := &Found{Format: f.name, Unit: "one core", CoresFrom: "log"}
	if o.AllCores {
		found.Unit = "all cores"
	}
	l := &log{in: in, o: &o, found: found}
	next, stop := iter.Pull2(f.read(l))
	first, broken, err := peek(next)
	if err != nil {
		stop()
		if errors.Is(err, errShort) {
			err = in.fail("%v", err)
		}
		return nil, nil, err
	}
	if err := settle(l, first); err != nil {
		stop()
		return nil, nil, err
	}
	return found, snapshots(l, first, broken, next, stop), nil
}

// peeked is how many blocks are read ahead, to find out interval and cores.
const peeked = 5

var errShort = errors.New("the log holds fewer than two samples, so nothing can be compared; record for longer")

// peek reads the first blocks. broken is what went wrong after at least two of them: what came before is kept.
func peek(next func() (block, error, bool)) (first []block, broken, err error) {
	for len(first) < peeked {
		b, err, ok := next()
		if err != nil && len(first) < 2 {
			return nil, nil, err
		}
		if !ok || err != nil {
			broken = err
			break
		}
		first = append(first, b)
	}
	if len(first) < 2 {
		return nil, nil, errShort
	}
	return first, broken, nil
}

// settle finds out interval and cores from the first blocks.
func settle(l *log, first []block) error {
	found, o := l.found, l.o
	hosts, rows, whole := false, false, false
	for i := range first {
		hosts = hosts || !math.IsNaN(first[i].host)
		rows = rows || len(first[i].rows) > 0
		whole = whole || (first[i].whole && len(first[i].rows) > 0)
		for k := range first[i].rows {
			found.Threads = found.Threads || first[i].rows[k].tid != 0
			found.IO = found.IO || first[i].rows[k].moved > 0 || first[i].rows[k].rates
		}
	}
	found.HostOnly = hosts && !rows
	found.Started = moment(first[0].at)
	found.Interval, found.coarse = stepOf(first)
	if o.Interval > 0 {
		found.Interval = o.Interval
	}
	found.Interval = min(max(found.Interval, time.Millisecond), maxInterval)
	if whole || (o.AllCores && rows) {
		found.Unit = "all cores"
		if o.Cores <= 0 && found.Cores <= 0 {
			return l.fail("100 %% is all cores, but the log does not say how many there are; add --cores N")
		}
	}
	if err := solaris(l, first); err != nil {
		return err
	}
	switch {
	case o.Cores > 0:
		found.Cores, found.CoresFrom = min(o.Cores, maxCores), "option"
	case found.Cores <= 0:
		found.Cores, found.CoresFrom = guessCores(first)
	}
	return nil
}

// guessCores returns at least as many cores as the load needs, or as many as make it the share of the computer that a
// log says is busy.
func guessCores(first []block) (cores int, from string) {
	most, load, busy := max(1, counted(first)), 0.0, 0.0
	for i := range first {
		sum := first[i].sum()
		most = max(most, sum)
		if b := first[i].busy; i > 0 && b >= 0 { // NaN compares false
			load, busy = load+sum, busy+b
		}
	}
	least := math.Ceil(most - guessSlack)
	if estimate := math.Round(load / busy); busy >= leastBusy && estimate > least {
		return int(min(estimate, maxCores)), "estimate"
	}
	return int(min(least, maxCores)), "guess"
}

// leastBusy is the share that must be busy in all of the first blocks for an estimate: top rounds to 0.001.
const leastBusy = 0.02

// solaris returns an error if the percentages of a log are of all cores together though nobody said so: then its CPU
// times rise by much more than they say (key I of top).
func solaris(l *log, first []block) error {
	if l.o.AllCores || l.o.Cores == 1 || first[0].whole {
		return nil
	}
	said, rose := 0.0, 0.0
	for i := 1; i < len(first); i++ {
		lasted := first[i].at - first[i-1].at
		before := map[int32]float64{}
		for _, r := range first[i-1].rows {
			before[r.pid] = r.total
		}
		for _, r := range first[i].rows {
			if d := r.total - before[r.pid]; before[r.pid] > 0 && d > 0 && r.cores > 0 && lasted > 0 && d < maxCores*lasted {
				said, rose = said+r.cores*lasted, rose+d
			}
		}
	}
	if times := rose / said; rose > 2 && times > 1.6 {
		return l.fail("the CPU times rise %.1f times as fast as the percentages say, so 100 %% is all cores here; add --unit all-cores --cores N", times)
	}
	return nil
}

const (
	// guessSlack is by how much rounding may push a load above the cores there are.
	guessSlack = 0.05
	// flatFrom is the longest time between two samples at which a window of 30 s holds the eight that flatness needs.
	flatFrom = 4 * time.Second
	// maxInterval bounds the time between two samples; what comes later than thrice of it is a gap.
	maxInterval = 24 * time.Hour
)

// stepOf returns the median time between blocks, or the mean one if several come within one step of the log's clock.
func stepOf(first []block) (interval time.Duration, coarse bool) {
	var steps []float64
	for i := 1; i < len(first); i++ {
		d := first[i].at - first[i-1].at
		coarse = coarse || d == 0
		if d > 0 {
			steps = append(steps, d)
		}
	}
	switch {
	case len(steps) == 0:
		return time.Second, coarse
	case coarse:
		return span((first[len(first)-1].at - first[0].at) / float64(len(first)-1)), true
	}
	slices.Sort(steps)
	return span(steps[len(steps)/2]), false
}

// counted returns the load in cores of logs with counters, over all of the blocks.
func counted(first []block) float64 {
	begin, used := map[int32]float64{}, 0.0
	for i := range first {
		for _, r := range first[i].rows {
			if math.IsNaN(r.cpu) {
				continue
			}
			if before, ok := begin[r.pid]; ok && r.cpu > before {
				used += r.cpu - before
			}
			begin[r.pid] = r.cpu
		}
	}
	if lasted := first[len(first)-1].at - first[0].at; lasted > 0 {
		return used / lasted
	}
	return 0
}

// span turns seconds into a Duration, bounded.
func span(s float64) time.Duration {
	const most = 1e9 // 31 years
	if !(s > 0) {
		return 0
	}
	return time.Duration(min(s, most)*1e6) * time.Microsecond
}

// moment turns seconds since 1970 into a time, bounded.
func moment(s float64) time.Time {
	const most = 250e9 // the year 9892
	if !(s > 0) {
		s = 0
	}
	return time.UnixMicro(int64(min(s, most) * 1e6)).UTC()
}
