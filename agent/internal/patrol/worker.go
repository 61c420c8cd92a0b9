package patrol

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/check/report"
	"github.com/minewatch/minewatch/agent/internal/patrol/list"
	"github.com/minewatch/minewatch/agent/internal/patrol/queue"
	"github.com/minewatch/minewatch/agent/internal/patrol/results"
	"github.com/minewatch/minewatch/agent/internal/patrol/robots"
)

// Robot is the name by which robots.txt may speak of a patrol.
const Robot = "minewatch-patrol"

// Limits of a worker.
const (
	maxTries    = 3
	maxHeld     = 64               // tasks whose host is busy, in hand
	manyFor     = 5 * time.Minute  // then what must be done alone has its turn
	visitsEach  = 40               // pages that one browser opens before another takes its place
	graceOfHung = 15 * time.Second // after its limit a visit's browser is given up
	retryAfter  = 5 * time.Second  // a page that did not answer is asked again
	maxEvidence = 32 << 20         // bytes of one file of evidence
)

// Visitor is a browser that opens pages, one at a time. check.Checker is one.
type Visitor interface {
	Visit(ctx context.Context, address string, how check.How) check.Visit
	// Product is its name and version.
	Product() string
	// Ended reports whether it is gone and another must be opened.
	Ended() bool
	Close()
}

// Opener opens a browser.
type Opener func(ctx context.Context, o check.Options) (Visitor, error)

// WorkerOptions are of one worker.
type WorkerOptions struct {
	// Open opens a browser.
	Open Opener
	// Browser is the browser's file, empty for the first that is found; Flags are further flags of it.
	Browser string
	Flags   []string
	// Most is how many pages may be open at one time; how many are is decided by load and memory. Default 4 a core.
	Most int
	// Proxy is the address of a proxy for everything that is asked of sites.
	Proxy string
	// AllowPrivate lets pages lead to addresses that are not public. It is this worker's word, whatever a list says.
	AllowPrivate bool
	// Name is the worker's own in answers. Default the machine's.
	Name string
	Log  *zap.Logger
	// Opened, if set, is told how many pages are open when that changes.
	Opened func(int)
}

// Worker makes visits.
type Worker struct {
	queue   *queue.Queue
	o       WorkerOptions
	client  *http.Client
	hosts   *hostLimiter
	opening *loadLimiter

	mu     sync.Mutex
	runs   map[string]*results.Run
	askers map[string]*robots.Asker // by contact: it is told to sites
	idle   []*slot
	open   int
}

// slot is a place for a browser.
type slot struct {
	visitor Visitor
	run     string
	visits  int
}

// NewWorker returns a worker on a queue.
func NewWorker(q *queue.Queue, o WorkerOptions) (*Worker, error) {
	client, err := NewClient(o.Proxy, o.AllowPrivate)
	if err != nil {
		return nil, err
	}
	if o.Most <= 0 {
		o.Most = 4 * runtime.NumCPU()
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Name == "" {
		o.Name, err = os.Hostname()
		if err != nil {
			o.Name = "unnamed"
		}
	}
	return &Worker{
		queue: q, o: o, client: client, hosts: newHostLimiter(q), opening: newLoadLimiter(runtime.NumCPU(), o.Most), runs: map[string]*results.Run{}, askers: map[string]*robots.Asker{},
	}, nil
}

// UserAgent is what sites are told.
func UserAgent(contact string) string {
	return fmt.Sprintf("Mozilla/5.0 (compatible; %s/%s; +%s)", Robot, buildinfo.Version, contact)
}

// Run works until the context ends. The error is one that no other try mends: no browser, no queue.
func (w *Worker) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() { w.opening.watch(ctx, w.opened) })
	defer w.closeIdle()
	if err := w.tryBrowser(ctx); err != nil {
		return err
	}
	var held []*held
	defer func() {
		for _, h := range held {
			h.give()
		}
	}()
	for ctx.Err() == nil {
		var err error
		if held, err = w.many(ctx, held); err != nil {
			return err
		}
		if err := w.alone(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tryBrowser opens one browser: that there is none is said at once, and not ten thousand times.
func (w *Worker) tryBrowser(ctx context.Context) error {
	v, err := w.o.Open(ctx, check.Options{Program: w.o.Browser, Flags: w.o.Flags, Proxy: w.o.Proxy, AllowPrivate: w.o.AllowPrivate, Log: w.o.Log})
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("no browser can be started: %w", err)
	}
	v.Close()
	return nil
}

// held is a task whose host is busy.
type held struct {
	task *queue.Task
	stop func()
	host string
	at   time.Time // when to ask again
}

func (h *held) give() {
	h.stop()
	h.task.Later(0)
}

// many makes visits beside each other until there are none, or it is time for those to be made alone. It returns the tasks
// that it still has in hand.
func (w *Worker) many(ctx context.Context, waiting []*held) ([]*held, error) {
	var all sync.WaitGroup
	defer all.Wait()
	done := make(chan struct{}, w.o.Most)
	end := time.Now().Add(manyFor)
	for ctx.Err() == nil && time.Now().Before(end) {
		if w.opened() >= w.opening.Limit() {
			w.sleep(ctx, done, time.Second)
			continue
		}
		t, p, soonest, err := w.pick(ctx, &waiting)
		if err != nil {
			return waiting, err
		}
		if t == nil && len(waiting) < maxHeld {
			// While others are open or wait, an empty queue is asked again soon: they may bring the next.
			patience := time.Second
			if len(waiting) > 0 {
				patience = min(patience, max(10*time.Millisecond, time.Until(soonest)))
			}
			task, err := w.queue.Next(ctx, queue.Many, patience)
			if err != nil {
				if ctx.Err() != nil {
					break
				}
				return waiting, err
			}
			if task == nil {
				if len(waiting) == 0 && w.opened() == 0 {
					break
				}
				continue
			}
			t = &held{task: task, stop: task.Hold()}
			var ready bool
			if p, ready, err = w.admit(ctx, t); err != nil {
				return append(waiting, t), err
			}
			if !ready {
				if t.host != "" {
					waiting = append(waiting, t)
				}
				continue
			}
		}
		if t == nil {
			w.sleep(ctx, done, time.Until(soonest))
			continue
		}
		s := w.take()
		all.Go(func() {
			defer func() { done <- struct{}{} }()
			w.do(ctx, s, t, p)
			w.back(s)
		})
	}
	return waiting, nil
}

func (*Worker) sleep(ctx context.Context, done <-chan struct{}, length time.Duration) {
	t := time.NewTimer(max(10*time.Millisecond, length))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-done:
	case <-t.C:
	}
}

// pick returns a task in hand whose host is free now, or when the first may be.
func (w *Worker) pick(ctx context.Context, waiting *[]*held) (*held, *hostPlace, time.Time, error) {
	soonest := time.Now().Add(time.Second)
	for i, h := range *waiting {
		if time.Now().Before(h.at) {
			if h.at.Before(soonest) {
				soonest = h.at
			}
			continue
		}
		p, ready, err := w.admit(ctx, h)
		if err != nil {
			return nil, nil, soonest, err
		}
		if ready || h.host == "" {
			*waiting = slices.Delete(*waiting, i, i+1)
			if !ready {
				return w.pick(ctx, waiting)
			}
			return h, p, soonest, nil
		}
	}
	return nil, nil, soonest, nil
}

// admit asks for a place at a task's host. A task of a run that is over is taken out of the queue: its host is then "".
func (w *Worker) admit(ctx context.Context, h *held) (*hostPlace, bool, error) {
	run, task, err := w.read(ctx, h.task)
	if err != nil {
		return nil, false, err
	}
	if run == nil {
		h.stop()
		h.task.Done(ctx)
		h.host = ""
		return nil, false, nil
	}
	h.host = cmp.Or(check.HostOf(task.URL), "?")
	p, at, err := w.hosts.enter(ctx, h.host, max(1, run.HostPages), limitOf(run, task)+graceOfHung+run.HostDelay)
	if err != nil && ctx.Err() == nil {
		return nil, false, err
	}
	h.at = at
	return p, p != nil, nil
}

// alone makes, one after the other, the visits that need the machine for themselves.
func (w *Worker) alone(ctx context.Context) error {
	for ctx.Err() == nil {
		task, err := w.queue.Next(ctx, queue.Alone, 100*time.Millisecond)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if task == nil {
			return nil
		}
		h := &held{task: task, stop: task.Hold()}
		p, ready, err := w.admit(ctx, h)
		switch {
		case ready:
			s := w.take()
			w.do(ctx, s, h, p)
			w.back(s)
		case err != nil:
			h.give()
			return err
		case h.host != "": // its host is busy: others have their turn
			h.stop()
			h.task.Later(max(100*time.Millisecond, time.Until(h.at)))
		}
	}
	return nil
}

func (w *Worker) opened() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open
}

func (w *Worker) take() *slot {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open++
	if w.o.Opened != nil {
		w.o.Opened(w.open)
	}
	if n := len(w.idle); n > 0 {
		s := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return s
	}
	return &slot{}
}

func (w *Worker) back(s *slot) {
	w.mu.Lock()
	w.open--
	if w.o.Opened != nil {
		w.o.Opened(w.open)
	}
	spare := len(w.idle)+w.open >= w.opening.Limit()
	if !spare {
		w.idle = append(w.idle, s)
	}
	w.mu.Unlock()
	if spare {
		s.close()
	}
}

func (w *Worker) closeIdle() {
	w.mu.Lock()
	idle := w.idle
	w.idle = nil
	w.mu.Unlock()
	for _, s := range idle {
		s.close()
	}
}

func (s *slot) close() {
	if s.visitor != nil {
		s.visitor.Close()
		s.visitor = nil
	}
}

// read returns the run and the content of a task; no run if it is over.
func (w *Worker) read(ctx context.Context, t *queue.Task) (*results.Run, *results.Task, error) {
	w.mu.Lock()
	run := w.runs[t.Key.Run]
	w.mu.Unlock()
	if run == nil {
		text, err := w.queue.Run(ctx, t.Key.Run)
		if err != nil || text == nil {
			return nil, nil, err
		}
		run = &results.Run{}
		if json.Unmarshal(text, run) != nil {
			return nil, nil, nil //nolint:nilnil // it is no run of ours
		}
		w.mu.Lock()
		w.runs[t.Key.Run] = run
		w.mu.Unlock()
	}
	var task results.Task
	if json.Unmarshal(t.Data, &task) != nil || task.Visit != t.Key.Visit {
		return nil, nil, nil //nolint:nilnil // it is no task of ours
	}
	return run, &task, nil
}

func limitOf(run *results.Run, t *results.Task) time.Duration {
	if t.Long {
		return run.Long.Limit()
	}
	return run.Quick.Limit()
}

// try is what is known of the tries of a task. It is written before a page is opened, so that a page which ends this very
// process is known by it.
type try struct {
	N int `json:"n"`
	// Alone says that the next try is made with nothing beside it: it may have been this page that ended a worker or a
	// browser, and others would count a try with it.
	Alone  bool         `json:"alone,omitempty"`
	Reason check.Reason `json:"reason,omitempty"`
	Detail string       `json:"detail,omitempty"`
}

// do makes a visit, keeps its answer and puts the next visit of the page into the queue. Whatever fails on the way, the
// task comes back and goes on from what is kept.
func (w *Worker) do(ctx context.Context, s *slot, h *held, p *hostPlace) {
	defer h.stop()
	run, task, err := w.read(ctx, h.task)
	if err != nil || run == nil {
		p.leave(ctx, 0)
		h.task.Later(retryAfter)
		return
	}
	delay, err := w.step(ctx, s, h.task, run, task)
	p.leave(ctx, delay)
	if err != nil {
		if ctx.Err() == nil {
			w.o.Log.Warn("a visit is made again", zap.String("task", h.task.Key.String()), zap.Error(err))
		}
		h.task.Later(0)
	}
}

// errLater says that the task was given back.
var errLater = errors.New("later")

// step is do without what is done in any case. It returns how long the host is to be left alone.
func (w *Worker) step(ctx context.Context, s *slot, t *queue.Task, run *results.Run, task *results.Task) (time.Duration, error) {
	kept, err := w.queue.Answered(ctx, t.Key)
	if err != nil {
		return 0, err
	}
	var delay time.Duration
	if kept == nil {
		a, pause, err := w.answer(ctx, s, t, run, task)
		delay = pause
		if errors.Is(err, errLater) {
			return delay, nil
		}
		if err != nil {
			return delay, err
		}
		packed, err := results.Pack(a, queue.MaxAnswer)
		if err != nil {
			a.Visit, a.Files, a.Next = check.NotKnown(check.TooMuch, err.Error()), nil, nil
			packed, err = results.Pack(a, queue.MaxAnswer)
		}
		if err != nil {
			return delay, err
		}
		if kept, err = w.queue.Answer(ctx, t.Key, packed); err != nil {
			return delay, err
		}
	}
	// The answer that is kept says how it goes on, whoever gave it.
	a, err := results.Unpack(kept)
	if err != nil { // it will not get better; whoever collects it says so
		w.o.Log.Warn("an answer that is kept cannot be read", zap.String("task", t.Key.String()), zap.Error(err))
		t.Done(ctx)
		return delay, nil
	}
	if a.Next != nil {
		data, err := json.Marshal(a.Next)
		if err != nil {
			return delay, err
		}
		lane := queue.Many
		if a.Next.Long {
			lane = queue.Alone
		}
		if err := w.queue.Add(ctx, lane, queue.Key{Run: t.Key.Run, Page: t.Key.Page, Visit: a.Next.Visit}, data); err != nil {
			return delay, err
		}
	}
	t.Done(ctx)
	return delay, nil
}

// answer makes a visit, if the page may be visited and was not tried too often.
func (w *Worker) answer(ctx context.Context, s *slot, t *queue.Task, run *results.Run, task *results.Task) (*results.Answer, time.Duration, error) {
	a := &results.Answer{Task: *task, Began: time.Now().UTC().Truncate(time.Millisecond), Worker: w.o.Name, Robots: results.RobotsNotAsked}
	if _, _, refused := list.Canonical(task.URL, list.Options{AllowPrivate: w.o.AllowPrivate}); refused != "" {
		a.Visit = check.NotKnown(check.Refused, "the address is not to be opened ("+string(refused)+")")
		return a, 0, nil
	}
	tried, err := w.tries(ctx, t)
	if err != nil {
		return nil, 0, err
	}
	a.Tries = tried.N
	if tried.N >= maxTries {
		a.Visit = check.NotKnown(cmp.Or(tried.Reason, check.EndedEarly), fmt.Sprintf("set aside after %d tries: %s", tried.N, tried.Detail))
		return a, 0, nil
	}
	if tried.Alone && t.Lane == queue.Many {
		if err := w.queue.Add(ctx, queue.Alone, t.Key, t.Data); err != nil {
			return nil, 0, err
		}
		t.Done(ctx)
		return nil, 0, errLater
	}
	delay := run.HostDelay
	if run.Authority == "" {
		asked, ok, err := w.mayOpen(ctx, run, task.URL, a)
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			return a, delay, nil
		}
		delay = max(delay, asked)
	}
	if err := w.setTry(ctx, t, &try{tried.N + 1, true, check.EndedEarly, "its worker ended while the page was open"}); err != nil {
		return nil, 0, err
	}
	a.Tries++
	if err := w.visit(ctx, s, t, run, task, a); err != nil && ctx.Err() == nil {
		// Such as a full disk: another try is made, but not for ever.
		w.o.Log.Warn("a visit could not be kept", zap.String("task", t.Key.String()), zap.Error(err))
		a.Visit = check.NotKnown(check.EndedEarly, "the worker could not keep it: "+err.Error())
		a.Files = nil
	}
	if ctx.Err() != nil { // it was broken off from here: that is no try
		return nil, delay, errors.Join(ctx.Err(), w.setTry(context.WithoutCancel(ctx), t, tried))
	}
	if again, alone := worthAnother(a.Visit.Reason); again && a.Visit.Verdict == check.Unknown {
		if a.Tries < maxTries {
			if err := w.setTry(ctx, t, &try{a.Tries, alone, a.Visit.Reason, a.Visit.Detail}); err != nil {
				return nil, delay, err
			}
			t.Later(retryAfter)
			return nil, delay, errLater
		}
		a.Visit.Detail = fmt.Sprintf("set aside after %d tries: %s", a.Tries, a.Visit.Detail)
	}
	a.Next = next(run, a)
	return a, delay, nil
}

// worthAnother reports whether another try may bring more, and whether it must be made with nothing beside it.
func worthAnother(r check.Reason) (again, alone bool) {
	switch r {
	case check.NoBrowser, check.EndedEarly:
		return true, true
	case check.NotLoaded, check.TimedOut:
		return true, false
	case check.Refused, check.Blocked, check.AsksToLogIn, check.TooMuch, check.NotSeen:
	}
	return false, false
}

// next is the visit after this one. A page that was suspected at its nth visit gets up to n long ones: what is shown to
// every third visitor must be given its turn again.
func next(run *results.Run, a *results.Answer) *results.Task {
	t, v := &a.Task, &a.Visit
	switch {
	case !t.Long && v.Suspect:
		return &results.Task{URL: t.URL, Visit: t.Visit + 1, Long: true, Left: t.Visit - 1}
	case !t.Long && v.Verdict == check.NothingFound && t.Visit < run.Visits:
		return &results.Task{URL: t.URL, Visit: t.Visit + 1}
	case t.Long && t.Left > 0 && v.Verdict != check.MiningLike:
		return &results.Task{URL: t.URL, Visit: t.Visit + 1, Long: true, Left: t.Left - 1}
	}
	return nil
}

// mayOpen asks the site, and fills the answer if it says no.
func (w *Worker) mayOpen(ctx context.Context, run *results.Run, address string, a *results.Answer) (time.Duration, bool, error) {
	w.mu.Lock()
	asker := w.askers[run.Contact]
	if asker == nil {
		asker = robots.NewAsker(w.client, Robot, UserAgent(run.Contact))
		w.askers[run.Contact] = asker
	}
	w.mu.Unlock()
	allowed, delay, err := asker.Ask(ctx, address)
	switch {
	case ctx.Err() != nil:
		return 0, false, ctx.Err()
	case errors.Is(err, check.ErrPrivate):
		a.Robots, a.Visit = results.RobotsUnknown, check.NotKnown(check.Refused, "it leads to an address that is not public")
	case err != nil:
		a.Robots, a.Visit = results.RobotsUnknown, check.NotKnown(check.NotLoaded, err.Error())
	case !allowed:
		a.Robots, a.Visit = results.RobotsRefused, check.NotKnown(check.Refused, "robots.txt asks robots not to open it")
	default:
		a.Robots = results.RobotsAllowed
		return delay, true, nil
	}
	return 0, false, nil
}

func (w *Worker) tries(ctx context.Context, t *queue.Task) (*try, error) {
	text, err := w.queue.Try(ctx, t.Key)
	if err != nil {
		return nil, err
	}
	var known try
	if text != nil {
		_ = json.Unmarshal(text, &known) // what cannot be read is no try
	}
	return &known, nil
}

func (w *Worker) setTry(ctx context.Context, t *queue.Task, one *try) error {
	text, err := json.Marshal(one)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return w.queue.SetTry(ctx, t.Key, text)
}

// visit opens the page in the slot's browser. The error is of this worker, not of the page.
func (w *Worker) visit(ctx context.Context, s *slot, t *queue.Task, run *results.Run, task *results.Task, a *results.Answer) error {
	if err := w.ready(ctx, s, run); err != nil {
		a.Visit = check.NotKnown(check.NoBrowser, err.Error())
		return nil
	}
	a.Browser = s.visitor.Product()
	plan := run.Quick
	if task.Long {
		plan = run.Long
	}
	how := check.How{Load: plan.Load, Front: plan.Front, Hidden: plan.Hidden, WaitFor: plan.WaitFor, Click: plan.Click, ClickIfThere: true, Quick: !task.Long, Screenshot: task.Long}
	var recording string
	if task.Long {
		dir, err := os.MkdirTemp("", "minewatch-patrol-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		recording = filepath.Join(dir, "recording.trace.zst")
		f, err := os.OpenFile(recording, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		how.Record = f
	}
	v, hung := bounded(ctx, s.visitor, task.URL, how, limitOf(run, task))
	a.Visit = v
	s.visits++
	switch {
	case hung:
		go s.visitor.Close() // it may take its time
		s.visitor = nil
	case s.visitor.Ended() || v.Reason == check.NoBrowser || v.Reason == check.EndedEarly || v.Reason == check.TooMuch || s.visits >= visitsEach || w.opening.DiskFull():
		s.close()
	}
	if task.Long && v.Verdict.Found() {
		return w.keepEvidence(ctx, t, task, a, recording)
	}
	return nil
}

// ready sees that the slot has a browser that tells sites this run's contact.
func (w *Worker) ready(ctx context.Context, s *slot, run *results.Run) error {
	if s.visitor != nil && (s.run != run.ID || s.visitor.Ended()) {
		s.close()
	}
	if s.visitor != nil {
		return nil
	}
	v, err := w.o.Open(ctx, check.Options{
		Program: w.o.Browser, Flags: w.o.Flags, UserAgent: UserAgent(run.Contact), Proxy: w.o.Proxy, AllowPrivate: w.o.AllowPrivate,
		MaxBytes: run.MaxBytes, MaxMemory: run.MaxMemory, Log: w.o.Log,
	})
	if err != nil {
		return err
	}
	*s = slot{visitor: v, run: run.ID}
	return nil
}

// bounded is a visit that comes to an end, whatever the browser does. hung says that it must not be used again.
func bounded(ctx context.Context, v Visitor, address string, how check.How, limit time.Duration) (out check.Visit, hung bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan check.Visit, 1)
	go func() { done <- v.Visit(ctx, address, how) }()
	select {
	case out = <-done:
		return out, false
	case <-ctx.Done():
	}
	t := time.NewTimer(graceOfHung)
	defer t.Stop()
	select {
	case out = <-done:
		return out, false
	case <-t.C:
		return check.NotKnown(check.NoBrowser, "the browser stopped answering"), true
	}
}

// keepEvidence puts the evidence of a finding into the queue, from where the run's own machine takes it.
func (w *Worker) keepEvidence(ctx context.Context, t *queue.Task, task *results.Task, a *results.Answer, recording string) error {
	visit, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		return err
	}
	var har bytes.Buffer
	if err := report.HAR(&har, []check.Page{check.Sum(task.URL, a.Began, a.Browser, []check.Visit{a.Visit})}); err != nil {
		return err
	}
	trace, err := os.ReadFile(recording)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"visit.json", visit}, {"screenshot.png", a.Visit.Screenshot}, {"requests.har", har.Bytes()}, {"recording.trace.zst", trace}} {
		if len(f.data) == 0 || len(f.data) > maxEvidence {
			continue
		}
		sum := sha256.Sum256(f.data)
		one := results.File{Name: f.name, Bytes: len(f.data), SHA256: hex.EncodeToString(sum[:])}
		if err := w.queue.PutFile(ctx, t.Key, one.SHA256, f.data); err != nil {
			return err
		}
		a.Files = append(a.Files, one)
	}
	return nil
}
