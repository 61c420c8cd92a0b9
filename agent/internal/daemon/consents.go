package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/fault"
	"github.com/minewatch/minewatch/agent/internal/store"
)

// errNoStore: the database could not be opened, see the status.
var errNoStore = errors.New("there is no database (`minewatch status` says why)")

// unavailable says that something cannot be done while the disk fails.
func unavailable(what string, err error) error {
	return fault.Wrap(fault.Unavailable, err, fmt.Sprintf("%s now: %v; try again when that is fixed", what, err))
}

// consents is what users allowed, or snoozed, by user and name.
type consents map[consentKey]api.Allowance

type consentKey struct{ user, site, program string }

func keyOf(a *api.Allowance) consentKey { return consentKey{a.User, a.Site, a.Program} }

// list returns those of a user, or of everybody if user is "", that are in force, by name.
func (c consents) list(user string, now time.Time) []api.Allowance {
	var out []api.Allowance
	for _, a := range c {
		if (user == "" || a.User == user) && (a.Until.IsZero() || a.Until.After(now)) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b api.Allowance) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Program, b.Program), cmp.Compare(a.User, b.User))
	})
	return out
}

// allowances returns what a user, or everybody if user is "", allowed. It does not need the disk.
func (a *archive) allowances(user string) []api.Allowance {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.allowed.list(user, time.Now())
}

// snoozes returns what a user snoozed, or everybody if user is "".
func (a *archive) snoozes(user string) []api.Allowance {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.snoozed.list(user, time.Now())
}

// allow stores an allowance; when it returns nil it is on the disk.
func (a *archive) allow(ctx context.Context, w api.Allowance) error {
	return a.change(ctx, func(s Store) error {
		err := s.AddAllowance(ctx, w)
		return tooMany(err, "allowances", "take some back with `minewatch disallow` (`minewatch allowed` lists them)")
	}, func() { a.allowed = a.allowed.with(w) })
}

// tooMany tells the caller of a limit of the store what to do; other errors are as they were.
func tooMany(err error, what, next string) error {
	if errors.Is(err, store.ErrTooMany) {
		return fault.Wrap(fault.TooMany, err, "you have as many "+what+" as are kept for one user; "+next)
	}
	return err
}

// snooze stores a snooze, as allow does an allowance.
func (a *archive) snooze(ctx context.Context, w api.Allowance) error {
	return a.change(ctx, func(s Store) error {
		err := s.SetSnooze(ctx, w)
		return tooMany(err, "snoozes", "wait until some are over")
	}, func() { a.snoozed = a.snoozed.with(w) })
}

// unsnooze ends a snooze and reports whether there was one.
func (a *archive) unsnooze(ctx context.Context, w api.Allowance) (found bool, err error) {
	err = a.change(ctx, func(s Store) error {
		found, err = s.RemoveSnooze(ctx, w)
		return err
	}, func() { delete(a.snoozed, keyOf(&w)) })
	return found, err
}

// disallow takes an allowance back and reports whether there was one.
func (a *archive) disallow(ctx context.Context, w api.Allowance) (found bool, err error) {
	err = a.change(ctx, func(s Store) error {
		found, err = s.RemoveAllowance(ctx, w)
		return err
	}, func() { delete(a.allowed, keyOf(&w)) })
	return found, err
}

func (c consents) with(w api.Allowance) consents {
	if c == nil {
		c = consents{}
	}
	w.Type = "allowance"
	c[keyOf(&w)] = w
	return c
}

// change makes a change on the disk and then in memory, one at a time.
func (a *archive) change(ctx context.Context, onDisk func(Store) error, inMemory func()) error {
	const what = "this cannot be stored"
	select {
	case a.changing <- struct{}{}:
		defer func() { <-a.changing }()
	case <-ctx.Done():
		return unavailable(what, errors.New("the disk does not answer"))
	}
	a.mu.Lock()
	s := a.store
	a.mu.Unlock()
	if s == nil {
		return unavailable(what, errNoStore)
	}
	err := onDisk(s)
	if err == nil {
		if err = s.Check(); err != nil {
			a.poke() // it went into a file that nobody will open again
		}
	}
	switch {
	case err == nil:
	case fault.KindOf(err) != fault.Failed:
		return err
	case errors.Is(err, store.ErrInvalid):
		return fault.Wrap(fault.Invalid, err, err.Error())
	default:
		return unavailable(what, err)
	}
	defer a.changed()
	a.mu.Lock()
	inMemory()
	full := len(a.allowed)+len(a.snoozed) >= recallFrom
	a.mu.Unlock()
	if full { // the store may have dropped some to make room
		if err := a.recall(ctx, s, true); err != nil {
			return nil //nolint:nilerr // it is stored; the next change tries again
		}
	}
	return nil
}

// recallFrom is how many allowances and snoozes there are before the store may drop some.
const recallFrom = 15_000

// recall reads what is stored into memory; unless replace is set, what memory holds beyond that stays.
func (a *archive) recall(ctx context.Context, s Store, replace bool) error {
	now := time.Now()
	allowed, err := s.Allowances(ctx, "", now)
	if err != nil {
		return err
	}
	snoozed, err := s.Snoozes(ctx, "", now)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if replace {
		a.allowed, a.snoozed = nil, nil
	}
	for _, w := range allowed {
		if _, known := a.allowed[keyOf(&w)]; !known {
			a.allowed = a.allowed.with(w)
		}
	}
	for _, w := range snoozed {
		if _, known := a.snoozed[keyOf(&w)]; !known {
			a.snoozed = a.snoozed.with(w)
		}
	}
	return nil
}

// reopen opens the database and writes into it what must be there: it may be new, or another than before.
func (a *archive) reopen() error {
	a.changing <- struct{}{}
	defer func() { <-a.changing }()
	defer a.triedOnce()
	ctx := context.Background()
	if a.store == nil {
		s, aside, err := a.open(a.run)
		if aside != "" {
			a.warnings.note(warnAside, aside)
		}
		if err != nil {
			a.setReadable(ctx, s)
			return err
		}
		a.mu.Lock()
		a.store, a.unfinished = s, true
		a.mu.Unlock()
		a.setReadable(ctx, nil)
	}
	now := time.Now()
	err := a.recall(ctx, a.store, false)
	a.changed()
	if err != nil {
		return err
	}
	a.mu.Lock()
	allowed, snoozed := a.allowed.list("", now), a.snoozed.list("", now)
	for _, alert := range a.told {
		if a.waiting.of[alert.ID] == nil {
			a.putBack(alert)
		}
	}
	a.mu.Unlock()
	if err := a.store.Restore(allowed, snoozed); err != nil {
		return err
	}
	if err := a.store.CloseOpen(now, api.ReasonAgentStopped, false); err != nil {
		return err
	}
	a.unfinished = false
	if a.replaced != nil {
		a.warnings.note(warnAside, fmt.Sprintf("While minewatch ran, %v. It was recreated: what is allowed was written into it "+
			"again, past alerts that are missing in `minewatch alerts` are gone.", a.replaced))
		a.replaced = nil
	}
	return nil
}

// putBack has an alert stored again that was told before. a.mu is held.
func (a *archive) putBack(alert api.Alert) {
	lost := alert.NotStored
	alert.NotStored = false
	version, _ := a.waiting.put(alert)
	if e := a.waiting.of[alert.ID]; e != nil {
		e.told, e.lost = version, lost
	}
}

// setReadable takes over a store that can only be read, or none.
func (a *archive) setReadable(ctx context.Context, s Store) {
	a.mu.Lock()
	old := a.readable
	a.readable = s
	a.mu.Unlock()
	if old != nil {
		_ = old.Close() // it only read
	}
	if s != nil && a.recall(ctx, s, false) == nil {
		a.changed()
	}
}

// closeStore closes the database, so that it is reopened.
func (a *archive) closeStore() {
	a.mu.Lock()
	s := a.store
	a.store = nil
	a.mu.Unlock()
	if s != nil {
		if err := s.Close(); err != nil {
			a.log.Warn("the database could not be closed", zap.Error(err))
		}
	}
}
