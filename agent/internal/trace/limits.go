package trace

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"runtime/metrics"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// Limits bound what is read of one recording, which a stranger may have made to exhaust this computer. 0 stands for the
// defaults; of Memory and Time it means no limit.
type Limits struct {
	// Bytes is the length after unpacking.
	Bytes int64
	// Processes is how many processes there may be in all, Live how many at a time.
	Processes, Live int
	// Memory is how much this program may keep in memory, in bytes. It is looked at after each snapshot.
	Memory int64
	// Time is how much CPU time this program may use while it is read.
	Time time.Duration
}

// The defaults: a day of 300 processes has 23 MB after unpacking and some 4,000 processes.
const (
	defaultBytes     = 1 << 30
	defaultProcesses = 500_000
	defaultLive      = 50_000
	// valuesPerLive bounds the values of one line by the processes that it may be about: a decoded one takes up to 112
	// bytes, and a process that is described has 16.
	valuesPerLive = 12
)

// overLimit says which limit a recording is over.
type overLimit struct{ what string }

func (o *overLimit) Error() string { return o.what }

func over(format string, args ...any) error { return &overLimit{fmt.Sprintf(format, args...)} }

// meter counts what was read of one recording.
type meter struct {
	limits Limits
	read   int64
	born   int
	live   map[heuristics.ProcessID]struct{}
	begun  time.Time
	spent  time.Duration // of this program when it began
	memory []metrics.Sample
}

func newMeter(l Limits) *meter {
	l.Bytes, l.Processes, l.Live = cmp.Or(l.Bytes, defaultBytes), cmp.Or(l.Processes, defaultProcesses), cmp.Or(l.Live, defaultLive)
	return &meter{
		//nolint:forbidigo // how long reading takes is no time of the recording
		limits: l, live: map[heuristics.ProcessID]struct{}{}, begun: time.Now(), spent: cpuTime(),
		memory: []metrics.Sample{{Name: "/gc/heap/live:bytes"}},
	}
}

// bytes returns r with an error where it has more than the limit.
func (m *meter) bytes(r io.Reader) io.Reader { return &meteredReader{m, r} }

type meteredReader struct {
	meter *meter
	from  io.Reader
}

func (r *meteredReader) Read(b []byte) (int, error) {
	n, err := r.from.Read(b)
	if r.meter.read += int64(n); r.meter.read > r.meter.limits.Bytes {
		return 0, over("the recording is larger than what is read of one (%d MiB); raise --max-bytes if you trust it", r.meter.limits.Bytes>>20)
	}
	return n, err
}

// line checks a line before it is decoded: a short one can hold a great many values.
func (m *meter) line(b []byte) error {
	if most := valuesPerLive * m.limits.Live; bytes.Count(b, []byte(",")) > most {
		return over("more than %d values in one sample; raise --max-live if you trust the recording", most)
	}
	return nil
}

// snapshot counts what a snapshot brings.
func (m *meter) snapshot(s *heuristics.Snapshot) error {
	for _, id := range s.Exited {
		delete(m.live, id)
	}
	for i := range s.Processes {
		if id := s.Processes[i].ID; !m.lives(id) {
			m.live[id] = struct{}{}
			m.born++
		}
	}
	switch {
	case len(m.live) > m.limits.Live:
		return over("more than %d processes at a time; raise --max-live if you trust the recording", m.limits.Live)
	case m.born > m.limits.Processes:
		return over("more than %d processes; raise --max-processes if you trust the recording", m.limits.Processes)
	}
	return m.resources()
}

func (m *meter) lives(id heuristics.ProcessID) bool {
	_, ok := m.live[id]
	return ok
}

// resources looks at what reading and judging costs.
func (m *meter) resources() error {
	if m.limits.Memory > 0 {
		if metrics.Read(m.memory); m.memory[0].Value.Uint64() > uint64(m.limits.Memory) {
			return over("judging the recording takes more memory than one may; raise --max-memory if you trust it")
		}
	}
	// Other recordings may be judged at the same time, and other programs may keep this one waiting: the less of both is
	// nearer to what this recording costs.
	//nolint:forbidigo // how long reading takes is no time of the recording
	if m.limits.Time > 0 && min(time.Since(m.begun), cpuTime()-m.spent) > m.limits.Time {
		return over("judging the recording takes more than %v of CPU time; raise --max-time if you trust it", m.limits.Time)
	}
	return nil
}
