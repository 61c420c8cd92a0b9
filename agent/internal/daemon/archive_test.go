package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/fault"
	"github.com/minewatch/minewatch/agent/internal/store"
)

// disk is a Store in memory whose faults a test sets. What is on it outlives the Store, as a file does.
type disk struct {
	mu      sync.Mutex
	alerts  map[string]api.Alert
	allowed map[consentKey]api.Allowance
	broken  error         // every change fails with this
	absent  error         // opening fails with this
	slow    time.Duration // every change takes so long
	gone    bool          // the file is another than the one that was opened
	opened  int
}

func newDisk() *disk {
	return &disk{alerts: map[string]api.Alert{}, allowed: map[consentKey]api.Allowance{}}
}

func (d *disk) open(string) (Store, string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.absent != nil {
		return nil, "", d.absent
	}
	d.opened++
	if d.gone {
		d.gone, d.alerts, d.allowed = false, map[string]api.Alert{}, map[consentKey]api.Allowance{}
	}
	return &onDisk{d}, "", nil
}

// set changes the disk's faults.
func (d *disk) set(change func(*disk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

// stored returns the state of an alert on the disk, "" if it is not there.
func (d *disk) stored(id string) api.AlertState {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.alerts[id].State
}

type onDisk struct{ *disk }

func (d *onDisk) change(do func()) error {
	d.mu.Lock()
	slow := d.slow
	d.mu.Unlock()
	time.Sleep(slow)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return d.broken
	}
	if !d.gone {
		do()
	}
	return nil
}

func (d *onDisk) SaveAlert(a api.Alert) error {
	if a.NotStored {
		return fmt.Errorf("%w: it says of itself that it is not stored", store.ErrInvalid)
	}
	if strings.HasPrefix(a.ID, "impossible") {
		return store.ErrInvalid
	}
	return d.change(func() { d.alerts[a.ID] = a })
}

func (d *onDisk) Alerts(_ context.Context, user string, since time.Time) ([]api.Alert, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []api.Alert
	for _, a := range d.alerts {
		if (user == "" || a.User == user) && !a.Updated.Before(since) {
			out = append(out, a)
		}
	}
	return byStart(out), nil
}

func (d *onDisk) CloseOpen(_ time.Time, reason api.Reason, all bool) error {
	return d.change(func() {
		for id, a := range d.alerts {
			if a.State != api.Resolved && (all || !strings.HasPrefix(id, "run-")) {
				a.State, a.Reason = api.Resolved, reason
				d.alerts[id] = a
			}
		}
	})
}

func (d *onDisk) Prune(time.Time, time.Duration, int) error { return nil }

func (d *onDisk) AddAllowance(_ context.Context, a api.Allowance) error {
	return d.change(func() { d.allowed[keyOf(&a)] = a })
}

func (d *onDisk) RemoveAllowance(_ context.Context, a api.Allowance) (found bool, err error) {
	err = d.change(func() {
		_, found = d.allowed[keyOf(&a)]
		delete(d.allowed, keyOf(&a))
	})
	return found, err
}

func (d *onDisk) Allowances(_ context.Context, user string, now time.Time) ([]api.Allowance, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return consents(d.allowed).list(user, now), nil
}

func (d *onDisk) SetSnooze(context.Context, api.Allowance) error { return d.change(func() {}) }

func (d *onDisk) RemoveSnooze(context.Context, api.Allowance) (bool, error) {
	return false, d.change(func() {})
}

func (d *onDisk) Snoozes(context.Context, string, time.Time) ([]api.Allowance, error) {
	return nil, nil
}

func (d *onDisk) Restore(allowed, _ []api.Allowance) error {
	return d.change(func() {
		for _, a := range allowed {
			d.allowed[keyOf(&a)] = a
		}
	})
}

func (d *onDisk) Check() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone {
		return fmt.Errorf("the history file was deleted: %w", store.ErrStale)
	}
	return nil
}

func (d *onDisk) Close() error { return nil }

// listener hears what an archive tells.
type listener struct {
	mu    sync.Mutex
	heard []string // "id state", with "!" where it was not stored
	// check is called first with what is told, if it is set; changes counts how often what is allowed was read.
	check   func(api.Alert)
	changes atomic.Int32
}

func (l *listener) hear(a api.Alert) {
	l.mu.Lock()
	defer l.mu.Unlock()
	word := a.ID + " " + string(a.State)
	if a.NotStored {
		word += "!"
	}
	l.heard = append(l.heard, word)
}

// since returns what was heard and forgets it.
func (l *listener) since() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.heard
	l.heard = nil
	return out
}

// kept starts an archive over a disk; it is closed at the end of the test.
func kept(t *testing.T, open OpenStore) (*archive, *listener) {
	t.Helper()
	a, l := newArchive("run", open, zap.NewNop(), newWarnings(zap.NewNop())), &listener{}
	a.publish = func(alert api.Alert) {
		if l.check != nil {
			l.check(alert)
		}
		l.hear(alert)
	}
	a.changed = func() { l.changes.Add(1) }
	go a.keep()
	<-a.tried
	t.Cleanup(func() { _ = a.close() })
	return a, l
}

func firing(id string) api.Alert {
	return api.Alert{ID: id, State: api.Firing, User: "1000", Site: "films.test", Started: time.Now(), Updated: time.Now()}
}

func ended(id string) api.Alert {
	a := firing(id)
	a.State = api.Resolved
	return a
}

func wantHeard(t *testing.T, l *listener, want ...string) {
	t.Helper()
	if got := l.since(); !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
}

func wantWarnings(t *testing.T, a *archive, parts ...string) {
	t.Helper()
	got := a.warnings.list()
	if len(got) != len(parts) {
		t.Fatalf("warnings %q, want %d", got, len(parts))
	}
	for i, part := range parts {
		if !strings.Contains(got[i], part) {
			t.Errorf("warning %q lacks %q", got[i], part)
		}
	}
}

func TestStoredFirstThenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a, l := kept(t, d.open)
		l.check = func(alert api.Alert) {
			if d.stored(alert.ID) != alert.State {
				t.Errorf("%s was told before it was stored", alert.ID)
			}
		}
		a.add(firing("run-1"))
		synctest.Wait()
		wantHeard(t, l, "run-1 firing")
		a.add(ended("run-1"))
		synctest.Wait()
		wantHeard(t, l, "run-1 resolved")
		wantWarnings(t, a)
		time.Sleep(time.Minute)
		wantHeard(t, l)
	})
}

// A disk that fails: alerts are told as not stored, and stored and told as such when it works again. Once, and no more.
func TestDiskThatFailsForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a, l := kept(t, d.open)
		d.set(func(d *disk) { d.broken = errors.New("the disk is full; free some space") })
		a.add(firing("run-1"))
		synctest.Wait()
		wantHeard(t, l, "run-1 firing!")
		wantWarnings(t, a, "the disk is full; free some space")
		a.add(firing("run-2"))
		a.add(ended("run-1"))
		time.Sleep(time.Second)
		wantHeard(t, l, "run-1 resolved!", "run-2 firing!")
		time.Sleep(10 * time.Minute) // tries again and again
		wantHeard(t, l)
		wantWarnings(t, a, "the disk is full")
		list, err := a.alerts(t.Context(), "1000", time.Time{})
		if err != nil || len(list) != 2 || !list[0].NotStored || !list[1].NotStored {
			t.Errorf("listed %+v, %v", list, err)
		}
		d.set(func(d *disk) { d.broken = nil })
		time.Sleep(retryMost)
		wantHeard(t, l, "run-1 resolved", "run-2 firing")
		wantWarnings(t, a)
		if d.stored("run-1") != api.Resolved || d.stored("run-2") != api.Firing {
			t.Errorf("stored %+v", d.alerts)
		}
		list, err = a.alerts(t.Context(), "1000", time.Time{})
		if err != nil || len(list) != 2 || list[0].NotStored || list[1].NotStored {
			t.Errorf("listed %+v, %v", list, err)
		}
	})
}

// A disk that hangs: nobody waits longer than announceWithin, and a stream that opens meanwhile hears of no alert as
// stored.
func TestDiskThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a, l := kept(t, d.open)
		d.set(func(d *disk) { d.slow = time.Hour })
		a.add(firing("run-1"))
		time.Sleep(announceWithin - time.Second)
		wantHeard(t, l)
		if open := a.openAlerts(""); len(open) != 0 {
			t.Errorf("a new stream hears of %+v", open)
		}
		time.Sleep(2 * time.Second)
		wantHeard(t, l, "run-1 firing!")
		if open := a.openAlerts(""); len(open) != 1 || !open[0].NotStored {
			t.Errorf("a new stream hears of %+v", open)
		}
		a.add(ended("run-1"))
		d.set(func(d *disk) { d.slow = 0 })
		time.Sleep(2 * time.Hour)
		wantHeard(t, l, "run-1 resolved!", "run-1 resolved")
		if d.stored("run-1") != api.Resolved {
			t.Errorf("stored %q", d.stored("run-1"))
		}
	})
}

// Without a store at the start the agent tells all the same, and takes up what it knows when there is one.
func TestNoStoreAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.allowed = consents{}.with(api.Allowance{User: "1000", Site: "mail.test"})
		d.alerts["old-1"] = api.Alert{ID: "old-1", State: api.Firing, User: "1000"}
		d.absent = errors.New("no such disk")
		a, l := kept(t, d.open)
		wantWarnings(t, a, "no such disk")
		a.add(firing("run-1"))
		synctest.Wait()
		wantHeard(t, l, "run-1 firing!")
		if err := a.allow(t.Context(), api.Allowance{User: "1000", Site: "films.test"}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("allowed without a disk: %v", err)
		}
		if list, err := a.alerts(t.Context(), "1001", time.Time{}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("a list without a disk: %v, %v", list, err)
		}
		d.set(func(d *disk) { d.absent = nil })
		time.Sleep(retryMost)
		wantHeard(t, l, "run-1 firing")
		wantWarnings(t, a)
		if got := a.allowances("1000"); len(got) != 1 || l.changes.Load() == 0 {
			t.Errorf("allowed %+v", got)
		}
		if d.stored("old-1") != api.Resolved || d.stored("run-1") != api.Firing {
			t.Errorf("stored %+v", d.alerts)
		}
	})
}

// A database that is deleted beneath the agent is recreated with all that must be in it.
func TestDatabaseThatVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a, l := kept(t, d.open)
		films := api.Allowance{User: "1000", Site: "films.test"}
		if err := a.allow(t.Context(), films); err != nil {
			t.Fatal(err)
		}
		a.add(firing("run-1"))
		synctest.Wait()
		wantHeard(t, l, "run-1 firing")
		d.set(func(d *disk) { d.gone = true })
		time.Sleep(2 * checkEvery)
		d.set(func(d *disk) {
			if d.opened != 2 || d.alerts["run-1"].State != api.Firing || len(d.allowed) != 1 {
				t.Errorf("opened %d times, stored %+v, %+v", d.opened, d.alerts, d.allowed)
			}
		})
		wantHeard(t, l) // it was told as stored already
		wantWarnings(t, a, "deleted")
		time.Sleep(2 * eventShown)
		wantWarnings(t, a)

		d.set(func(d *disk) { d.gone = true })
		if err := a.allow(t.Context(), api.Allowance{User: "1000", Site: "games.test"}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("allowed in a file that is gone: %v", err)
		}
		a.add(ended("run-1"))
		synctest.Wait()
		wantHeard(t, l, "run-1 resolved!", "run-1 resolved")
		if d.stored("run-1") != api.Resolved {
			t.Errorf("stored %+v", d.alerts)
		}
	})
}

func TestAlertThatCanNeverBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a, l := kept(t, d.open)
		a.add(firing("impossible"))
		a.add(firing("run-2"))
		synctest.Wait()
		wantHeard(t, l, "impossible firing!", "run-2 firing")
		wantWarnings(t, a, "cannot be stored")
		time.Sleep(time.Hour)
		wantHeard(t, l)
	})
}

// What waits is bounded, and one user's alerts push out no other's.
func TestWhatWaitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.absent = errors.New("no disk")
		a, l := kept(t, d.open)
		first := firing("run-first")
		first.User = "1001"
		a.add(first)
		for i := range 2 * maxWaiting {
			a.add(firing("run-" + strconv.Itoa(i)))
		}
		big := firing("run-big")
		big.Exe = strings.Repeat("x", 1<<20)
		for i := range 20 {
			big.ID = "run-big" + strconv.Itoa(i)
			a.add(big)
		}
		if n := len(a.waiting.order); n > maxWaiting || a.waiting.bytes > maxWaitingBytes || n != len(a.waiting.of) {
			t.Errorf("%d alerts of %d bytes wait", n, a.waiting.bytes)
		}
		if a.waiting.of["run-first"] == nil {
			t.Error("the other user's alert was pushed out")
		}
		time.Sleep(time.Second)
		if n := len(l.since()); n != 2*maxWaiting+21 {
			t.Errorf("%d alerts were told, want all", n)
		}
		wantWarnings(t, a, "has holes", "no disk")
	})
}

// A user's own end: what waits is stored if that can be, and the end is not held up if it cannot.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a, _ := kept(t, d.open)
		a.add(firing("run-1"))
		if err := a.close(); err != nil {
			t.Error(err)
		}
		if d.stored("run-1") != api.Resolved {
			t.Errorf("stored %+v", d.alerts)
		}
	})
}

func TestEndWithADiskThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		a := newArchive("run", d.open, zap.NewNop(), newWarnings(zap.NewNop()))
		go a.keep()
		<-a.tried
		d.set(func(d *disk) { d.slow = time.Hour })
		a.add(firing("run-1"))
		synctest.Wait()
		began := time.Now()
		if err := a.close(); err == nil || time.Since(began) > 10*time.Second {
			t.Errorf("ended after %v: %v", time.Since(began), err)
		}
		<-a.done // a real process ends meanwhile
	})
}
