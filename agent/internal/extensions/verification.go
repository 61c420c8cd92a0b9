package extensions

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

// trust says what is known of the numbers by which an extension tells processes.
type trust int

const (
	unchecked trust = iota // to be checked, or the check could not be made
	checking               // being checked
	sound                  // they are those on the command lines, or documented to be
	broken                 // they are not: the extension uses what was measured
)

const (
	checkTries     = 4 // pages that are tried until one is found
	searchTries    = 6
	stepWithin     = 6 * time.Second  // the first step may wait for the extension to look into every page
	checkAgain     = 20 * time.Second // after a check that could not be made
	maxHeldAnswers = 64
)

// verifier checks once per connection, by the memory step, that the numbers by which an extension tells processes are
// those on their command lines. Until then it holds answers back. Its goroutines are checks and searches, at most one of
// each a connection.
type verifier struct {
	log     *zap.Logger
	machine *machine // nil: nothing is measured
	tasks   *tasks
	keep    func(heuristics.Renderer)

	mu sync.Mutex
	of map[*link]*numbers
}

// numbers is what is known of those of one connection.
type numbers struct {
	trust     trust
	notBefore time.Time             // of the next check
	held      []heuristics.Renderer // until the check is over
	searching bool
}

func newVerifier(log *zap.Logger, renderers Renderers, keep func(heuristics.Renderer)) *verifier {
	v := &verifier{log: log, tasks: newTasks(), keep: keep, of: map[*link]*numbers{}}
	if renderers != nil {
		v.machine = thisMachine(renderers)
	}
	return v
}

// forget lets go of a connection that has ended.
func (v *verifier) forget(l *link) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.of, l)
}

// deliver hands an answer on, or holds it back until the connection that gave it has been checked.
func (v *verifier) deliver(from *link, got heuristics.Renderer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.machine == nil || !from.said().measures {
		v.keep(got)
		return
	}
	n := v.of[from]
	if n == nil {
		n = &numbers{}
		v.of[from] = n
	}
	if n.trust == sound || n.trust == broken {
		v.keep(got)
		return
	}
	if n.trust == unchecked && !now().Before(n.notBefore) && v.tasks.run(func(ctx context.Context) { v.check(ctx, from, n) }) {
		n.trust = checking
	}
	if n.trust == checking && len(n.held) < maxHeldAnswers {
		n.held = append(n.held, got)
		return
	}
	v.keep(uncheckedOf(from, got))
}

// uncheckedOf returns an answer of a connection whose numbers could not be checked, as sure as it is.
func uncheckedOf(l *link, got heuristics.Renderer) heuristics.Renderer {
	if l.said().browser == geckoBrowser {
		return weaker(got)
	}
	return got
}

// weaker returns an answer that names nobody for sure: the one origin in it as the last seen there, or none.
func weaker(got heuristics.Renderer) heuristics.Renderer {
	last := got.LastOrigin
	for i, f := range got.Frames {
		if i == 0 {
			last = f.Origin
		}
		if f.Origin != last {
			last = ""
			break
		}
	}
	return heuristics.Renderer{Process: got.Process, LastOrigin: last, User: got.User}
}

// check compares what an extension believes of pages with what the memory step sees.
func (v *verifier) check(ctx context.Context, l *link, n *numbers) {
	result, why := v.compare(ctx, l)
	if result == broken {
		if _, err := step[nm.None](ctx, l, nm.NumbersDistrust, nil, nil); err != nil {
			result, why = unchecked, err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	n.trust = result
	held := n.held
	n.held = nil
	switch result {
	case sound:
		for _, got := range held {
			v.keep(got)
		}
	case broken: // what was held is wrong
		if !l.user.lines.Allow() {
			return
		}
		v.log.Warn("the processes of this browser's pages are numbered in an unknown way; they are found by measuring, which takes longer",
			zap.String("browser", l.Browser), zap.Int32("pid", l.Root.PID))
	case unchecked, checking:
		for _, got := range held {
			v.keep(uncheckedOf(l, got))
		}
		if l.said().browser != geckoBrowser {
			n.trust = sound // as its documentation says
			return
		}
		n.notBefore = now().Add(checkAgain)
		if !l.user.lines.Allow() {
			return // whoever comes back again and again must not fill the log
		}
		v.log.Info("the numbers of this browser's processes could not be checked; its sites are only probable for now",
			zap.String("browser", l.Browser), zap.Int32("pid", l.Root.PID), zap.Error(why))
	}
}

// isOver reports whether an error of the memory step stands in the way of further pages too.
func isOver(err error) bool {
	return errors.Is(err, errNoTab) || errors.Is(err, errShort) || errors.Is(err, errGone) || errors.Is(err, context.Canceled)
}

// compare takes pages through the memory step until one was seen.
func (v *verifier) compare(ctx context.Context, l *link) (trust, error) {
	why, elsewhere := errNotFound, 0
	for turn := range checkTries {
		seen, believed, err := v.machine.locate(ctx, l.Root, "known", turn, pageOf{l})
		switch {
		case isOver(err):
			return unchecked, err
		case err != nil:
			why = err
		case seen == believed:
			return sound, nil
		default: // one may be chance
			if elsewhere++; elsewhere > 1 {
				return broken, nil
			}
		}
	}
	return unchecked, why
}

// search starts a search for the process of each page in a browser whose numbers say nothing.
func (v *verifier) search(l *link) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := v.of[l]; n != nil && n.trust == broken && !n.searching {
		n.searching = v.tasks.run(func(ctx context.Context) { v.find(ctx, l, n) })
	}
}

// find takes some pages of unknown process through the memory step, and tells the extension of each that was seen. It
// names them when it is asked again, and for sure once it has been told of all: until then others may live in the same
// process.
func (v *verifier) find(ctx context.Context, l *link, n *numbers) {
	defer func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		n.searching = false
	}()
	turn := 0
	for range searchTries {
		seen, _, err := v.machine.locate(ctx, l.Root, "unknown", turn, pageOf{l})
		if isOver(err) {
			return
		}
		if err != nil {
			turn++
			continue
		}
		if _, err := step[nm.None](ctx, l, nm.RendererLives, nm.LivesParams{Renderer: seen}, nil); err != nil {
			return
		}
	}
}

// pageOf is the page that an extension takes through the memory step.
type pageOf struct{ link *link }

func (p pageOf) grow(ctx context.Context, params nm.GrowParams) (int, error) {
	result, err := step(ctx, p.link, nm.MemoryGrow, params, cleanGrow)
	return result.Renderer, err
}

func (p pageOf) shrink(ctx context.Context) error {
	_, err := step[nm.None](ctx, p.link, nm.MemoryShrink, nil, nil)
	return err
}

// step sends a request of the memory step, which may take stepWithin.
func step[R any](ctx context.Context, l *link, method string, params any, clean func(*R) error) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, stepWithin)
	defer cancel()
	return call(ctx, l, method, params, clean)
}
