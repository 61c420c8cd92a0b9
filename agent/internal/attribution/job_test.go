package attribution

import (
	"strconv"
	"testing"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

func pid(n int32) heuristics.ProcessID { return heuristics.ProcessID{PID: n, StartTime: 1} }

// started is the first sight of a program of user 1000.
func started(n, parent int32, exe string) heuristics.ProcessSample {
	return heuristics.ProcessSample{ID: pid(n), Info: &heuristics.ProcessInfo{Parent: pid(parent), Name: "work", Exe: exe, User: "1000"}}
}

// about is a verdict on a process (or on the group that it leads) that was seen in a snapshot.
func about(p heuristics.ProcessSample, kind heuristics.SubjectKind) *heuristics.Verdict {
	return &heuristics.Verdict{Subject: heuristics.Subject{Kind: kind, Process: p.ID, Info: *p.Info, Key: string(kind) + " " + strconv.Itoa(int(p.ID.PID))}}
}

func TestOneJobHasOneKey(t *testing.T) {
	const kind = heuristics.SubjectProcess
	shell, other := started(10, 1, "/bin/sh"), started(11, 1, "/bin/sh")
	first, second := started(20, 10, "/opt/work"), started(21, 10, "/opt/work")
	child, grandchild := started(22, 20, "/opt/work"), started(23, 22, "/opt/work")
	elsewhere, another := started(24, 11, "/opt/work"), started(25, 10, "/opt/else")
	foreign := started(26, 10, "/opt/work")
	foreign.Info.User = "1001"
	var b SiteResolver
	b.Observe(&heuristics.Snapshot{Processes: []heuristics.ProcessSample{
		shell, other, first, second, child, grandchild, elsewhere, another, foreign,
	}})
	key := func(v *heuristics.Verdict) string { return b.Owner(v).Key }
	want := key(about(first, kind))
	for name, v := range map[string]*heuristics.Verdict{
		"its group":            about(first, heuristics.SubjectGroup),
		"beside it":            about(second, kind),
		"started by it":        about(child, kind),
		"started by its child": about(grandchild, kind),
	} {
		if got := key(v); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for name, v := range map[string]*heuristics.Verdict{
		"of another shell": about(elsewhere, kind),
		"another program":  about(another, kind),
		"another user":     about(foreign, kind),
		"the shell":        about(shell, kind),
		"the rest":         {Subject: heuristics.Subject{Kind: heuristics.SubjectUnattributed, Key: "unattributed"}},
	} {
		if got := key(v); got == want {
			t.Errorf("%s has the same key %s", name, got)
		}
	}
}

func TestKernelThreadsAndTabsAreOnesOfTheirOwn(t *testing.T) {
	var b SiteResolver
	one, two := started(20, kthreadd, ""), started(21, kthreadd, "")
	b.Observe(&heuristics.Snapshot{Processes: []heuristics.ProcessSample{one, two}})
	if k, l := b.Owner(about(one, heuristics.SubjectProcess)).Key, b.Owner(about(two, heuristics.SubjectProcess)).Key; k == l {
		t.Errorf("two threads of the kernel have one key %s", k)
	}
	v := verdictOn(page)
	v.Subject.Key = "process 20.2"
	if k := b.Owner(v).Key; k != "process 20.2" {
		t.Errorf("a tab's key is %q", k)
	}
}

// A worker that restarts itself each second, in a chain, stays one job though every parent is gone soon.
func TestChainOfRestartsIsOneJob(t *testing.T) {
	var b SiteResolver
	shell := started(10, 1, "/bin/sh")
	b.Observe(&heuristics.Snapshot{Processes: []heuristics.ProcessSample{shell}})
	key := ""
	for i := range int32(100) {
		link := started(20+i, max(10, 19+i), "/opt/work")
		if i == 0 {
			link.Info.Parent = pid(10)
		}
		s := heuristics.Snapshot{At: time.Duration(i+1) * time.Second, Processes: []heuristics.ProcessSample{link}}
		if i > 0 {
			s.Exited = []heuristics.ProcessID{pid(19 + i)}
		}
		b.Observe(&s)
		got := b.Owner(about(link, heuristics.SubjectProcess)).Key
		if key == "" {
			key = got
		}
		if got != key {
			t.Fatalf("link %d has the key %s, the first had %s", i, got, key)
		}
	}
	if n := len(b.jobs.of); n > 10 {
		t.Errorf("%d jobs are remembered of 2 living processes", n)
	}
}

// A process keeps its job when its parent ends and it is told of with a new one.
func TestJobOutlivesTheParent(t *testing.T) {
	var b SiteResolver
	work := started(20, 10, "/opt/work")
	b.Observe(&heuristics.Snapshot{Processes: []heuristics.ProcessSample{started(10, 1, "/bin/sh"), work}})
	before := b.Owner(about(work, heuristics.SubjectProcess)).Key
	orphan := started(20, 1, "/opt/work")
	b.Observe(&heuristics.Snapshot{At: time.Second, Processes: []heuristics.ProcessSample{orphan}, Exited: []heuristics.ProcessID{pid(10)}})
	b.Observe(&heuristics.Snapshot{At: time.Minute})
	ending := started(20, 1, "") // Linux hides the path of a process that ends
	b.Observe(&heuristics.Snapshot{At: time.Minute + time.Second, Processes: []heuristics.ProcessSample{ending}})
	for _, p := range []heuristics.ProcessSample{orphan, ending} {
		if after := b.Owner(about(p, heuristics.SubjectProcess)).Key; after != before {
			t.Errorf("key %s after its parent ended, %s before", after, before)
		}
	}
}

func TestJobsAreBounded(t *testing.T) {
	var b SiteResolver
	var s heuristics.Snapshot
	for i := range int32(maxJobs + 100) {
		s.Processes = append(s.Processes, started(i+10, 1, "/opt/work"))
	}
	b.Observe(&s)
	if n := len(b.jobs.of); n > maxJobs {
		t.Errorf("%d jobs, at most %d wanted", n, maxJobs)
	}
}
