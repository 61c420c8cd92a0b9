package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/store"
)

// Store keeps alerts, allowances and snoozes beyond the run. *store.Store is the real one. An error that wraps one of
// store's is treated by that; after any other the same call may succeed later.
type Store interface {
	SaveAlert(a api.Alert) error
	Alerts(ctx context.Context, user string, since time.Time) ([]api.Alert, error)
	// CloseOpen resolves the open alerts, all or those of other runs.
	CloseOpen(now time.Time, reason api.Reason, all bool) error
	Prune(now time.Time, keep time.Duration, maxRows int) error

	AddAllowance(ctx context.Context, a api.Allowance) error
	RemoveAllowance(ctx context.Context, a api.Allowance) (bool, error)
	Allowances(ctx context.Context, user string, now time.Time) ([]api.Allowance, error)
	SetSnooze(ctx context.Context, a api.Allowance) error
	RemoveSnooze(ctx context.Context, a api.Allowance) (bool, error)
	Snoozes(ctx context.Context, user string, now time.Time) ([]api.Allowance, error)
	// Restore adds what is missing of these, in one step.
	Restore(allowed, snoozed []api.Allowance) error

	// Check returns a store.ErrStale if what is written would not be there after a restart.
	Check() error
	Close() error
}

// OpenStore opens the store for one run of the agent. aside says in a sentence what was lost. With an error there may be
// a Store all the same: then it can only be read.
type OpenStore func(run string) (s Store, aside string, err error)

const (
	// announceWithin is how long an alert waits to be stored before it is told without: more than SQLite waits for a lock.
	announceWithin = 3 * time.Second
	// retryFirst and retryMost bound the time between two tries of a store that failed; it doubles from one to the next.
	retryFirst, retryMost = time.Second, time.Minute
	// checkEvery is how often it is looked whether the database is still in its place.
	checkEvery = 10 * time.Second
	// reopenAfter is after how many failures in a row the database is opened again.
	reopenAfter = 3
	// Retention of the store: what people may still ask about.
	keepAlerts = 180 * 24 * time.Hour
	keepRows   = 5_000
	pruneEvery = 6 * time.Hour
)

// archive stores alerts and then tells them, and keeps what users allowed. Watching never waits for it: while nothing can
// be stored alerts are told as not stored, wait here, and are stored when that is over.
type archive struct {
	run      string
	open     OpenStore
	log      *zap.Logger
	warnings *warnings
	// prepare adds to an alert what is told and never stored; publish tells it and must not block; changed is called
	// after what is allowed or snoozed was read again.
	prepare func(*api.Alert)
	publish func(api.Alert)
	changed func()

	wake, stop, done chan struct{}
	// tried is closed, by triedOnce, after the first try to open the database.
	tried     chan struct{}
	triedOnce func()
	stopOnce  func() // closes stop
	// changing is held by whoever changes what is allowed, and while the database is reopened.
	changing chan struct{}

	// Used by the goroutine of keep alone.
	failures   int
	retryAt    time.Time
	pruned     time.Time
	unfinished bool  // the database was opened, but what belongs in it could not be written yet
	replaced   error // how the database was found to be another

	mu       sync.Mutex
	store    Store // nil: none
	readable Store // one that can only be read, or nil
	waiting  waiting
	told     map[string]api.Alert // the open alerts, as they were last told
	allowed  consents
	snoozed  consents
}

func newArchive(run string, open OpenStore, log *zap.Logger, warnings *warnings) *archive {
	tried, stop := make(chan struct{}), make(chan struct{})
	return &archive{
		run: run, open: open, log: log, warnings: warnings,
		prepare: func(*api.Alert) {}, publish: func(api.Alert) {}, changed: func() {},
		wake: make(chan struct{}, 1), stop: stop, stopOnce: sync.OnceFunc(func() { close(stop) }), done: make(chan struct{}), tried: tried, triedOnce: sync.OnceFunc(func() { close(tried) }),
		changing: make(chan struct{}, 1), told: map[string]api.Alert{},
	}
}

// add takes an alert that changed. It never blocks.
func (a *archive) add(alert api.Alert) {
	a.mu.Lock()
	version, dropped := a.waiting.put(alert)
	for _, e := range dropped { // people hear of it all the same
		if e.told < e.version {
			a.announce(e.alert, false)
		}
	}
	a.mu.Unlock()
	if len(dropped) > 0 {
		a.warnings.note(warnDropped, "More alerts waited to be stored than are kept in memory: the list of past alerts has holes.")
	}
	time.AfterFunc(announceWithin, func() { a.announceLate(alert.ID, version) })
	a.poke()
}

func (a *archive) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// announceLate passes on an alert that is not stored in time.
func (a *archive) announceLate(id string, version int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.waiting.of[id]; e != nil && e.told < version {
		e.told, e.lost = e.version, true
		a.announce(e.alert, false)
	}
}

// announce passes an alert on. a.mu is held.
func (a *archive) announce(alert api.Alert, stored bool) {
	alert.NotStored = !stored
	was, known := a.told[alert.ID]
	if alert.State == api.Resolved {
		delete(a.told, alert.ID)
	} else {
		a.told[alert.ID] = alert
	}
	if alert.State != api.Pending && (!known || was.State != alert.State || was.Severity != alert.Severity) {
		a.log.Info("alert", zap.String("id", alert.ID), zap.String("state", string(alert.State)),
			zap.String("subject", string(alert.Subject)), zap.Int32("pid", alert.PID), zap.String("severity", string(alert.Severity)))
	}
	a.publish(alert)
}

// keep stores what waits until close is called.
func (a *archive) keep() {
	defer close(a.done)
	for {
		timer := time.NewTimer(a.step())
		select {
		case <-a.wake:
		case <-timer.C:
		case <-a.stop:
			timer.Stop()
			a.finish()
			return
		}
		timer.Stop()
	}
}

// step does what is due and returns how long nothing will be.
func (a *archive) step() time.Duration {
	now := time.Now()
	if wait := a.retryAt.Sub(now); wait > 0 {
		a.tellWaiting()
		return wait
	}
	if a.store == nil || a.unfinished {
		if err := a.reopen(); err != nil {
			return a.failed(err)
		}
	}
	if err := a.check(); err != nil {
		return a.failed(err)
	}
	for {
		a.mu.Lock()
		e := a.waiting.first()
		a.mu.Unlock()
		if e == nil {
			break
		}
		if err := a.save(e); err != nil {
			return a.failed(err)
		}
	}
	a.failures = 0
	a.warnings.clear(warnStore, "alerts are stored again")
	if now.Sub(a.pruned) >= pruneEvery {
		a.pruned = now
		if err := a.store.Prune(now, keepAlerts, keepRows); err != nil {
			a.log.Warn("old alerts could not be dropped", zap.Error(err))
		}
	}
	return checkEvery
}

// failed notes that nothing can be stored and returns when to try again.
func (a *archive) failed(err error) time.Duration {
	a.failures++
	a.warnings.raise(warnStore, fmt.Sprintf("Nothing can be stored: %v. Alerts are shown all the same, and stored when that is over.", err))
	wait := min(retryFirst<<min(a.failures-1, 10), retryMost)
	if errors.Is(err, store.ErrStale) || a.failures%reopenAfter == 0 {
		a.closeStore()
		if a.failures == 1 {
			wait = 0 // most likely it only has to be opened again
		}
	}
	a.retryAt = time.Now().Add(wait)
	a.tellWaiting()
	return wait
}

// check looks whether the database is still in its place.
func (a *archive) check() error {
	err := a.store.Check()
	if errors.Is(err, store.ErrStale) {
		a.replaced = err
	}
	return err
}

// save stores an alert and tells it, unless that was done already.
func (a *archive) save(e *waitingAlert) error {
	a.mu.Lock()
	alert, version := e.alert, e.version
	a.mu.Unlock()
	shown := alert
	a.prepare(&shown)
	err := a.check()
	if err == nil {
		err = a.store.SaveAlert(alert)
	}
	if err == nil {
		err = a.check() // else it went into a file that nobody will open again
	}
	never := errors.Is(err, store.ErrInvalid)
	if err != nil && !never {
		return err
	}
	if never {
		a.warnings.note(warnDropped, fmt.Sprintf("An alert was told and cannot be stored: %v.", err))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.told < version || (e.told == version && e.lost && !never) {
		e.told, e.lost = version, never
		a.announce(shown, !never)
	}
	if e.version == version {
		a.waiting.drop(e)
	}
	return nil
}

// tellWaiting tells, as not stored, what waits and was not told yet.
func (a *archive) tellWaiting() {
	a.mu.Lock()
	var untold []*waitingAlert
	for _, e := range a.waiting.order {
		if e.told < e.version {
			untold = append(untold, e)
		}
	}
	a.mu.Unlock()
	for _, e := range untold {
		a.mu.Lock()
		shown, version := e.alert, e.version
		a.mu.Unlock()
		a.prepare(&shown)
		a.mu.Lock()
		if e.told < version {
			e.told, e.lost = version, true
			a.announce(shown, false)
		}
		a.mu.Unlock()
	}
}

// close stores what waits if it can, ends the open alerts and closes the store. It waits no longer than a service manager
// would.
func (a *archive) close() error {
	a.stopOnce()
	patience := time.NewTimer(2 * announceWithin)
	defer patience.Stop()
	select {
	case <-a.done:
		return nil
	case <-patience.C:
		a.mu.Lock()
		defer a.mu.Unlock()
		return fmt.Errorf("the disk does not answer; %d alerts were told and not stored", len(a.waiting.order))
	}
}

func (a *archive) finish() {
	if a.store == nil {
		_ = a.reopen() // what follows says why
	}
	if a.store != nil {
		a.retryAt = time.Time{}
		a.step()
	}
	if a.store == nil {
		a.tellWaiting()
		return
	}
	if err := a.store.CloseOpen(time.Now(), api.ReasonAgentStopped, true); err != nil {
		a.log.Warn("the end of the open alerts could not be stored; the next start does it", zap.Error(err))
	}
	a.closeStore()
}

// openAlerts returns the alerts of a user, or of all, that are firing, as they were last told.
func (a *archive) openAlerts(user string) []api.Alert {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []api.Alert
	for _, alert := range a.told {
		if alert.State == api.Firing && (user == "" || alert.User == user) {
			out = append(out, alert)
		}
	}
	return byStart(out)
}

// alerts returns the alerts of a user, or of all, that were updated since: what is stored, and what waits for that.
func (a *archive) alerts(ctx context.Context, user string, since time.Time) ([]api.Alert, error) {
	a.mu.Lock()
	from := a.store
	if from == nil {
		from = a.readable
	}
	a.mu.Unlock()
	var stored []api.Alert
	err := errNoStore
	if from != nil {
		stored, err = from.Alerts(ctx, user, since)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	fresh := map[string]api.Alert{}
	for _, alert := range a.told {
		if alert.NotStored {
			fresh[alert.ID] = alert
		}
	}
	for _, e := range a.waiting.order {
		if e.told == e.version {
			alert := e.alert
			alert.NotStored = true
			fresh[alert.ID] = alert
		}
	}
	out := make([]api.Alert, 0, len(stored)+len(fresh))
	for _, alert := range stored {
		if _, newer := fresh[alert.ID]; !newer {
			out = append(out, alert)
		}
	}
	for _, alert := range fresh {
		if (user == "" || alert.User == user) && !alert.Updated.Before(since) {
			out = append(out, alert)
		}
	}
	if err != nil && len(out) == 0 {
		return nil, unavailable("the list of alerts cannot be read", err)
	}
	return byStart(out), nil
}
