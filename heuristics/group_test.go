package heuristics

import (
	"testing"
	"time"
)

// Short processes of one program are a miner's or a build's: what they read and where they compute tells.
func TestShortProcessesAreToldByWhatTheyRead(t *testing.T) {
	for _, c := range []struct {
		name   string
		bytes  uint64 // read and written in each life; 0: not known
		system float64
		want   Severity
	}{
		{"hash loops", 4 << 10, 0.01, MiningLike},
		{"hash loops in a language that loads a little", 32 << 10, 0.02, MiningLike},
		{"nobody knows what they read", 0, 0.01, MiningLike},
		{"compilers that nobody installed", 300 << 10, 0.08, SeverityNone},
		{"scripts that load their libraries", 3 << 20, 0.05, SeverityNone},
		{"commands", 20 << 10, 0.4, SeverityNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, got := NewDetector(Config{}), SeverityNone
			parent := ProcessID{PID: 50, StartTime: 1}
			d.Observe(Snapshot{Cores: 2})
			for n := range 90 {
				life := 900 * time.Millisecond
				p := ProcessSample{
					ID: ProcessID{PID: int32(1000 + n), StartTime: int64(n)}, Transferred: c.bytes,
					System: time.Duration(c.system * float64(life)), User: time.Duration((1 - c.system) * float64(life)),
					Info: &ProcessInfo{Name: "work", Exe: "/home/a/go/work", User: "1000", Parent: parent},
				}
				s := Snapshot{At: time.Duration(n+1) * time.Second, Cores: 2, Processes: []ProcessSample{p}}
				if n > 0 {
					s.Exited = []ProcessID{{PID: int32(1000 + n - 1), StartTime: int64(n - 1)}}
				}
				for _, v := range d.Observe(s) {
					if v.State == Suspected && (got == SeverityNone || v.Severity == MiningLike) {
						got = v.Severity
					}
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
