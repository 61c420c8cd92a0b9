package check

import (
	"fmt"

	"github.com/minewatch/minewatch/heuristics"
)

// maxThreads bounds the threads that are told of in one visit; a page seldom keeps more than its cores busy.
const maxThreads = 64

// threadUse turns the counters of threads into what each used from tick to tick. The zero value is ready.
type threadUse struct {
	seen  map[threadKey]float64 // seconds so far
	names map[threadKey]string
	kinds map[string]int
}

type threadKey struct {
	process heuristics.ProcessID
	tid     int32
}

// add adds what each thread of a process used since the tick before, in cores, by its name: its kind, as the browser calls
// it, and a number. A thread that is seen for the first time gives no figure yet.
func (u *threadUse) add(to map[string]float64, p *heuristics.ProcessSample, dt float64) {
	if u.seen == nil {
		u.seen, u.names, u.kinds = map[threadKey]float64{}, map[threadKey]string{}, map[string]int{}
	}
	for _, t := range p.Threads {
		key, now := threadKey{p.ID, t.TID}, t.Run.Seconds()
		before, known := u.seen[key]
		if !known && len(u.seen) >= maxThreads {
			continue
		}
		u.seen[key] = now
		used := (now - before) / max(dt, 1e-3)
		if !known || dt <= 0 || used < 0.005 {
			continue
		}
		to[u.name(key, t.Name, t.TID == p.ID.PID)] += round(used)
	}
}

func (u *threadUse) name(key threadKey, name string, main bool) string {
	if n := u.names[key]; n != "" {
		return n
	}
	kind := clip(heuristics.ThreadKind(name))
	if main {
		kind = "page"
	}
	u.kinds[kind]++
	n := fmt.Sprintf("%s %d", kind, u.kinds[kind])
	u.names[key] = n
	return n
}
