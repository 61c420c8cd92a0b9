package importer

import (
	"cmp"
	"slices"
)

// timeline gathers samples of logs that list one process after the other, and gives them back in the order of time.
type timeline struct {
	*log
	samples []timedRow
}

type timedRow struct {
	at float64
	row
}

// maxSamples bounds what is held of a log that cannot be streamed: about 80 MB.
const maxSamples = 250_000

func newTimeline(l *log) timeline { return timeline{log: l} }

func (t *timeline) add(at float64, r row) error {
	if len(t.samples) >= maxSamples {
		return t.fail("more than %d samples in a log that lists one process after the other; take a part of it", maxSamples)
	}
	t.samples = append(t.samples, timedRow{at, r})
	return nil
}

// emit hands all on, moment after moment.
func (t *timeline) emit() {
	slices.SortStableFunc(t.samples, func(x, y timedRow) int { return cmp.Compare(x.at, y.at) })
	var b block
	for i, s := range t.samples {
		if i == 0 || s.at != b.at {
			if i > 0 {
				t.log.emit(b)
			}
			b = newBlock(s.at)
		}
		b.rows = append(b.rows, s.row)
	}
	if len(t.samples) > 0 {
		t.log.emit(b)
	}
	t.samples = nil
}
