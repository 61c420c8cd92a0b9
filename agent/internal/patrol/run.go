package patrol

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/patrol/list"
	"github.com/minewatch/minewatch/agent/internal/patrol/queue"
	"github.com/minewatch/minewatch/agent/internal/patrol/results"
)

const (
	// ahead is how many pages without a final word are in the queue at the most: a million need not lie there at once.
	ahead = 4096
	batch = 256
	// repairEvery is how often it is looked at whether each page without a final word is still in the queue.
	repairEvery = 10 * time.Minute
)

// Options are of a run.
type Options struct {
	// Dir is the run's folder. If it holds an unfinished run of the same list, that one goes on, with its own settings.
	Dir  string
	List *list.List
	// Settings are those of a new run; ID, list and time are filled in.
	Settings results.Run
	// NATS are the addresses of a cluster; empty for a queue in this process.
	NATS  string
	Queue queue.Options
	// Worker makes visits in this process; nil if only others do.
	Worker *WorkerOptions
	// Progress, if set, is told how far the run is, once a second and at each page. It must return soon.
	Progress func(*Progress)
	Log      *zap.Logger
}

// Progress is how far a run is.
type Progress struct {
	Run         *results.Run
	Resumed     bool
	Done, Total int
	// DoneBefore is what a process before this one did; Since when this one began.
	DoneBefore int
	Since      time.Time
	Counts     map[check.Verdict]int
	// Open is how many pages are open in this process.
	Open int
	// Last is the page that was finished just now, nil if none was.
	Last *results.Page
}

// Outcome is a run at its end.
type Outcome struct {
	Run    *results.Run
	Counts map[check.Verdict]int
	// Head is the hash of the last line of the log of evidence.
	Head string
	// Already reports that the run had come to its end before.
	Already bool
}

// coordinator leads a run.
type coordinator struct {
	o        *Options
	run      *results.Run
	queue    *queue.Queue
	store    *results.Store
	evidence *results.Evidence
	progress Progress
	mu       sync.Mutex // guards progress
	open     atomic.Int32
	finished chan struct{} // a page got its final word
	done     atomic.Int64
}

// Run leads a run to its end. When the context ends before, or the process is killed, the next call goes on.
func Run(ctx context.Context, o *Options) (out *Outcome, err error) {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if len(o.List.Pages) == 0 {
		return nil, errors.New("the list holds no page that can be visited")
	}
	unlock, err := lock(o.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	c := &coordinator{o: o, finished: make(chan struct{}, 1)}
	if c.store, err = results.Open(ctx, o.Dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.store.Close()) }()
	state, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	if c.evidence, err = results.OpenEvidence(o.Dir, c.run); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.evidence.Close()) }()
	if !state.Ended {
		if err := c.work(ctx, state); err != nil {
			return nil, err
		}
	}
	return c.end(ctx, state.Ended)
}

// lock keeps other processes out of a run's folder. The system takes it away when this process ends, however it ends.
func lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use by another minewatch-patrol", dir), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// begin reads what the folder holds, or begins a new run.
func (c *coordinator) begin(ctx context.Context) (results.State, error) {
	run, state, err := c.store.Run(ctx)
	if err != nil {
		return state, err
	}
	resumed := run != nil
	if run == nil {
		r := c.o.Settings
		id := make([]byte, 4)
		if _, err := rand.Read(id); err != nil {
			return state, err
		}
		r.List, r.Pages, r.Began = c.o.List.ID, len(c.o.List.Pages), time.Now().UTC().Truncate(time.Second)
		r.ID = r.List + "-" + hex.EncodeToString(id)
		if err := c.store.Begin(ctx, &r); err != nil {
			return state, err
		}
		run = &r
	}
	if run.List != c.o.List.ID {
		return state, fmt.Errorf("%s holds a run of another list; name another folder with --out", c.o.Dir)
	}
	counts, err := c.store.Counts(ctx)
	if err != nil {
		return state, err
	}
	c.run = run
	for _, n := range counts {
		c.progress.Done += n
	}
	c.done.Store(int64(c.progress.Done))
	c.progress.Run, c.progress.Resumed, c.progress.DoneBefore = run, resumed, c.progress.Done
	c.progress.Total, c.progress.Counts, c.progress.Since = run.Pages, counts, time.Now()
	return state, nil
}

// work queues pages, makes visits and collects answers until every page has its final word.
func (c *coordinator) work(ctx context.Context, state results.State) (err error) {
	if c.o.NATS != "" {
		c.queue, err = queue.Connect(ctx, c.o.NATS, c.o.Queue)
	} else {
		c.queue, err = queue.Embed(ctx, filepath.Join(c.o.Dir, "queue"), c.o.Queue)
	}
	if err != nil {
		return err
	}
	defer c.queue.Close()
	text, err := json.Marshal(c.run)
	if err != nil {
		return err
	}
	if err := c.queue.SetRun(ctx, c.run.ID, text); err != nil {
		return fmt.Errorf("the queue takes nothing: %w", err)
	}
	all, cancel := context.WithCancelCause(ctx)
	var parts sync.WaitGroup
	part := func(do func(context.Context) error) {
		parts.Go(func() {
			if err := do(all); err != nil && all.Err() == nil {
				cancel(err)
			}
		})
	}
	c.tell(nil)
	part(func(ctx context.Context) error { return c.enqueue(ctx, state.Queued) })
	part(c.tick)
	if c.o.Worker != nil {
		o := *c.o.Worker
		o.Log = cmp.Or(o.Log, c.o.Log)
		o.Opened = func(n int) { c.open.Store(int32(n)) } //nolint:gosec // it is small
		w, err := NewWorker(c.queue, o)
		if err != nil {
			cancel(err)
		} else {
			part(w.Run)
		}
	}
	if err := c.collect(all, state.Seq); err != nil {
		cancel(err)
	}
	cause := context.Cause(all)
	cancel(nil)
	parts.Wait()
	if c.done.Load() < int64(c.run.Pages) {
		return fmt.Errorf("stopped after %d of %d pages; the same command goes on: %w", c.done.Load(), c.run.Pages, cause)
	}
	return c.queue.Forget(context.WithoutCancel(ctx), c.run.ID)
}

// enqueue puts the pages after the first queued ones into the queue, not too many ahead of what is done.
func (c *coordinator) enqueue(ctx context.Context, queued int) error {
	if queued > 0 {
		if err := c.repair(ctx); err != nil {
			return err
		}
	}
	for queued < len(c.o.List.Pages) {
		if int64(queued)-c.done.Load() > ahead-batch {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-c.finished:
			}
			continue
		}
		to := min(queued+batch, len(c.o.List.Pages))
		if err := c.queue.AddAll(ctx, queue.Many, c.first(queued, to)); err != nil {
			return err
		}
		if err := c.store.SetQueued(ctx, queued, to); err != nil {
			return err
		}
		queued = to
	}
	tick := time.NewTicker(repairEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if err := c.repair(ctx); err != nil {
				return err
			}
		}
	}
}

// first yields the first visits of pages. Pages are counted from 1.
func (c *coordinator) first(from, to int) iter.Seq2[queue.Key, []byte] {
	return func(yield func(queue.Key, []byte) bool) {
		for i := from; i < to; i++ {
			k, data := c.visit(i+1, &results.Task{URL: c.o.List.Pages[i], Visit: 1})
			if !yield(k, data) {
				return
			}
		}
	}
}

func (c *coordinator) visit(page int, t *results.Task) (queue.Key, []byte) {
	data, err := json.Marshal(t)
	if err != nil { // a string and some numbers
		panic(err)
	}
	return queue.Key{Run: c.run.ID, Page: page, Visit: t.Visit}, data
}

// repair puts the next visit of each page without a final word into the queue where it is neither there nor answered. It
// mends what a cluster lost with a server that was the only one to keep it.
func (c *coordinator) repair(ctx context.Context) error {
	unfinished, err := c.store.Unfinished(ctx)
	if err != nil {
		return err
	}
	for _, u := range unfinished {
		t := &results.Task{URL: c.o.List.Pages[u.Page-1], Visit: 1}
		if u.Last != nil && u.Last.Next != nil {
			t = u.Last.Next
		}
		k, data := c.visit(u.Page, t)
		lane, known := queue.Many, false
		if t.Long {
			lane = queue.Alone
		}
		for _, l := range []queue.Lane{queue.Many, queue.Alone} {
			has, err := c.queue.Has(ctx, l, k)
			if err != nil {
				return err
			}
			known = known || has
		}
		if known {
			continue
		}
		if answer, err := c.queue.Answered(ctx, k); err != nil || answer != nil {
			if err != nil {
				return err
			}
			continue // it is about to be collected
		}
		if err := c.queue.Add(ctx, lane, k, data); err != nil {
			return err
		}
	}
	return nil
}

// collect takes answers until every page has its final word.
func (c *coordinator) collect(ctx context.Context, behind uint64) error {
	if c.done.Load() >= int64(c.run.Pages) {
		return nil
	}
	for given, err := range c.queue.Answers(ctx, c.run.ID, behind) {
		if err != nil {
			return err
		}
		if err := c.take(ctx, &given); err != nil {
			return fmt.Errorf("the results cannot be kept: %w", err)
		}
		if c.done.Load() >= int64(c.run.Pages) {
			return nil
		}
	}
	return ctx.Err()
}

// take keeps one answer: first its evidence, then the answer, so that what is in the database has its evidence.
func (c *coordinator) take(ctx context.Context, g *queue.Given) error {
	if g.Key.Page < 1 || g.Key.Page > len(c.o.List.Pages) {
		return nil // not ours
	}
	address, packed := c.o.List.Pages[g.Key.Page-1], g.Data
	a, err := results.Unpack(packed)
	if err != nil || a.Task.URL != address || a.Task.Visit != g.Key.Visit {
		a = &results.Answer{Task: results.Task{URL: address, Visit: g.Key.Visit}, Began: time.Now().UTC().Truncate(time.Second), Visit: check.NotKnown(check.EndedEarly, "its answer cannot be read")}
		if packed, err = results.Pack(a, queue.MaxAnswer); err != nil {
			return err
		}
	}
	for _, f := range a.Files {
		if err := c.takeFile(ctx, g.Key, address, &f); err != nil {
			return err
		}
	}
	final, err := c.store.Add(ctx, c.run, g.Key.Page, g.Seq, a, packed)
	if err != nil {
		return err
	}
	for _, f := range a.Files {
		c.queue.DropFile(ctx, g.Key, f.SHA256)
	}
	if final == nil {
		return nil
	}
	c.done.Add(1)
	select {
	case c.finished <- struct{}{}:
	default:
	}
	c.tell(final)
	return nil
}

func (c *coordinator) takeFile(ctx context.Context, k queue.Key, address string, f *results.File) error {
	if !filepath.IsLocal(f.Name) || strings.ContainsAny(f.Name, `/\`) || len(f.Name) > 64 {
		return nil // no worker of ours names a file so
	}
	data, err := c.queue.File(ctx, k, f.SHA256)
	if err != nil {
		return err
	}
	if data == nil {
		return nil // taken before
	}
	return c.evidence.Add(k.Page, address, k.Visit, f.Name, data)
}

// tick tells of progress once a second.
func (c *coordinator) tick(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			c.tell(nil)
		}
	}
}

func (c *coordinator) tell(last *results.Page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last != nil {
		c.progress.Done++
		c.progress.Counts[last.Verdict]++
	}
	if c.o.Progress != nil {
		c.progress.Open, c.progress.Last = int(c.open.Load()), last
		c.o.Progress(&c.progress)
	}
}

// end writes what people and programs read.
func (c *coordinator) end(ctx context.Context, already bool) (*Outcome, error) {
	ctx = context.WithoutCancel(ctx) // what is done is written down
	out := &Outcome{Run: c.run, Already: already}
	var err error
	if out.Counts, err = c.store.Counts(ctx); err != nil {
		return nil, err
	}
	if !already {
		if err := c.store.WriteLines(ctx); err != nil {
			return nil, err
		}
	}
	if err := c.store.WriteSummary(ctx); err != nil {
		return nil, err
	}
	if out.Head, err = c.evidence.End(); err != nil {
		return nil, err
	}
	if already {
		return out, nil
	}
	if err := c.store.SetEnded(ctx); err != nil {
		return nil, err
	}
	if c.o.NATS == "" {
		err = os.RemoveAll(filepath.Join(c.o.Dir, "queue"))
	}
	return out, err
}
