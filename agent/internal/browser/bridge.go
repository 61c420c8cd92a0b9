package browser

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/heuristics"
)

// The bridge's limits: it serves whoever may start a program here.
const (
	maxHosts       = 128 // native messaging hosts in all
	maxHostsOfUser = 16  // of one user
	maxQueued      = 32  // questions that a host has not taken yet
	maxOpen        = 512 // questions that wait for an answer
	maxRecent      = 1024
	maxUncollected = 256                     // answers that the sampler has not taken yet
	answerWithin   = 4500 * time.Millisecond // Firefox looks into its pages, and some hang
	othersWithin   = 500 * time.Millisecond  // the other profiles, once one has named frames
	askAgainAfter  = 5 * time.Second
	actWithin      = 5 * time.Second
	lookEvery      = 100 * time.Millisecond
)

// Bridge asks browser extensions, through their native messaging hosts, which frames live in a renderer process. It is
// safe for concurrent use.
//
// Several profiles of one browser share its root process and its numbers of renderers, and each has a host of its own:
// every host under a root is asked. A host that does not answer delays nobody and nothing.
type Bridge struct {
	log   *zap.Logger
	alive func(heuristics.ProcessID) bool

	mu       sync.Mutex
	hosts    map[int32]*attached
	open     map[int64]*exchange
	recent   map[rendererOf]struct{}             // asked less than askAgainAfter ago
	process  map[rendererOf]heuristics.ProcessID // of the renderers asked about
	answered []heuristics.Renderer
	lastID   int64
	machine  *machine // nil: nothing is measured
}

// rendererOf names a renderer process as its browser does.
type rendererOf struct {
	root     heuristics.ProcessID
	renderer int
}

// attached is one host with an open stream of questions.
type attached struct {
	HostPeer
	questions  chan api.Question
	extension  string
	browser    string // geckoBrowser or ""
	measures   bool   // pages can be taken through the memory step
	gate       gate
	trust      trust
	waits      bool                  // no check for now
	held       []heuristics.Renderer // until the check is over
	searching  bool
	stray      int  // answers thrown away
	complained bool // about them
}

// exchange is one question to all hosts of a root, until each has answered or its time is over.
type exchange struct {
	waiting map[*attached]struct{}
	silent  int // hosts that will not answer
	gone    int // those of them that went away meanwhile
	// only is the one host that is asked; nil means every host of the root.
	only *attached
	// accept takes one host's answer and reports whether it is one to this question.
	accept func(*attached, api.Answer) bool
	// end is called once, with the lock held.
	end   func(x *exchange)
	timer *time.Timer
}

// NewBridge returns a bridge without hosts.
func NewBridge(log *zap.Logger) *Bridge {
	return &Bridge{
		log: log, alive: alive,
		hosts: map[int32]*attached{}, open: map[int64]*exchange{},
		recent: map[rendererOf]struct{}{}, process: map[rendererOf]heuristics.ProcessID{},
	}
}

// Attach opens the stream of questions to a host. The channel is closed when the host is attached anew; detach must be
// called when the host is gone, and may be called twice.
func (b *Bridge) Attach(peer HostPeer) (questions <-chan api.Question, detach func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.hosts[peer.PID]; old != nil {
		b.detach(old) // it came back before its old stream was seen to end
	}
	ofUser := 0
	for _, h := range b.hosts {
		if h.User == peer.User {
			ofUser++
		}
	}
	if ofUser >= maxHostsOfUser || len(b.hosts) >= maxHosts {
		return nil, nil, errors.New("too many browser profiles are connected; close some")
	}
	h := &attached{HostPeer: peer, questions: make(chan api.Question, maxQueued)}
	b.hosts[peer.PID] = h
	return h.questions, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.detach(h)
	}, nil
}

// detach forgets a host. The caller holds the lock.
func (b *Bridge) detach(h *attached) {
	if b.hosts[h.PID] != h {
		return
	}
	delete(b.hosts, h.PID)
	close(h.questions)
	if h.stray > 0 {
		b.log.Debug("a browser's host is gone", zap.Int32("pid", h.PID), zap.Int("answers_dropped", h.stray))
	}
	for id, x := range b.open {
		if _, ok := x.waiting[h]; ok {
			delete(x.waiting, h)
			x.silent++
			x.gone++
			b.settle(id, x)
		}
	}
}

// Answer takes what the extension behind the host with this pid said. It returns an error if it was thrown away.
func (b *Bridge) Answer(pid int32, said api.Answer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[pid]
	if h == nil {
		return errors.New("open the stream of questions first")
	}
	if !h.gate.admit() {
		return b.refuse(h, fmt.Errorf("more than %d answers a second", maxPerSecond))
	}
	a, err := cleanAnswer(said)
	if err != nil {
		return b.refuse(h, err)
	}
	if a.Type == "hello" {
		h.extension, h.browser, h.measures = a.Extension, a.Browser, a.Measures || a.Browser == geckoBrowser
		return nil
	}
	x := b.open[a.ID]
	if x == nil {
		return b.refuse(h, errors.New("an answer to a question never asked, or too late"))
	}
	if _, asked := x.waiting[h]; !asked || !x.accept(h, a) {
		return b.refuse(h, errors.New("an answer to another question"))
	}
	delete(x.waiting, h)
	if len(a.Frames) > 0 {
		x.timer.Reset(othersWithin)
	}
	b.settle(a.ID, x)
	return nil
}

// Refuse notes that a host sent what is no answer at all.
func (b *Bridge) Refuse(pid int32, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h := b.hosts[pid]; h != nil { // of strangers there is nothing to say
		_ = b.refuse(h, why)
	}
}

// refuse counts an answer thrown away and says so once a host: a line a message would fill the log. The caller holds
// the lock.
func (b *Bridge) refuse(h *attached, err error) error {
	h.stray++
	if !h.complained {
		h.complained = true
		b.log.Warn("dropping answers of a browser's extension; further ones are only counted",
			zap.String("browser", h.Browser), zap.Int32("pid", h.PID), zap.Error(err))
	}
	return err
}

// Ask asks who lives in a renderer process: p, a process of the browser root, which numbers it renderer. It never
// blocks. The answer comes by Answers within answerWithin, or never. A renderer asked about in the last five seconds is
// not asked again.
func (b *Bridge) Ask(p, root heuristics.ProcessID, renderer int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := rendererOf{root, renderer}
	if _, asked := b.recent[key]; asked || renderer <= 0 || renderer > maxRenderer || len(b.recent) >= maxRecent {
		return
	}
	got := heuristics.Renderer{Process: p}
	var from *attached // who named somebody, or at least answered
	x := b.send(root, api.Question{Type: "who", Renderer: renderer}, answerWithin, &exchange{
		accept: func(h *attached, a api.Answer) bool {
			if a.Type != "frames" || a.Renderer != renderer {
				return false
			}
			got.Frames = append(got.Frames, framesOf(a.Frames)...)
			got.LastOrigin = cmp.Or(got.LastOrigin, a.Last)
			if len(a.Frames) > 0 {
				got.User = heuristics.Presence(a.User)
			}
			if from == nil || len(a.Frames) > 0 {
				from = h
			}
			return true
		},
		end: func(x *exchange) {
			// A renderer belongs to one profile. Once that one answered, the silence of others does not matter; until
			// then "nobody lives there" would be a guess.
			if len(got.Frames) > 0 || got.LastOrigin != "" || x.silent == 0 {
				b.deliver(from, got)
			}
			if from != nil && len(got.Frames) == 0 {
				b.searchLater(from)
			}
		},
	})
	if x == nil {
		return // nobody to ask, so a host that comes in a second is asked then
	}
	b.recent[key] = struct{}{}
	if len(b.process) >= maxRecent {
		clear(b.process) // those that matter are asked again soon
	}
	b.process[key] = p
	time.AfterFunc(askAgainAfter, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.recent, key)
	})
}

func framesOf(frames []api.Frame) []heuristics.Frame {
	out := make([]heuristics.Frame, 0, len(frames))
	for _, f := range frames {
		out = append(out, heuristics.Frame{
			Tab: f.Tab, Frame: f.Frame, Origin: f.Origin, TopOrigin: f.Top, Hidden: f.Hidden, Audible: f.Audible,
			Focused: f.Focused, FullScreen: f.FullScreen,
		})
	}
	return out
}

// Answers returns what was answered since the last call, oldest first.
func (b *Bridge) Answers() []heuristics.Renderer {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.answered
	b.answered = nil
	return out
}

// Status returns the connected extensions of one user, or of all if user is "", in the order of the browsers' pids.
func (b *Bridge) Status(user string) []api.BrowserStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []api.BrowserStatus{}
	for _, h := range b.hosts {
		if user == "" || h.User == user {
			out = append(out, api.BrowserStatus{Name: h.Browser, PID: h.Root.PID, Extension: h.extension})
		}
	}
	slices.SortFunc(out, func(x, y api.BrowserStatus) int {
		return cmp.Or(cmp.Compare(x.PID, y.PID), cmp.Compare(x.Extension, y.Extension))
	})
	return out
}

// send puts a question to every host of a root, and returns nil if there is none or too much is open already. x ends
// when all answered, or after the time. The caller holds the lock.
func (b *Bridge) send(root heuristics.ProcessID, q api.Question, within time.Duration, x *exchange) *exchange {
	if len(b.open) >= maxOpen {
		return nil
	}
	b.lastID++
	id := b.lastID
	q.V, q.ID = protocolVersion, id
	x.waiting = map[*attached]struct{}{}
	for _, h := range b.hosts {
		if h.Root != root || (x.only != nil && x.only != h) {
			continue
		}
		select {
		case h.questions <- q:
			x.waiting[h] = struct{}{}
		default:
			x.silent++ // it takes no questions any more
		}
	}
	if len(x.waiting)+x.silent == 0 {
		return nil
	}
	b.open[id] = x
	x.timer = time.AfterFunc(within, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		x.silent += len(x.waiting)
		clear(x.waiting)
		b.settle(id, x)
	})
	b.settle(id, x)
	return x
}

// settle ends an exchange when nobody is waited for. The caller holds the lock.
func (b *Bridge) settle(id int64, x *exchange) {
	if len(x.waiting) > 0 || b.open[id] != x {
		return
	}
	delete(b.open, id)
	x.timer.Stop()
	x.end(x)
}
