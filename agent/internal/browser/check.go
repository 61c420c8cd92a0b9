package browser

import (
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/heuristics"
)

// trust says what is known of the numbers by which an extension tells processes.
type trust int

const (
	unchecked trust = iota // to be checked, or the check could not be made
	checking               // being checked
	sound                  // they are those on the command lines, or documented to be
	broken                 // they are not: the extension goes by what was measured
)

const (
	checkTries     = 4 // pages that are tried until one is found
	searchTries    = 6
	stepWithin     = 6 * time.Second  // the first step may wait for the extension to look into every page
	checkAgain     = 20 * time.Second // after a check that could not be made
	maxHeldAnswers = 64
)

// Measure has the bridge check once per connection, by the memory step, that the numbers by which an extension tells
// processes are those on their command lines, where the browser lets pages be measured. Until then answers from there
// are held back. If the check cannot be made, those of Firefox are only probable, because its numbers are not
// documented; those of Chromium are, and are taken as they are. Without Measure all are.
func (b *Bridge) Measure(census Census) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.machine = thisMachine(census)
}

// deliver hands an answer on, or holds it back until the host that gave it has been checked. The caller holds the lock.
func (b *Bridge) deliver(from *attached, got heuristics.Renderer) {
	if from == nil || !from.measures || b.machine == nil || from.trust == sound || from.trust == broken {
		b.keep(got)
		return
	}
	if from.trust == unchecked && !from.waits {
		from.trust = checking
		go b.check(from)
	}
	if from.trust == checking && len(from.held) < maxHeldAnswers {
		from.held = append(from.held, got)
		return
	}
	b.keep(from.unchecked(got))
}

// unchecked returns an answer of a host whose numbers could not be checked, as sure as it is.
func (h *attached) unchecked(got heuristics.Renderer) heuristics.Renderer {
	if h.browser == geckoBrowser {
		return weaker(got)
	}
	return got
}

// keep puts an answer where Answers finds it. The caller holds the lock.
func (b *Bridge) keep(got heuristics.Renderer) {
	b.answered = append(b.answered, got)
	b.answered = b.answered[max(0, len(b.answered)-maxUncollected):]
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

// check compares what the extension behind a host believes of pages with what the memory step sees.
func (b *Bridge) check(h *attached) {
	result, why := b.compare(h)
	if result == broken {
		if _, err := b.askHost(h, api.Question{Type: "distrust"}); err != nil {
			result, why = unchecked, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	h.trust = result
	held := h.held
	h.held = nil
	switch result {
	case sound:
		for _, got := range held {
			b.keep(got)
		}
	case broken: // what was held is wrong
		b.log.Warn("the processes of this browser's pages are numbered in an unknown way; they are found by measuring, which takes longer",
			zap.String("browser", h.Browser), zap.Int32("pid", h.Root.PID))
	case unchecked, checking:
		for _, got := range held {
			b.keep(h.unchecked(got))
		}
		if h.browser != geckoBrowser {
			h.trust = sound // as its documentation says
			return
		}
		b.log.Info("the numbers of this browser's processes could not be checked; its sites are only probable for now",
			zap.String("browser", h.Browser), zap.Int32("pid", h.Root.PID), zap.Error(why))
		h.waits = true
		time.AfterFunc(checkAgain, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			h.waits = false
		})
	}
}

// compare takes pages through the memory step until one was seen.
func (b *Bridge) compare(h *attached) (trust, error) {
	why, elsewhere := errNotFound, 0
	for turn := range checkTries {
		seen, believed, err := b.machine.locate(h.Root, "known", turn, b.asker(h))
		switch {
		case errors.Is(err, errNoTab), errors.Is(err, errShort), errors.Is(err, errNoHost):
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

// search takes some pages of unknown process through the memory step, and tells the extension of each that was seen. It
// names them when it is asked again, and for sure once it has been told of all: until then others may live in the same
// process.
func (b *Bridge) search(h *attached) {
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		h.searching = false
	}()
	turn := 0
	for range searchTries {
		seen, _, err := b.machine.locate(h.Root, "unknown", turn, b.asker(h))
		if errors.Is(err, errNoTab) || errors.Is(err, errShort) || errors.Is(err, errNoHost) {
			return
		}
		if err != nil {
			turn++
			continue
		}
		if _, err := b.askHost(h, api.Question{Type: "lives", Renderer: seen}); err != nil {
			return
		}
	}
}

// searchLater starts a search for who lives where in a browser whose numbers say nothing. The caller holds the lock.
func (b *Bridge) searchLater(h *attached) {
	if h.trust == broken && !h.searching {
		h.searching = true
		go b.search(h)
	}
}

func (b *Bridge) asker(h *attached) asker {
	return func(q api.Question) (api.Answer, error) { return b.askHost(h, q) }
}

// askHost puts a question to one host and waits for its answer, which is "done".
func (b *Bridge) askHost(h *attached, q api.Question) (api.Answer, error) {
	type outcome struct {
		answer api.Answer
		err    error
	}
	result := make(chan outcome, 1)
	got := outcome{err: errNoAnswer}
	b.mu.Lock()
	x := b.send(h.Root, q, stepWithin, &exchange{
		only: h,
		accept: func(_ *attached, a api.Answer) bool {
			if a.Type != "done" {
				return false
			}
			got = outcome{a, refusals()[a.Error]}
			return true
		},
		end: func(*exchange) { result <- got },
	})
	b.mu.Unlock()
	if x == nil {
		return api.Answer{}, errNoHost
	}
	out := <-result // it comes within stepWithin
	return out.answer, out.err
}
