package alert

import (
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/heuristics"
)

// worker is a judged process of one program's job; members > 0 makes it the job's group with so many members.
func worker(key string, pid int32, members int, state heuristics.State, cores float64) Finding {
	kind := heuristics.SubjectProcess
	if members > 0 {
		kind = heuristics.SubjectGroup
	}
	severity := heuristics.SeverityNone
	if state == heuristics.Suspected {
		severity = heuristics.MiningLike
	}
	return Finding{
		Verdict: heuristics.Verdict{
			State: state, Severity: severity, Confidence: 0.9, Now: cores,
			Subject: heuristics.Subject{
				Kind: kind, Key: key, Process: heuristics.ProcessID{PID: pid, StartTime: 1}, Members: max(1, members),
				Info: heuristics.ProcessInfo{Name: "work", Exe: "/opt/work", User: "1000"},
			},
			Features: heuristics.Features{Cores: cores, Machine: cores / 4},
		},
		Owner: attribution.Owner{Key: "job work", Subject: api.Subject(kind)},
	}
}

func TestFold(t *testing.T) {
	const watching, suspected, over = heuristics.Watching, heuristics.Suspected, heuristics.Cleared
	tests := map[string]struct {
		judged  []Finding
		subject api.Subject
		pid     int32
		members int
		cores   float64
		state   heuristics.State
	}{
		"a process":                 {[]Finding{worker("p1", 1, 0, watching, 1)}, "process", 1, 1, 1, watching},
		"its group first":           {[]Finding{worker("g", 1, 1, suspected, 1), worker("p1", 1, 0, watching, 1)}, "process", 1, 1, 1, suspected},
		"it first":                  {[]Finding{worker("g", 1, 1, watching, 1), worker("p1", 1, 0, suspected, 1)}, "process", 1, 1, 1, suspected},
		"a group alone":             {[]Finding{worker("g", 7, 1, suspected, 1)}, "group", 7, 1, 1, suspected},
		"two of one job":            {[]Finding{worker("p1", 1, 0, suspected, 0.7), worker("p2", 2, 0, suspected, 0.5)}, "group", 1, 2, 1.2, suspected},
		"two and their group":       {[]Finding{worker("g", 1, 2, watching, 1.2), worker("p1", 1, 0, suspected, 0.7), worker("p2", 2, 0, watching, 0.5)}, "group", 1, 2, 1.2, suspected},
		"one of a group's many":     {[]Finding{worker("g", 7, 5, suspected, 1.5), worker("p1", 1, 0, watching, 0.2)}, "group", 7, 5, 1.5, suspected},
		"one ended, one goes on":    {[]Finding{worker("p1", 1, 0, over, 0), worker("p2", 2, 0, suspected, 0.5)}, "group", 2, 2, 0.5, suspected},
		"one ended, one is watched": {[]Finding{worker("p1", 1, 0, over, 0.1), worker("p2", 2, 0, watching, 0.5)}, "group", 1, 2, 0.6, over},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := Fold(test.judged)
			if len(got) != 1 {
				t.Fatalf("%d entries: %+v", len(got), got)
			}
			v := &got[0].Verdict
			if got[0].Owner.Subject != test.subject || v.Subject.Process.PID != test.pid || v.Subject.Members != test.members ||
				Round(v.Features.Cores, 100) != test.cores || Round(v.Now, 100) != test.cores || v.State != test.state {
				t.Errorf("%s %d, %d members, %.2f (now %.2f) cores, %s", got[0].Owner.Subject, v.Subject.Process.PID, v.Subject.Members, v.Features.Cores, v.Now, v.State)
			}
		})
	}
}

func TestFoldKeepsOthersApartAndTheBusiestFirst(t *testing.T) {
	other := worker("p9", 9, 0, heuristics.Watching, 0.9)
	other.Owner.Key = "job other"
	got := Fold([]Finding{other, worker("p1", 1, 0, heuristics.Watching, 0.7), worker("p2", 2, 0, heuristics.Watching, 0.5)})
	if len(got) != 2 || got[0].Owner.Key != "job work" || got[1].Owner.Key != "job other" {
		t.Errorf("folded to %+v", got)
	}
}

// Two processes of one program that do one job are one alert, from the first suspicion to the last one's end.
func TestTwoProcessesOfOneJobAreOneAlert(t *testing.T) {
	const watching, suspected, over = heuristics.Watching, heuristics.Suspected, heuristics.Cleared
	s := newScript(t)
	first := s.pass(time.Second, Fold([]Finding{worker("g", 1, 1, suspected, 0.7), worker("p1", 1, 0, watching, 0.7)})...)
	wantStates(t, first, api.Firing)
	var all []api.Alert
	for _, tick := range [][]Finding{
		{worker("p1", 1, 0, suspected, 0.7), worker("g", 1, 1, over, 0.7)},
		{worker("p1", 1, 0, suspected, 0.7), worker("p2", 2, 0, suspected, 0.5)},
		{worker("p1", 1, 0, over, 0), worker("p2", 2, 0, suspected, 0.5)},
		{worker("p2", 2, 0, suspected, 0.5)},
	} {
		all = append(all, s.pass(lookupPatience, Fold(tick)...)...)
	}
	wantStates(t, all, api.Firing)
	end := s.pass(time.Second, Fold([]Finding{worker("p2", 2, 0, over, 0.1)})...)
	wantStates(t, end, api.Resolved)
	for _, a := range append(all, end...) {
		if a.ID != first[0].ID {
			t.Errorf("alert %s beside %s", a.ID, first[0].ID)
		}
	}
}
