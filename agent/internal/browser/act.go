package browser

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/heuristics"
)

var (
	errNoHost   = errors.New("minewatch's extension is not connected in that browser; look for the tab there")
	errNoAnswer = errors.New("the browser did not answer within 5 seconds; look for the tab there")
	errLost     = errors.New("the browser went away before it answered")
)

// Act has the browser close or show (kind) a tab, and returns nil once the browser says it did. The tab must still
// show origin, and if renderer is not 0 still have a frame in it: the extension looks again before it acts. A browser
// has 5 seconds to answer, and 5 more to end what its last tab takes along.
func (b *Bridge) Act(ctx context.Context, root heuristics.ProcessID, kind string, tab int64, origin string, renderer int) error {
	if (kind != "close" && kind != "show") || tab <= 0 || origin == "" || cleanOrigin(origin) != origin {
		return fmt.Errorf("cannot %s tab %d of %q: it is not known well enough", kind, tab, origin)
	}
	result := make(chan error, 1)
	b.mu.Lock()
	x := b.send(root, api.Question{Type: kind, Tab: tab, Origin: origin, Renderer: renderer}, actWithin, verdict(result))
	process, known := b.process[rendererOf{root, renderer}]
	b.mu.Unlock()
	if x == nil {
		return errNoHost
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-result: // it comes within actWithin
		if !errors.Is(err, errLost) || kind != "close" {
			return err
		}
		// A last tab takes its browser along, or its profile with the extension in it; nobody is left to answer.
		if soon(ctx, func() bool { return !b.alive(root) || (known && !b.alive(process)) }) {
			return nil
		}
		return err
	}
}

// verdict returns an exchange that sends what came of an act: nil as soon as one host did it. Tabs have different
// numbers in different profiles, so all others say that they have no such tab, which only counts if all say so.
func verdict(result chan<- error) *exchange {
	var done bool
	var refused error
	return &exchange{
		accept: func(_ *attached, a api.Answer) bool {
			if a.Type != "done" {
				return false
			}
			if a.OK && !done {
				done = true
				result <- nil
			}
			if err := refusals()[a.Error]; err != nil && (refused == nil || errors.Is(refused, errNoTab)) {
				refused = err
			}
			return true
		},
		end: func(x *exchange) {
			switch {
			case done:
			case refused != nil && !errors.Is(refused, errNoTab), refused != nil && x.silent == 0:
				result <- refused
			case x.gone > 0:
				result <- errLost
			default:
				result <- errNoAnswer
			}
		},
	}
}

// soon reports whether something becomes true within actWithin.
func soon(ctx context.Context, is func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, actWithin)
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			return false
		case <-look.C:
		}
	}
	return true
}
