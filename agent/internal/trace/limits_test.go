package trace

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// crowd returns the text of a recording with n processes that are new in each tick; leave says that those before end.
func crowd(ticks, n int, leave bool) string {
	var b strings.Builder
	b.WriteString(`{"type":"minewatch_trace","version":1,"cores":2}` + "\n")
	for tick := range ticks {
		var began, ended []string
		for i := range n {
			began = append(began, fmt.Sprintf(`{"id":[%d,1],"u":1,"info":{"parent":[0,0],"name":"x"}}`, tick*n+i+1))
			if leave && tick > 0 {
				ended = append(ended, fmt.Sprintf(`[%d,1]`, (tick-1)*n+i+1))
			}
		}
		fmt.Fprintf(&b, `{"at_us":%d,"time":"2026-11-01T00:00:00Z","cores":2,"busy_us":1,"p":[%s],"exited":[%s]}`+"\n",
			tick*1_000_000, strings.Join(began, ","), strings.Join(ended, ","))
	}
	return b.String()
}

// A recording as a whole is bounded, not only its lines: each limit ends it with what can be done, and what came before
// was read.
func TestRecordingIsBounded(t *testing.T) {
	for name, test := range map[string]struct {
		text   string
		limits Limits
		read   int // snapshots before the refusal
		want   string
	}{
		"within":                {crowd(4, 10, true), Limits{Bytes: 1 << 20, Processes: 40, Live: 10, Memory: 1 << 40, Time: time.Hour}, 4, ""},
		"bytes":                 {crowd(400, 10, true), Limits{Bytes: 100_000}, -1, "--max-bytes"},
		"processes in all":      {crowd(4, 10, true), Limits{Processes: 25}, 2, "--max-processes"},
		"processes at a time":   {crowd(4, 10, false), Limits{Live: 25}, 2, "--max-live"},
		"values in one line":    {crowd(1, 0, false) + `{"at_us":9,"cores":1,"p":[{}` + strings.Repeat(",{}", 13) + "]}\n", Limits{Live: 1}, 1, "--max-live"},
		"values by default":     {crowd(1, 0, false) + `{"at_us":9,"cores":1,"p":[{}` + strings.Repeat(",{}", valuesPerLive*defaultLive+1) + "]}\n", Limits{}, 1, "--max-live"},
		"a heading alone":       {`{"type":"minewatch_trace","version":1,"cores":2,"x":"` + strings.Repeat("x", 90_000) + `"}`, Limits{Bytes: 9_000}, -1, "--max-bytes"},
		"memory of the program": {crowd(4, 10, true), Limits{Memory: 1}, 0, "--max-memory"},
		"time of the program":   {crowd(4, 10, true), Limits{Time: 1}, 0, "--max-time"},
	} {
		t.Run(name, func(t *testing.T) {
			runtime.GC() // a heap that was never marked counts as empty
			var all []heuristics.Snapshot
			_, source, err := ReplayWithin(bytes.NewReader(lines(t, test.text)), "x", test.limits)
			if err == nil {
				for s, e := range source(t.Context()) {
					if err = e; e != nil {
						break
					}
					all = append(all, s)
				}
			}
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if test.read >= 0 && len(all) != test.read {
				t.Errorf("%d snapshots, want %d", len(all), test.read)
			}
		})
	}
}
