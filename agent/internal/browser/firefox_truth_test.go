//go:build linux

package browser

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestNamesEveryContentProcess opens tabs of many kinds and holds what the extension says of every content process
// against what Firefox's main process knows.
func TestNamesEveryContentProcess(t *testing.T) {
	for name, settings := range map[string]map[string]any{
		"a process a site": nil,
		"Fission off":      {"fission.autostart": false, "dom.ipc.processCount": 2},
		"no fork server":   {"dom.ipc.forkserver.enable": false},
	} {
		t.Run(name, func(t *testing.T) {
			b := startFirefox(t, pages(), settings)
			for _, host := range []string{"one.test", "two.test", "three.test"} {
				b.openTab(t, b.url(host, "/"))
			}
			b.openTab(t, b.url("news.test", "/?nested&deep=adnet.test&frame=sub.news.test&frame=widget.test"))
			b.openTab(t, b.url("mail.test", "/?frame=adnet.test"))
			b.openTab(t, b.url("a.same.test", "/"))
			b.openTab(t, b.url("b.same.test", "/"))
			moved := b.openTab(t, b.url("before.test", "/?nested"))
			b.navigate(t, moved, b.url("after.test", "/?nested"))

			truth := b.truth(t)
			total := 0
			var slowest time.Duration
			for number, p := range b.renderers(t) {
				got, took := b.who(t, p, number)
				slowest = max(slowest, took)
				if diff := cmp.Diff(truth[p.PID], namesOf(got.Frames)); diff != "" {
					t.Errorf("content process %d, pid %d (-truth +said):\n%s", number, p.PID, diff)
				}
				total += len(got.Frames)
				delete(truth, p.PID)
			}
			if len(truth) > 0 {
				t.Errorf("processes with frames, but without a number: %v", truth)
			}
			t.Logf("%d frames, slowest answer %v", total, slowest)
		})
	}
}
