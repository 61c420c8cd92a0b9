package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v3/process"
	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/browser"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/server"
	"github.com/minewatch/minewatch/agent/internal/sessionfile"
	"github.com/minewatch/minewatch/agent/internal/store"
	"github.com/minewatch/minewatch/heuristics"
)

// Retention of the store: what people may still ask about.
const (
	keepAlerts  = 180 * 24 * time.Hour
	keepRows    = 5_000
	pruneEvery  = 6 * time.Hour
	storeVolume = 1024 // alerts waiting for the disk
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
	// Heartbeat is called at every tick, by its time, if it is not nil: for a service manager that restarts what hangs.
	Heartbeat func(time.Time)
	Log       *zap.Logger
}

// Daemon is a running agent: the pipeline, its sinks and the local API.
type Daemon struct {
	options  Options
	log      *zap.Logger
	listener net.Listener
	sampler  *sampler.Sampler
	source   pipeline.Source
	finish   func() error // ends the recording
	bridge   *browser.Bridge
	alerts   *alert.Manager
	store    *store.Store
	broker   *broker
	loads    loads
	started  time.Time
	// toStore holds alerts on their way to the store and then to the sinks, so that a slow disk delays no tick.
	toStore chan api.Alert
	last    atomic.Pointer[tickFigures]

	budget  *budget // used by observe alone, and so is use: what the whole agent costs, callers included
	use     meter
	checked time.Duration
	share   atomic.Uint64 // what the agent used of one core lately, as math.Float64bits

	mu       sync.Mutex
	warnings []string
	slowed   string // why the interval is longer than asked for
	trays    map[int32]api.TrayStatus
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
	kept, aside, err := store.Open(o.State, run)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	var warnings []string
	if aside != "" {
		o.Log.Warn(aside)
		warnings = append(warnings, aside)
	}
	alerts, err := remembered(kept, run)
	if err != nil {
		return nil, errors.Join(err, listener.Close(), kept.Close())
	}
	bridge := browser.NewBridge(o.Log)
	broker := newBroker()
	machine := sampler.New(sampler.Options{Interval: o.Interval, Owners: bridge, Rest: sampler.DefaultRest, Attended: broker.attended})
	bridge.Measure(machine.Renderers)
	source, finish, err := o.Recording.source(machine, o.Interval)
	if err != nil {
		return nil, errors.Join(err, listener.Close(), kept.Close())
	}
	return &Daemon{
		options: o, log: o.Log, listener: listener, sampler: machine, source: source, finish: finish, bridge: bridge,
		alerts: alerts, store: kept, broker: broker, started: time.Now().UTC(), toStore: make(chan api.Alert, storeVolume),
		budget: newBudget(o.Interval), warnings: warnings, trays: map[int32]api.TrayStatus{},
	}, nil
}

// remembered returns the state of alerts that outlives a restart.
func remembered(kept *store.Store, run string) (*alert.Manager, error) {
	now := time.Now()
	if err := kept.CloseOpen(now, api.ReasonAgentStopped, true); err != nil {
		return nil, err
	}
	if err := kept.Prune(now, keepAlerts, keepRows); err != nil {
		return nil, err
	}
	allowed, err := kept.Allowances(context.Background(), "", now)
	if err != nil {
		return nil, err
	}
	snoozed, err := kept.Snoozes(context.Background(), "", now)
	if err != nil {
		return nil, err
	}
	return alert.NewManager(run, allowed, snoozed), nil
}

// Run watches until ctx ends, then closes all that New opened. It calls ready once the local API answers.
func (d *Daemon) Run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var serving, saving sync.WaitGroup
	var served error
	serving.Go(func() {
		if served = server.Serve(ctx, d.listener, d, d.log); served != nil {
			cancel() // an agent that nobody can reach is of no use
		}
	})
	saving.Go(d.saveAlerts)
	ready()
	err := pipeline.Run(ctx, d.source, heuristics.NewDetector(heuristics.Config{}), d.alerts, d.observe)
	cancel()
	serving.Wait()
	close(d.toStore)
	saving.Wait()
	return errors.Join(err, served, d.finish(), d.store.CloseOpen(time.Now(), api.ReasonAgentStopped, true), d.store.Close())
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
		d.tell(a)
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
	d.log.Warn(said)
	d.sampler.SetInterval(interval)
	if interval == d.options.Interval {
		said = ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slowed = said
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

// tell hands an alert on to the store and the sinks.
func (d *Daemon) tell(a api.Alert) {
	select {
	case d.toStore <- a:
	default: // a thousand alerts behind a dead disk: people still hear of it
		d.broker.publish(a)
		d.warn("Alerts come faster than they can be stored; the list of past alerts has holes.")
	}
}

// saveAlerts stores alerts and then tells the sinks, until toStore is closed.
func (d *Daemon) saveAlerts() {
	pruned, logged := time.Now(), map[string]string{}
	for a := range d.toStore {
		if err := d.store.SaveAlert(a); err != nil {
			d.log.Error("an alert could not be stored", zap.Error(err))
			d.warn(fmt.Sprintf("Alerts cannot be stored (%v). They are still shown.", err))
		}
		if news := string(a.State) + string(a.Severity); logged[a.ID] != news && a.State != api.Pending {
			logged[a.ID] = news
			if a.State == api.Resolved {
				delete(logged, a.ID)
			}
			d.log.Info("alert", zap.String("id", a.ID), zap.String("state", string(a.State)), zap.String("subject", string(a.Subject)),
				zap.Int32("pid", a.PID), zap.String("severity", string(a.Severity)))
		}
		d.addCandidates(&a)
		d.broker.publish(a)
		if time.Since(pruned) > pruneEvery {
			pruned = time.Now()
			if err := d.store.Prune(pruned, keepAlerts, keepRows); err != nil {
				d.log.Warn("old alerts could not be dropped", zap.Error(err))
			}
		}
	}
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

// warn notes once what does not work, for the status.
func (d *Daemon) warn(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Contains(d.warnings, text) && len(d.warnings) < 32 {
		d.warnings = append(d.warnings, text)
	}
}
