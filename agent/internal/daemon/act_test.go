//go:build linux

package daemon

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/agent/internal/extensions"
	"github.com/minewatch/minewatch/agent/internal/fault"
	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
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
			here, err := extensions.ResolvePeer(int32(os.Getpid())) //nolint:gosec // a pid
			if err != nil {
				t.Fatal(err)
			}
			d := &Daemon{
				log: zap.NewNop(), sampler: sampler.New(sampler.Options{}), extensions: extensions.New(extensions.Options{Log: zap.NewNop()}),
				alerts: alert.NewManager("run", nil, nil),
			}
			page := here.Root // a living process that is not this one
			page.StartTime -= c.later
			hot := tab(extensions.Peer{PID: here.PID, Root: here.Root, User: here.User}, 12, 1)
			hot.Verdict.Subject.Process = page
			hot.Verdict.State, hot.Verdict.Severity = heuristics.Suspected, heuristics.MiningLike
			hot.Owner.Tabs = []attribution.Tab{{ID: 101, TopOrigin: "https://films.test"}}
			told := d.alerts.Observe(time.Now(), time.Second, []alert.Finding{hot})
			if len(told) != 1 || told[0].State != api.Firing {
				t.Fatalf("no alert fires: %+v", told)
			}

			t.Cleanup(d.extensions.Close)
			ours, theirs := net.Pipe()
			ended := make(chan error, 1)
			go func() {
				ended <- d.extensions.Serve(t.Context(), here.User, here.PID, func() (net.Conn, error) { return theirs, nil })
			}()
			asked := play(t, ours, c.agrees)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err = d.Act(ctx, server.Caller{User: here.User, PID: here.PID}, told[0].ID, "close")
			_ = ours.Close()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			var got []nm.Message
			for m := range asked {
				got = append(got, m)
			}
			if fault.KindOf(err) != c.want || (err != nil) != (c.want != fault.Failed) || len(got) != c.asked {
				t.Errorf("got %v, asked %+v", err, got)
			}
			if len(got) > 0 && (got[0].Method != nm.TabClose || !strings.Contains(string(got[0].Params), `"tab":101`)) {
				t.Errorf("asked %+v", got[0])
			}
			hot.Verdict.State = heuristics.Cleared
			if end := d.alerts.Observe(time.Now(), 2*time.Second, []alert.Finding{hot}); len(end) != 1 || end[0].Reason != c.reason {
				t.Errorf("the alert ended as %+v, want the reason %s", end, c.reason)
			}
		})
	}
}

// play is an extension behind a connection that says hello and then does what it is asked, or refuses to. It returns
// once hello is answered; what it was asked comes by the channel.
func play(t *testing.T, conn net.Conn, agrees bool) <-chan nm.Message {
	t.Helper()
	asked := make(chan nm.Message, 4)
	read := func() (nm.Message, bool) {
		body, err := nm.ReadFrame(conn, nm.MaxToExtension)
		if err != nil {
			return nm.Message{}, false
		}
		m, err := nm.Parse(body)
		return m, err == nil
	}
	if err := nm.WriteFrame(conn, []byte(`{"id":1,"method":"hello","params":{"protocol":2}}`)); err != nil {
		t.Fatal(err)
	}
	if m, ok := read(); !ok || m.Result == nil {
		t.Fatalf("hello was answered by %+v", m)
	}
	go func() {
		defer close(asked)
		for m, ok := read(); ok; m, ok = read() {
			asked <- m
			response, result := nm.Message{ID: m.ID}, any(nm.None{})
			if !agrees {
				response.Error, result = &nm.Error{Code: nm.Failed}, nil
			}
			body, err := nm.Encode(response, nil, result, nm.MaxFromExtension)
			if err != nil || nm.WriteFrame(conn, body) != nil {
				return
			}
		}
	}()
	return asked
}
