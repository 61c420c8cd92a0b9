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

// A script that compiles a program and runs it, again and again, is a build; one that only runs it is a restarter.
func TestWhatElseAParentStartsTells(t *testing.T) {
	for _, c := range []struct {
		name     string
		compiler time.Duration // what a compiler below the same script uses each second
		want     Severity
	}{
		{"only the program", 0, MiningLike},
		{"a command now and then", 40 * time.Millisecond, MiningLike},
		{"a compiler each time", 400 * time.Millisecond, SeverityNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, got := NewDetector(Config{}), SeverityNone
			script := ProcessSample{ID: ProcessID{PID: 50, StartTime: 1}, Info: &ProcessInfo{Name: "sh", Exe: "/bin/sh", User: "1000"}}
			d.Observe(Snapshot{Cores: 2, Processes: []ProcessSample{script}})
			var gone []ProcessID
			for n := range 90 {
				start := func(pid int, parent ProcessID, exe string, cpu time.Duration) ProcessSample {
					return ProcessSample{
						ID: ProcessID{PID: int32(pid + 10*n), StartTime: int64(n + 2)}, User: cpu, Transferred: 4 << 10,
						Info: &ProcessInfo{Name: exe, Exe: "/home/a/" + exe, User: "1000", Parent: parent},
					}
				}
				driver := start(1000, script.ID, "driver", time.Millisecond)
				script.Info = nil
				all := []ProcessSample{
					script, start(1001, script.ID, "work", 700*time.Millisecond), driver, start(1002, driver.ID, "compiler", c.compiler),
				}
				for _, v := range d.Observe(Snapshot{At: time.Duration(n+1) * time.Second, Cores: 2, Processes: all, Exited: gone}) {
					if v.State == Suspected && v.Subject.Info.Name == "work" && (got == SeverityNone || v.Severity == MiningLike) {
						got = v.Severity
					}
				}
				gone = nil
				for _, p := range all[1:] {
					gone = append(gone, p.ID)
					script.Children += p.User
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
