package extensions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

const (
	actWithin = 5 * time.Second
	lookEvery = 100 * time.Millisecond
)

var (
	errNoHost   = errors.New("minewatch's extension is not connected in that browser; look for the tab there")
	errNoAnswer = errors.New("the browser did not answer within 5 seconds; look for the tab there")
	errLost     = errors.New("the browser went away before it answered")
)

// Act has the browser close or show (kind: "close", "show") a tab, and returns nil once the browser says it did. The tab
// must still show origin, and if renderer is not 0 still have a frame in it: the extension looks again before it acts. A
// browser has 5 seconds to answer, and 5 more to end what its last tab takes along.
func (s *Service) Act(ctx context.Context, root heuristics.ProcessID, kind string, tab int64, origin string, renderer int) error {
	method := map[string]string{"close": nm.TabClose, "show": nm.TabShow}[kind]
	if method == "" || tab <= 0 || origin == "" || cleanOrigin(origin) != origin {
		return fmt.Errorf("cannot %s tab %d of %q: it is not known well enough", kind, tab, origin)
	}
	all := s.registry.under(root)
	links := slices.DeleteFunc(slices.Clone(all), func(l *link) bool { return !l.said().greeted })
	if len(links) == 0 {
		return errNoHost
	}
	process, known := s.lookup.processOf(root, renderer)
	params := nm.TabParams{Tab: tab, Origin: origin, Renderer: renderer}
	outcomes := broadcast[nm.None](s.acts, links, actWithin, method, params, nil)
	err := verdict(ctx, outcomes, len(links), len(all)-len(links))
	// A last tab takes its browser along, or its profile with the extension in it; nobody is left to answer.
	if errors.Is(err, errLost) && kind == "close" && soon(ctx, func() bool { return !s.alive(root) || (known && !s.alive(process)) }) {
		return nil
	}
	return err
}

// verdict sums up what all profiles said of an act: nil as soon as one did it. Tabs have different numbers in different
// profiles, so all others say that they have no such tab, which only counts if all say so.
func verdict(ctx context.Context, outcomes <-chan outcome[nm.None], waiting, silent int) error {
	var refused error
	gone := false
	for range waiting {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case o := <-outcomes:
			switch {
			case o.err == nil:
				return nil
			case errors.Is(o.err, errGone):
				gone = true
				silent++
			case errors.Is(o.err, errSilent), errors.Is(o.err, errMalformed):
				silent++
			case refused == nil || errors.Is(refused, errNoTab):
				refused = o.err
			}
		}
	}
	switch {
	case refused != nil && !errors.Is(refused, errNoTab), refused != nil && silent == 0:
		return refused
	case gone:
		return errLost
	}
	return errNoAnswer
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
