package daemon

import (
	"sync"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/browsers"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/heuristics"
)

// broker passes alerts and views of ticks on to those who watch. A watcher who is too slow is cut off and may come back;
// nobody is waited for.
type broker struct {
	mu       sync.Mutex
	watchers map[*watcher]struct{}
	busy     liveUse
}

// watcher is one open stream of events.
type watcher struct {
	user   string // "" sees everything
	live   bool
	events chan api.Event
}

// backlog is how many events may wait for one watcher.
const backlog = 64

func newBroker() *broker { return &broker{watchers: map[*watcher]struct{}{}} }

func (b *broker) join(user string, live bool) *watcher {
	w := &watcher{user: user, live: live, events: make(chan api.Event, backlog)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers[w] = struct{}{}
	return w
}

// attended reports whether anybody looks at every tick.
func (b *broker) attended() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.watchers {
		if w.live {
			return true
		}
	}
	return false
}

func (b *broker) leave(w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut(w)
}

// cut ends a watcher's stream; b.mu is held.
func (b *broker) cut(w *watcher) {
	if _, ok := b.watchers[w]; ok {
		delete(b.watchers, w)
		close(w.events)
	}
}

func (b *broker) send(w *watcher, e api.Event) {
	select {
	case w.events <- e:
	default:
		b.cut(w)
	}
}

func (b *broker) publish(a api.Alert) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.watchers {
		if w.user == "" || w.user == a.User {
			b.send(w, api.Event{Alert: &a})
		}
	}
}

func (b *broker) publishLive(t pipeline.Tick, alive int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	machine := b.busy.since(&t.Snapshot)
	views := map[string]*api.Live{}
	for w := range b.watchers {
		if !w.live {
			continue
		}
		if views[w.user] == nil {
			views[w.user] = liveView(&t, w.user, machine, alive)
		}
		b.send(w, api.Event{Live: views[w.user]})
	}
}

// liveUse turns the machine's cumulative CPU time into its use since the tick before.
type liveUse struct {
	busy, at float64
	begun    bool
}

// since returns the use of all cores in percent.
func (u *liveUse) since(s *heuristics.Snapshot) float64 {
	busy, at := s.Busy.Seconds(), s.At.Seconds()
	percent := 0.0
	if u.begun && at > u.at {
		percent = 100 * (busy - u.busy) / (at - u.at) / float64(max(1, s.Cores))
	}
	u.busy, u.at, u.begun = busy, at, true
	return alert.Round(min(100, max(0, percent)), 10)
}

// MaxLive bounds the rows of a view: nobody reads more.
const MaxLive = 50

// liveView is what one user may see of a tick.
func liveView(t *pipeline.Tick, user string, machine float64, alive int) *api.Live {
	l := &api.Live{
		Type: "tick", T: t.Snapshot.At.Seconds(), Time: t.Snapshot.Time.UTC(), Machine: machine, Cores: t.Snapshot.Cores, Processes: alive,
		Hot: []api.LiveRow{},
	}
	for i := range t.Subjects {
		v := &t.Subjects[i].Verdict
		if (user != "" && v.Subject.Info.User != user) || len(l.Hot) >= MaxLive {
			continue
		}
		row := LiveRow(&t.Subjects[i])
		row.Evidence = alert.EvidenceOf(v)
		l.Hot = append(l.Hot, row)
	}
	return l
}

// LiveRow is what people see of a judged subject, without the evidence.
func LiveRow(j *alert.Finding) api.LiveRow {
	v, o := &j.Verdict, &j.Owner
	return api.LiveRow{
		Key: o.Key, Subject: o.Subject, Process: v.Subject.Info.Name, PID: v.Subject.Process.PID, Processes: v.Subject.Members,
		Site: o.Site, Sites: o.Sites, SiteConfidence: o.Level, Browser: o.Browser, BrowserTitle: browsers.Title(o.Browser),
		Cores: alert.Round(v.Now, 100), Mean: alert.Round(v.Features.Cores, 100),
		State: alert.StateOf(v), Severity: alert.SeverityOf(v), Confidence: alert.Round(v.Confidence, 100),
		Busy: alert.Round(v.Features.Busy.Seconds(), 10),
	}
}
