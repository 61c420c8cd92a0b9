package cli

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/heuristics"
)

// detail gathers what a recording lacks for a verdict.
type detail struct {
	ticks                    int
	last                     time.Duration
	hostOnly, hidden, listed bool
	// busy counts the verdicts on processes that were busy for long enough to be judged, noThreads those of them
	// without CPU time per thread. outside and noBytes count those outside browsers, where bytes matter.
	busy, noThreads, outside, noBytes int
}

func (d *detail) observe(t *pipeline.Tick) {
	s := &t.Snapshot
	d.ticks++
	d.last = s.At
	d.listed = d.listed || len(s.Processes) > 0
	for _, g := range s.Gaps {
		d.hostOnly = d.hostOnly || g.Kind == heuristics.GapHostOnly
		d.hidden = d.hidden || g.Kind == heuristics.GapHidden
	}
	for i := range t.Findings {
		v := &t.Findings[i].Verdict
		if v.Subject.Kind != heuristics.SubjectProcess || v.Features.Busy < heuristics.Shortest {
			continue
		}
		d.busy++
		if math.IsNaN(v.Features.WorkerShare) {
			d.noThreads++
		}
		if v.Subject.Info.Browser != nil {
			continue
		}
		d.outside++
		if math.IsNaN(v.Features.Transfer) {
			d.noBytes++
		}
	}
}

// lacks says in one sentence what is missing for a full verdict, "" when nothing is.
func (d *detail) lacks() string {
	const prefix = "Not enough detail: "
	switch {
	case d.ticks == 0:
		return prefix + "the recording holds no sample."
	case d.hostOnly || !d.listed:
		return prefix + "only the whole computer's load is in this recording and no process, so nothing in it can be judged."
	case d.last < heuristics.Shortest:
		return prefix + fmt.Sprintf("the recording lasts %v, and nothing can be said of a load before %v.", d.last.Round(100*time.Millisecond), heuristics.Shortest)
	}
	var missing []string
	if mean := d.last / time.Duration(max(1, d.ticks-1)); mean > heuristics.Coarse {
		missing = append(missing, fmt.Sprintf("samples at most %v apart (these are %v)", heuristics.Coarse, mean.Round(time.Second)))
	}
	if d.busy > 0 && d.noThreads == d.busy {
		missing = append(missing, "CPU time per thread")
	}
	if d.outside > 0 && d.noBytes == d.outside {
		missing = append(missing, "bytes read and written by programs")
	}
	if d.hidden {
		missing = append(missing, "the processes of other users")
	}
	if len(missing) == 0 {
		return ""
	}
	return prefix + "this recording lacks " + strings.Join(missing, "; ") + ". What needs that was left out, so a load may go unnoticed or be called less than it is."
}
