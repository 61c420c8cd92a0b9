// Package importer turns the logs of other tools into Sources, so that what testers already hold is judged on the same
// path as a live computer: pidstat, top, typeperf and Perfmon, prmon, psrecord, sar, CSV and Prometheus.
//
// Such logs hold less than a recording of minewatch, and each import says what is missing. A log is streamed: memory
// does not grow with its length. It may come from a stranger: lines, names and numbers are bounded.
package importer

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"
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
	// Columns map what is needed to the column names of a CSV: "time", "cpu", "process", "pid", "rss". Several columns
	// of cpu, parted by "|", are a process each.
	Columns map[string]string
	// DateOrder is "mdy", "dmy" or "ymd" for dates that could be either.
	DateOrder string
	// Process names the process of a log about one, which does not name it itself.
	Process string
}

// Found is what a log turned out to hold, known once its beginning was read.
type Found struct {
	Format string
	Cores  int
	// CoresFrom says how the number of cores is known: "log", "option" or "guess".
	CoresFrom string
	Interval  time.Duration
	Unit      string // what 100 % means: "one core" or "all cores", "" for counters in seconds
	HostOnly  bool
	Threads   bool
	IO        bool
	Started   time.Time // zero if the log has no date
}

// Missing says in words what the log lacks for a full verdict.
func (f *Found) Missing() []string {
	if f.HostOnly {
		return []string{"CPU time per process: only the whole computer's load is in it, so no verdict is possible"}
	}
	out := []string{"which site a browser's process belongs to"}
	if !f.Threads {
		out = append(out, "CPU time per thread")
	}
	if !f.IO {
		out = append(out, "bytes read and written")
	}
	if f.Interval > 5*time.Second {
		out = append(out, fmt.Sprintf("samples at most 5 s apart (these are %v)", f.Interval))
	}
	return out
}

// format is one kind of log.
type format struct {
	name string
	// looks reports whether the first lines of a file look like it.
	looks func(head []string) bool
	// read yields blocks; it sets what it finds in found before the first.
	read func(in *lines, o *Options, found *Found) iter.Seq2[block, error]
}

func formats() []format {
	return []format{
		{"pidstat", looksLikePidstat, readPidstat},
		{"top", looksLikeTop, readTop},
		{"typeperf", looksLikePerfmon, readPerfmon},
		{"prmon", looksLikePrmon, readPrmon},
		{"psrecord", looksLikePsrecord, readPsrecord},
		{"sar", looksLikeSar, readSar},
		{"prometheus", looksLikePrometheus, readPrometheus},
		{"csv", func([]string) bool { return false }, readCSV},
	}
}

// Formats returns the names that Open knows.
func Formats() []string {
	var out []string
	for _, f := range formats() {
		out = append(out, f.name)
	}
	return out
}

// Open reads the beginning of a log and returns what it holds and a Source of its snapshots, which can be used once.
// format is one of Formats or "auto"; name is the file's, for messages. Errors name the line.
func Open(r io.Reader, name, kind string, o Options) (*Found, pipeline.Source, error) {
	in, err := newLines(r, name)
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
	next, stop := iter.Pull2(f.read(in, &o, found))
	first, broken, err := peek(next)
	if err != nil {
		stop()
		if errors.Is(err, errShort) {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return nil, nil, err
	}
	settle(found, first, &o)
	return found, snapshots(found, first, broken, next, stop), nil
}

// choose returns the format of a name, or that which the file looks like.
func choose(kind string, in *lines) (format, error) {
	all := formats()
	if kind == "auto" {
		head := in.head()
		if at := slices.IndexFunc(all, func(f format) bool { return f.looks(head) }); at >= 0 {
			return all[at], nil
		}
		return format{}, fmt.Errorf("%s: not a log of a kind that minewatch knows by its first lines; name it with --from (%s)",
			in.name, strings.Join(Formats(), ", "))
	}
	at := slices.IndexFunc(all, func(f format) bool { return f.name == kind })
	if at < 0 {
		return format{}, fmt.Errorf("there is no format %q; there are %s", kind, strings.Join(Formats(), ", "))
	}
	return all[at], nil
}

// peeked is how many blocks are read ahead, to find out interval and cores.
const peeked = 4

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
func settle(found *Found, first []block, o *Options) {
	var steps []float64
	most := max(1, counted(first))
	for i := range first {
		if i > 0 {
			if d := first[i].at - first[i-1].at; d > 0 {
				steps = append(steps, d)
			}
		}
		most = max(most, first[i].sum())
		found.HostOnly = found.HostOnly || !math.IsNaN(first[i].host)
		for k := range first[i].rows {
			found.Threads = found.Threads || first[i].rows[k].tid != 0
			found.IO = found.IO || first[i].rows[k].moved > 0
		}
	}
	found.HostOnly = found.HostOnly && !slices.ContainsFunc(first, func(b block) bool { return len(b.rows) > 0 })
	if found.Interval = o.Interval; found.Interval == 0 && len(steps) > 0 {
		slices.Sort(steps)
		found.Interval = span(steps[len(steps)/2])
	}
	if found.Interval <= 0 {
		found.Interval = time.Second
	}
	switch {
	case o.Cores > 0:
		found.Cores, found.CoresFrom = o.Cores, "option"
	case found.Cores <= 0:
		found.Cores, found.CoresFrom = int(min(math.Ceil(most), maxCores)), "guess"
	}
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
