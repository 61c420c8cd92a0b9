package check

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/heuristics"
)

// Watcher samples this machine once for all browsers that are watched at one time, and gives each of them a Source of its
// own, in which only its processes are: what the detector says of a page must not depend on what else the computer does.
type Watcher struct {
	cancel context.CancelFunc
	ended  chan struct{}

	mu       sync.Mutex
	err      error
	known    map[heuristics.ProcessID]heuristics.ProcessSample // the last that was told, with Info
	eyes     map[*eye]bool
	interval time.Duration
}

// maxBehind bounds the snapshots that wait for a slow judge: two minutes.
const maxBehind = 120

// NewWatcher begins to sample.
func NewWatcher() *Watcher {
	ctx, cancel := context.WithCancel(context.Background())
	w := &Watcher{cancel: cancel, ended: make(chan struct{}), known: map[heuristics.ProcessID]heuristics.ProcessSample{}, eyes: map[*eye]bool{}, interval: time.Second}
	s := sampler.New(sampler.Options{Interval: w.interval, Owners: w, Attended: func() bool { return true }})
	go func() {
		defer close(w.ended)
		for snapshot, err := range s.Source(ctx) {
			if err != nil {
				w.fail(err)
				return
			}
			w.pass(&snapshot)
		}
	}()
	return w
}

// Close ends the sampling.
func (w *Watcher) Close() {
	w.cancel()
	<-w.ended
}

func (w *Watcher) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	for e := range w.eyes {
		e.stop()
	}
}

// Ask implements sampler.Owners: it passes the question on to whoever watches that browser.
func (w *Watcher) Ask(renderer, root heuristics.ProcessID, _ int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for e := range w.eyes {
		if e.root == root.PID && e.ask != nil {
			e.ask(renderer)
		}
	}
}

// Answers implements sampler.Owners: each eye adds its own.
func (*Watcher) Answers() []heuristics.Renderer { return nil }

// pass remembers a snapshot and hands each eye its part of it.
func (w *Watcher) pass(s *heuristics.Snapshot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range s.Processes {
		p := s.Processes[i]
		if p.Info == nil {
			p.Info = w.known[p.ID].Info
		}
		w.known[p.ID] = p
	}
	for e := range w.eyes {
		e.take(s, w.known)
	}
	for _, id := range s.Exited {
		delete(w.known, id)
	}
}

// eye is the view of one browser's processes during one visit.
type eye struct {
	root int32
	ask  func(renderer heuristics.ProcessID)

	snapshots chan heuristics.Snapshot
	once      sync.Once
	begun     bool
	from      time.Duration
	told      map[heuristics.ProcessID]bool

	mu      sync.Mutex
	answers []heuristics.Renderer
}

// open returns an eye on the browser with that pid. ask is called, and must not block, when a renderer of it is busy.
func (w *Watcher) open(root int32, ask func(heuristics.ProcessID)) *eye {
	e := &eye{root: root, ask: ask, snapshots: make(chan heuristics.Snapshot, maxBehind), told: map[heuristics.ProcessID]bool{}}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.eyes[e] = true
	if w.err != nil {
		e.stop()
	}
	return e
}

// close ends an eye's Source.
func (w *Watcher) close(e *eye) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.eyes, e)
	e.stop()
}

func (e *eye) stop() { e.once.Do(func() { close(e.snapshots) }) }

// answer says which frames a renderer runs; the next snapshot holds it.
func (e *eye) answer(r heuristics.Renderer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answers = append(e.answers, r)
}

// take hands on the part of a snapshot that is about the browser. The first one lists all its processes, as a source's
// first does.
func (e *eye) take(s *heuristics.Snapshot, known map[heuristics.ProcessID]heuristics.ProcessSample) {
	out := heuristics.Snapshot{Time: s.Time, Cores: s.Cores, Gaps: s.Gaps}
	if !e.begun {
		e.begun, e.from = true, s.At
		for id, p := range known {
			if e.mine(&p) {
				e.told[id] = true
				out.Processes = append(out.Processes, p)
			}
		}
		sortProcesses(out.Processes)
	} else {
		for _, p := range s.Processes {
			whole := known[p.ID]
			if !e.mine(&whole) {
				continue
			}
			if !e.told[p.ID] {
				p, e.told[p.ID] = whole, true
			}
			out.Processes = append(out.Processes, p)
		}
	}
	out.At = s.At - e.from
	for _, id := range s.Exited {
		if e.told[id] {
			out.Exited = append(out.Exited, id)
			delete(e.told, id)
		}
	}
	e.mu.Lock()
	out.Renderers, e.answers = e.answers, nil
	e.mu.Unlock()
	select {
	case e.snapshots <- out:
	default: // who is two minutes late has no use for more
	}
}

// mine reports whether a process belongs to the browser.
func (e *eye) mine(p *heuristics.ProcessSample) bool {
	return p.ID.PID == e.root || p.Info != nil && p.Info.Browser != nil && p.Info.Browser.Root.PID == e.root
}

// source yields what the eye sees until it is closed.
func (e *eye) source() pipeline.Source {
	return func(ctx context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			for {
				select {
				case <-ctx.Done():
					return
				case s, ok := <-e.snapshots:
					if !ok || !yield(s, nil) {
						return
					}
				}
			}
		}
	}
}

// sortProcesses gives processes an order, so that a recording does not differ from run to run.
func sortProcesses(p []heuristics.ProcessSample) {
	slices.SortFunc(p, func(a, b heuristics.ProcessSample) int {
		return cmp.Or(cmp.Compare(a.ID.PID, b.ID.PID), cmp.Compare(a.ID.StartTime, b.ID.StartTime))
	})
}
