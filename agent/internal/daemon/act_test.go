//go:build linux

package daemon

import (
	"context"
	"os"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/agent/internal/browser"
	"github.com/minewatch/minewatch/agent/internal/fault"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/server"
	"github.com/minewatch/minewatch/heuristics"
)

// A tab is closed for as long as the process that it was named for lives. When another has its pid by then, the
// browser is not even asked. Only where the browser agreed the alert ends for that.
func TestActOnlyOnTheSameLifeOfAPid(t *testing.T) {
	for name, c := range map[string]struct {
		later  int64 // clock ticks by which the process in the alert began before the one that has its pid now
		agrees bool  // the browser
		asked  int
		want   fault.Kind // Failed: it is done
		reason api.Reason
	}{
		"the same":            {0, true, 1, fault.Failed, "tab_closed"},
		"the browser refuses": {0, false, 1, fault.Conflict, "load_ended"},
		"reused meanwhile":    {1, true, 0, fault.Conflict, "load_ended"},
	} {
		t.Run(name, func(t *testing.T) {
			here, err := browser.ResolvePeer(int32(os.Getpid())) //nolint:gosec // a pid
			if err != nil {
				t.Fatal(err)
			}
			d := &Daemon{
				log: zap.NewNop(), sampler: sampler.New(sampler.Options{}), bridge: browser.NewBridge(zap.NewNop()),
				alerts: alert.NewManager("run", nil, nil),
			}
			page := here.Root // a living process that is not this one
			page.StartTime -= c.later
			hot := tab(browser.HostPeer{PID: here.PID, Root: here.Root, User: here.User}, 12, 1)
			hot.Verdict.Subject.Process = page
			hot.Verdict.State, hot.Verdict.Severity = heuristics.Suspected, heuristics.MiningLike
			hot.Owner.Tabs = []attribution.Tab{{ID: 101, TopOrigin: "https://films.test"}}
			told := d.alerts.Observe(time.Now(), time.Second, []alert.Judged{hot})
			if len(told) != 1 || told[0].State != api.Firing {
				t.Fatalf("no alert fires: %+v", told)
			}

			questions, detach, err := d.bridge.Attach(here)
			if err != nil {
				t.Fatal(err)
			}
			defer detach()
			asked := make(chan api.Question, 4)
			go func() {
				defer close(asked)
				for q := range questions {
					asked <- q
					_ = d.bridge.Answer(here.PID, api.Answer{V: 1, Type: "done", ID: q.ID, OK: c.agrees})
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err = d.Act(ctx, server.Caller{User: here.User, PID: here.PID}, told[0].ID, "close")
			detach()
			var got []api.Question
			for q := range asked {
				got = append(got, q)
			}
			if fault.KindOf(err) != c.want || (err != nil) != (c.want != fault.Failed) || len(got) != c.asked {
				t.Errorf("got %v, asked %+v", err, got)
			}
			if len(got) > 0 && (got[0].Type != "close" || got[0].Tab != 101) {
				t.Errorf("asked %+v", got[0])
			}
			hot.Verdict.State = heuristics.Cleared
			if end := d.alerts.Observe(time.Now(), 2*time.Second, []alert.Judged{hot}); len(end) != 1 || end[0].Reason != c.reason {
				t.Errorf("the alert ended as %+v, want the reason %s", end, c.reason)
			}
		})
	}
}
