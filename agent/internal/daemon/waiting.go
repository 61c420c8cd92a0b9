package daemon

import (
	"cmp"
	"slices"

	"github.com/minewatch/minewatch/agent/api"
)

const (
	// maxWaiting and maxWaitingBytes bound the alerts that wait for the disk. The bytes are those of their texts.
	maxWaiting      = 1024
	maxWaitingBytes = 4 << 20
)

// waiting holds the alerts that are to be stored, each once and as it is now, the one that waits longest first.
type waiting struct {
	order []*waitingAlert
	of    map[string]*waitingAlert // by id
	bytes int
}

// waitingAlert is an alert that is to be stored.
type waitingAlert struct {
	alert   api.Alert
	version int  // raised by each change
	told    int  // the version that was told last
	lost    bool // it was told as not stored
}

// put takes an alert as it is now and returns its version and the alerts that had to give way: the oldest of the user who
// has most, so that one user's cannot push out another's.
func (w *waiting) put(a api.Alert) (version int, dropped []*waitingAlert) {
	e := w.of[a.ID]
	if e == nil {
		e = &waitingAlert{}
		if w.of == nil {
			w.of = map[string]*waitingAlert{}
		}
		w.of[a.ID] = e
		w.order = append(w.order, e)
	} else {
		w.bytes -= bytesOf(&e.alert)
	}
	e.alert = a
	e.version++
	w.bytes += bytesOf(&a)
	for len(w.order) > maxWaiting || (w.bytes > maxWaitingBytes && len(w.order) > 1) {
		victim := w.victim()
		w.drop(victim)
		dropped = append(dropped, victim)
	}
	return e.version, dropped
}

// first returns the alert that waits longest, nil if none does.
func (w *waiting) first() *waitingAlert {
	if len(w.order) == 0 {
		return nil
	}
	return w.order[0]
}

func (w *waiting) drop(e *waitingAlert) {
	if i := slices.Index(w.order, e); i >= 0 {
		w.order = slices.Delete(w.order, i, i+1)
		delete(w.of, e.alert.ID)
		w.bytes -= bytesOf(&e.alert)
	}
}

// victim returns the oldest alert of the user whose alerts take most room.
func (w *waiting) victim() *waitingAlert {
	room, most := map[string]int{}, ""
	for _, e := range w.order {
		user := e.alert.User
		room[user] += bytesOf(&e.alert)
		if room[user] > room[most] || (room[user] == room[most] && user < most) {
			most = user
		}
	}
	i := slices.IndexFunc(w.order, func(e *waitingAlert) bool { return e.alert.User == most })
	return w.order[max(0, i)]
}

// bytesOf estimates the memory of an alert.
func bytesOf(a *api.Alert) int {
	const fixed, fact = 512, 48
	n := fixed + len(a.ID) + len(a.Key) + len(a.Site) + len(a.EmbeddedIn) + len(a.Browser) + len(a.ProcessName) + len(a.Exe) + len(a.User)
	for _, s := range a.Sites {
		n += len(s)
	}
	for i := range a.Evidence {
		e := &a.Evidence[i]
		n += len(e.Rule) + len(e.Text) + fact*len(e.Facts)
	}
	return n
}

// byStart orders alerts as the store does: the one that began first comes first.
func byStart(alerts []api.Alert) []api.Alert {
	slices.SortStableFunc(alerts, func(a, b api.Alert) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	return alerts
}
