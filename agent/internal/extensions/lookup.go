package extensions

import (
	"cmp"
	"context"
	"sync"
	"time"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

// The limits of asking which pages a renderer process runs.
const (
	maxLookups     = 512 // at once
	maxRecent      = 1024
	maxUncollected = 256                     // answers that the sampler has not taken yet
	answerWithin   = 4500 * time.Millisecond // Firefox looks into its pages, and some hang
	othersWithin   = 500 * time.Millisecond  // the other profiles, once one has named frames
	askAgainAfter  = 5 * time.Second
)

// rendererOf names a renderer process as its browser does.
type rendererOf struct {
	root     heuristics.ProcessID
	renderer int
}

// lookup asks extensions which pages a renderer process runs.
//
// Several profiles of one browser share its root process and its numbers of renderers, and each has an extension of its
// own: every one under a root is asked. One that does not answer delays nobody and nothing.
type lookup struct {
	registry *registry
	tasks    *tasks
	verifier *verifier

	mu       sync.Mutex
	running  int
	recent   map[rendererOf]time.Time // when they were asked about
	pruned   time.Time
	process  map[rendererOf]heuristics.ProcessID // of the renderers asked about
	answered []heuristics.Renderer
}

func newLookup(r *registry) *lookup {
	return &lookup{
		registry: r, tasks: newTasks(), recent: map[rendererOf]time.Time{}, process: map[rendererOf]heuristics.ProcessID{},
	}
}

// ask is Service.Ask.
func (k *lookup) ask(p, root heuristics.ProcessID, renderer int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := now()
	k.prune(at)
	key := rendererOf{root, renderer}
	if asked, ok := k.recent[key]; (ok && at.Sub(asked) < askAgainAfter) || !isRenderer(renderer) {
		return
	}
	if len(k.recent) >= maxRecent || k.running >= maxLookups {
		return
	}
	all := k.registry.under(root)
	var links []*link
	for _, l := range all {
		if l.said().greeted {
			links = append(links, l)
		}
	}
	if len(links) == 0 {
		return // nobody to ask, so one that comes in a second is asked then
	}
	started := k.tasks.run(func(ctx context.Context) {
		defer k.done()
		k.run(ctx, p, renderer, links, len(all)-len(links))
	})
	if !started {
		return
	}
	k.running++
	k.recent[key] = at
	if len(k.process) >= maxRecent {
		clear(k.process) // those that matter are asked again soon
	}
	k.process[key] = p
}

func (k *lookup) done() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.running--
}

// prune forgets what was asked long ago. The caller holds the lock.
func (k *lookup) prune(at time.Time) {
	if at.Sub(k.pruned) < askAgainAfter {
		return
	}
	k.pruned = at
	for key, asked := range k.recent {
		if at.Sub(asked) >= askAgainAfter {
			delete(k.recent, key)
		}
	}
}

// run asks the extensions of all profiles at once and hands on what they say together. silent is how many more there are
// that cannot be asked.
func (k *lookup) run(ctx context.Context, p heuristics.ProcessID, renderer int, links []*link, silent int) {
	got := heuristics.Renderer{Process: p}
	var from *link // who named somebody, or at least answered
	outcomes := broadcast(k.tasks, links, answerWithin, nm.RendererFrames, nm.FramesParams{Renderer: renderer}, cleanFrames)
	patience := time.NewTimer(answerWithin)
	defer patience.Stop()
	for waiting := len(links); waiting > 0; waiting-- {
		select {
		case <-ctx.Done():
			return
		case <-patience.C:
			silent += waiting
			waiting = 1 // the last
		case o := <-outcomes:
			if o.err != nil {
				silent++
				continue
			}
			got.Frames = append(got.Frames, framesOf(o.result.Frames)...)
			got.LastOrigin = cmp.Or(got.LastOrigin, o.result.Last)
			if from == nil || len(o.result.Frames) > 0 {
				from = o.from
			}
			if len(o.result.Frames) > 0 {
				got.User = heuristics.Presence(o.result.User)
				patience.Reset(othersWithin)
			}
		}
	}
	// A renderer belongs to one profile. Once that one answered, the silence of others does not matter; until then "nobody
	// lives there" would be a guess.
	if from != nil && (len(got.Frames) > 0 || got.LastOrigin != "" || silent == 0) {
		k.verifier.deliver(from, got)
	}
	if from != nil && len(got.Frames) == 0 {
		k.verifier.search(from)
	}
}

func framesOf(frames []nm.Frame) []heuristics.Frame {
	out := make([]heuristics.Frame, 0, len(frames))
	for _, f := range frames {
		out = append(out, heuristics.Frame{
			Tab: f.Tab, Frame: f.Frame, Origin: f.Origin, TopOrigin: f.Top, Hidden: f.Hidden, Audible: f.Audible,
			Focused: f.Focused, FullScreen: f.FullScreen,
		})
	}
	return out
}

// keep puts an answer where answers finds it.
func (k *lookup) keep(got heuristics.Renderer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answered = append(k.answered, got)
	k.answered = k.answered[max(0, len(k.answered)-maxUncollected):]
}

// answers is Service.Answers.
func (k *lookup) answers() []heuristics.Renderer {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.prune(now())
	out := k.answered
	k.answered = nil
	return out
}

// processOf returns the process of a renderer that was asked about.
func (k *lookup) processOf(root heuristics.ProcessID, renderer int) (heuristics.ProcessID, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, known := k.process[rendererOf{root, renderer}]
	return p, known
}
