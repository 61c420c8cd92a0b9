// Package daemon is the running agent: it wires the one path from counters to alerts, stores and tells them, and answers the
// local API.
package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v3/process"
	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/extensions"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/server"
	"github.com/minewatch/minewatch/agent/internal/sessionfile"
	"github.com/minewatch/minewatch/agent/internal/store"
	"github.com/minewatch/minewatch/heuristics"
)

// Options say where an agent lives and what it does besides watching.
type Options struct {
	// Socket is the path of its local API, State the folder of its store.
	Socket, State string
	// Interval is the time between two samples.
	Interval time.Duration
	// Recording is where what is seen is recorded too.
	Recording Recording
	// SessionFiles allows to read the session files of the user's browsers: for the agent of that user alone.
	SessionFiles bool
	// User is the one user whose alerts are raised and stored: a uid, on Windows a SID. "" means everybody's.
	User string
	// Heartbeat is called at every tick, by its time, if it is not nil: for a service manager that restarts what hangs.
	Heartbeat func(time.Time)
	// OpenStore opens the store; nil means that of package store in the folder State.
	OpenStore OpenStore
	Log       *zap.Logger
}

// Daemon is a running agent: the pipeline, its sinks and the local API.
type Daemon struct {
	options    Options
	log        *zap.Logger
	listener   net.Listener
	sampler    *sampler.Sampler
	source     pipeline.Source
	finish     func() error // ends the recording
	extensions *extensions.Service
	alerts     *alert.Manager
	// archive has alerts on their way to the store and then to the sinks, so that a slow disk delays no tick.
	archive  *archive
	warnings *warnings
	broker   *broker
	loads    loads
	started  time.Time
	last     atomic.Pointer[tickFigures]

	budget  *budget // used by observe alone, and so is use: what the whole agent costs, callers included
	use     meter
	checked time.Duration
	share   atomic.Uint64 // what the agent used of one core lately, as math.Float64bits

	mu    sync.Mutex
	trays map[int32]api.TrayStatus
}

// tickFigures are what the status tells of the last tick.
type tickFigures struct {
	at        time.Time
	cores     int
	processes int
}

// New opens the local API, the store and the recording of an agent. Run must follow.
func New(o Options) (*Daemon, error) {
	// The local API first: it also proves that this is the only agent here.
	listener, err := server.Listen(o.Socket)
	if err != nil {
		return nil, err
	}
	run := strings.ToLower(rand.Text()[:16]) // 80 bits: no two runs have the same
	warnings := newWarnings(o.Log)
	if note := upgradeTakenBack(o.State); note != "" {
		warnings.raise(warnUpgrade, note)
	}
	if o.OpenStore == nil {
		o.OpenStore = folder(o.State)
	}
	d := &Daemon{
		options: o, log: o.Log, listener: listener,
		alerts: alert.NewManager(run, nil, nil), archive: newArchive(run, o.OpenStore, o.Log, warnings), warnings: warnings,
		broker: newBroker(), started: time.Now().UTC(), budget: newBudget(o.Interval), trays: map[int32]api.TrayStatus{},
	}
	d.alerts.OnlyFor(o.User)
	d.archive.prepare, d.archive.publish, d.archive.changed = d.addCandidates, d.broker.publish, d.recall
	d.extensions = extensions.New(extensions.Options{
		Log: o.Log, Version: buildinfo.Version, Popup: popup{d},
		Renderers: func(root heuristics.ProcessID) map[int]heuristics.ProcessID { return d.sampler.Renderers(root) },
	})
	d.sampler = sampler.New(sampler.Options{Interval: o.Interval, Owners: d.extensions, Rest: sampler.DefaultRest, Attended: d.broker.attended})
	if d.source, d.finish, err = o.Recording.source(d.sampler, o.Interval, warnings); err != nil {
		d.extensions.Close()
		return nil, errors.Join(err, listener.Close())
	}
	return d, nil
}

// folder opens the store in a folder.
func folder(dir string) OpenStore {
	return func(run string) (Store, string, error) {
		s, aside, err := store.Open(dir, run)
		if s == nil {
			return nil, aside, err // not an interface that holds a nil
		}
		return s, aside, err
	}
}

// recall takes over what is allowed and snoozed.
func (d *Daemon) recall() {
	d.alerts.SetAllowances(d.archive.allowances(""))
	d.tellAll(d.alerts.SetSnoozes(d.archive.snoozes("")))
}

// opening is how long a start waits for the store: what users allowed should be known before the first alert.
const opening = 3 * time.Second

// Run watches until ctx ends, then closes all that New opened. It calls ready once the local API answers.
func (d *Daemon) Run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var serving sync.WaitGroup
	var served error
	go d.archive.keep()
	patience := time.NewTimer(opening)
	select {
	case <-d.archive.tried:
	case <-patience.C:
	}
	patience.Stop()
	serving.Go(func() {
		if served = server.Serve(ctx, d.listener, d, d.log); served != nil {
			cancel() // an agent that nobody can reach is of no use
		}
	})
	ready()
	err := pipeline.Run(ctx, d.source, heuristics.NewDetector(heuristics.Config{}), d.alerts, d.observe)
	cancel()
	serving.Wait()
	d.extensions.Close()
	return errors.Join(err, served, d.finish(), d.archive.close())
}

// observe takes what one tick led to. It must not block.
func (d *Daemon) observe(t pipeline.Tick) {
	if d.options.Heartbeat != nil {
		d.options.Heartbeat(time.Now())
	}
	d.last.Store(&tickFigures{at: t.Snapshot.Time, cores: t.Snapshot.Cores, processes: d.sampler.Processes()})
	for _, g := range t.Snapshot.Gaps {
		if said := sayGap(g); said != "" {
			d.log.Info(said)
		}
	}
	d.loads.observe(&t)
	for _, a := range t.Alerts {
		d.archive.add(a)
		d.flag(&a)
	}
	d.broker.publishLive(t, d.sampler.Processes())
	if at := t.Snapshot.At; at-d.checked >= time.Minute {
		d.checked = at
		d.keepBudget(at)
	}
}

// sayGap returns one line about what could not be seen, empty for what happens all the time.
func sayGap(g heuristics.Gap) string {
	length := g.Length.Round(time.Second)
	switch g.Kind {
	case heuristics.GapSlept:
		return fmt.Sprintf("the computer slept for %v; that time does not count", length)
	case heuristics.GapClockJumped:
		return fmt.Sprintf("the clock was set by %v; what is watched goes on, times of alerts follow the new clock", length)
	case heuristics.GapHidden:
		return "processes of other users (or outside this container) are invisible here and are not judged"
	case heuristics.GapUnreadable, heuristics.GapLateTick, heuristics.GapHostOnly:
	}
	return ""
}

// keepBudget looks at what measuring costs and lengthens the interval if that is too much.
func (d *Daemon) keepBudget(at time.Duration) {
	cpu, _ := ownUse()
	d.use.add(at, cpu)
	d.share.Store(math.Float64bits(d.use.share()))
	measured := d.sampler.Spent()
	if measured == 0 {
		measured = cpu // this system does not tell them apart
	}
	interval, said := d.budget.observe(at, measured)
	if said == "" {
		return
	}
	d.sampler.SetInterval(interval)
	if interval == d.options.Interval {
		d.warnings.clear(warnSlowed, said)
	} else {
		d.warnings.raise(warnSlowed, said)
	}
}

// ownUse returns the agent's own CPU time so far and its resident memory in bytes.
func ownUse() (cpu time.Duration, resident uint64) {
	self, err := process.NewProcess(int32(os.Getpid())) //nolint:gosec // a pid fits
	if err != nil {
		return 0, 0
	}
	if t, err := self.Times(); err == nil {
		cpu = time.Duration((t.User + t.System) * float64(time.Second))
	}
	if m, err := self.MemoryInfo(); err == nil {
		resident = m.RSS
	}
	return cpu, resident
}

// addCandidates lists the hosts that stand open in this user's browsers in an alert about a tab that nobody could name,
// if that was allowed. One host alone would be a guess.
func (d *Daemon) addCandidates(a *api.Alert) {
	if !d.options.SessionFiles || a.Subject != api.SubjectTab || a.SiteConfidence != api.Unknown || a.State != api.Firing {
		return
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return
	}
	if hosts, _ := sessionfile.Hosts(home, os.Getenv("XDG_CONFIG_HOME")); len(hosts) > 1 {
		a.Candidates = hosts
	}
}
