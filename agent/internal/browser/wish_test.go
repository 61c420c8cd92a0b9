package browser

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
)

func TestCleanWish(t *testing.T) {
	const id = "20260101T120000-1"
	for name, c := range map[string]struct {
		in, want api.Answer // a want without a version is none
	}{
		"load": {api.Answer{V: 1, Type: "load", ID: 1}, api.Answer{V: 1, Type: "load", ID: 1}},
		"load with more than it calls for": {
			api.Answer{V: 1, Type: "load", ID: 1, Lang: "ja", Alert: id, OK: true, Last: "https://a.test"},
			api.Answer{V: 1, Type: "load", ID: 1, Lang: "ja"},
		},
		"an odd language":   {api.Answer{V: 1, Type: "load", ID: 1, Lang: "../ja"}, api.Answer{V: 1, Type: "load", ID: 1}},
		"no id":             {api.Answer{V: 1, Type: "load"}, api.Answer{}},
		"allow":             {api.Answer{V: 1, Type: "allow", ID: 1, Alert: id}, api.Answer{V: 1, Type: "allow", ID: 1, Alert: id}},
		"snooze":            {api.Answer{V: 1, Type: "snooze", ID: 1, Alert: id, ForS: 60}, api.Answer{V: 1, Type: "snooze", ID: 1, Alert: id, ForS: 60}},
		"snooze for 0 s":    {api.Answer{V: 1, Type: "snooze", ID: 1, Alert: id}, api.Answer{}},
		"a negative time":   {api.Answer{V: 1, Type: "allow", ID: 1, Alert: id, ForS: -1}, api.Answer{}},
		"for a century":     {api.Answer{V: 1, Type: "allow", ID: 1, Alert: id, ForS: 3.2e9}, api.Answer{}},
		"no alert":          {api.Answer{V: 1, Type: "allow", ID: 1}, api.Answer{}},
		"a path for alert":  {api.Answer{V: 1, Type: "allow", ID: 1, Alert: "../status"}, api.Answer{}},
		"a line for alert":  {api.Answer{V: 1, Type: "allow", ID: 1, Alert: id + "\n"}, api.Answer{}},
		"a flood for alert": {api.Answer{V: 1, Type: "allow", ID: 1, Alert: strings.Repeat("1", 65)}, api.Answer{}},
		"disallow": {
			api.Answer{V: 1, Type: "disallow", ID: 1, Renderer: 12, Alert: id, ForS: 60},
			api.Answer{V: 1, Type: "disallow", ID: 1, Renderer: 12},
		},
		"disallow nothing": {api.Answer{V: 1, Type: "disallow", ID: 1}, api.Answer{}},
		"disallow less":    {api.Answer{V: 1, Type: "disallow", ID: 1, Renderer: -1}, api.Answer{}},
		"another version":  {api.Answer{V: 2, Type: "load", ID: 1}, api.Answer{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cleanAnswer(c.in)
			if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.want.V == 1) {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// A wish is only taken from a host that is attached, and what is told reaches those that it is for.
func TestWishAndTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBridge(zap.NewNop())
		wish := api.Answer{V: 1, Type: "load", ID: 7}
		if _, _, err := b.Wish(1, wish); err == nil {
			t.Error("a wish of nobody was taken")
		}
		mine, sibling, other := attach(t, b, 1, rootA), attach(t, b, 2, rootA), attach(t, b, 3, rootB)
		peer, got, err := b.Wish(1, wish)
		if err != nil || peer.Root != rootA || got.ID != 7 {
			t.Errorf("%+v, %+v, %v", peer, got, err)
		}
		if _, _, err := b.Wish(1, api.Answer{V: 1, Type: "done", ID: 7, OK: true}); err == nil {
			t.Error("an answer was taken for a wish")
		}
		b.Tell(1, api.Question{Type: "load", ID: 7})
		if q := mine.next(); q.V != 1 || q.ID != 7 {
			t.Errorf("told %+v", q)
		}
		b.TellBrowser(rootA, api.Question{Type: "flagged"})
		mine.next()
		sibling.next()
		other.none()
		b.TellUser(peer.User, api.Question{Type: "unflagged"})
		for _, h := range []interface{ next() api.Question }{mine, sibling, other} {
			h.next()
		}
		for range 2 * maxQueued {
			b.Tell(1, api.Question{Type: "load"}) // nobody reads: it must not block
		}
		var refused error
		for range 2 * maxPerSecond {
			if _, _, err := b.Wish(3, wish); err != nil {
				refused = err
			}
		}
		if refused == nil {
			t.Error("a flood of wishes was taken")
		}
	})
}

func TestFits(t *testing.T) {
	if q := (api.Question{Sites: []string{strings.Repeat("x", maxToBrowser-60)}}); !Fits(q) {
		t.Error("a message that fits was refused")
	}
	if q := (api.Question{Sites: []string{strings.Repeat("x", maxToBrowser)}}); Fits(q) {
		t.Error("a message that is too long was accepted")
	}
}
