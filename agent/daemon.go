package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v3/process"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/agent/internal/browser"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/server"
	"github.com/minewatch/minewatch/agent/internal/sessionfile"
	"github.com/minewatch/minewatch/agent/internal/store"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

// Retention of the store: what people may still ask about.
const (
	keepAlerts  = 180 * 24 * time.Hour
	keepRows    = 5_000
	pruneEvery  = 6 * time.Hour
	storeVolume = 1024 // alerts waiting for the disk
)

// daemonOptions says where a daemon lives and what it does besides watching.
type daemonOptions struct {
	socket, state string
	interval      time.Duration
	recording     recordingOptions
	sessionFiles  bool // may be read, by the agent of the user whose they are
	log           *zap.Logger
}

// daemon is a running agent: the pipeline, its sinks and the door.
type daemon struct {
	options daemonOptions
	log     *zap.Logger
	sampler *sampler.Sampler
	bridge  *browser.Bridge
	alerts  *alert.Manager
	store   *store.Store
	hub     *hub
	loads   loads
	started time.Time
	// toStore holds alerts on their way to the store and then to the sinks, so that a slow disk delays no tick.
	toStore chan api.Alert
	last    atomic.Pointer[tickFigures]

	budget  *budget // used by observe alone
	checked time.Duration
	share   atomic.Uint64 // what the agent used of one core lately, as math.Float64bits

	mu       sync.Mutex
	troubles []string
	slowed   string // why the interval is longer than asked for
	trays    map[int32]api.TrayStatus
}

// tickFigures are what the status tells of the last tick.
type tickFigures struct {
	at        time.Time
	cores     int
	processes int
}

// runDaemon runs an agent until ctx ends. It calls ready once the door is open.
func runDaemon(ctx context.Context, o daemonOptions, ready func()) error {
	// The door first: it also proves that this is the only agent here.
	door, err := server.Listen(o.socket)
	if err != nil {
		return err
	}
	kept, troubles, err := store.Open(o.state)
	if err != nil {
		return errors.Join(err, door.Close())
	}
	d := &daemon{
		options: o, log: o.log, store: kept, troubles: troubles, started: time.Now().UTC(), hub: newHub(),
		bridge: browser.NewBridge(o.log), toStore: make(chan api.Alert, storeVolume), trays: map[int32]api.TrayStatus{},
	}
	for _, t := range troubles {
		o.log.Warn(t)
	}
	if err := d.remember(); err != nil {
		return errors.Join(err, door.Close(), kept.Close())
	}
	d.budget = newBudget(o.interval)
	d.sampler = sampler.New(sampler.Options{Interval: o.interval, Owners: d.bridge})
	d.bridge.Measure(d.sampler.Renderers)
	source, finish, err := d.source()
	if err != nil {
		return errors.Join(err, door.Close(), kept.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var serving, saving sync.WaitGroup
	var doorErr error
	serving.Go(func() {
		if doorErr = server.Serve(ctx, door, d, o.log); doorErr != nil {
			cancel() // an agent that nobody can reach is of no use
		}
	})
	saving.Go(d.saveAlerts)
	ready()
	err = pipeline.Run(ctx, source, heuristics.NewDetector(heuristics.Config{}), d.alerts, d.observe)
	cancel()
	serving.Wait()
	close(d.toStore)
	saving.Wait()
	return errors.Join(err, doorErr, finish(), kept.CloseOpen(time.Now(), "agent_stopped"), kept.Close())
}

// remember restores what outlives a restart.
func (d *daemon) remember() error {
	now := time.Now()
	if err := d.store.CloseOpen(now, "agent_stopped"); err != nil {
		return err
	}
	if err := d.store.Prune(now, keepAlerts, keepRows); err != nil {
		return err
	}
	allowed, err := d.store.Allowances("", now)
	if err != nil {
		return err
	}
	snoozed, err := d.store.Snoozes("", now)
	if err != nil {
		return err
	}
	d.alerts = alert.NewManager(now.UTC().Format("20060102T150405"), allowed, snoozed)
	return nil
}

// source returns the live source, recorded on the way if that was asked for, and what ends the recording.
func (d *daemon) source() (pipeline.Source, func() error, error) {
	if d.options.recording.file == "" {
		return d.sampler.Source, func() error { return nil }, nil
	}
	f, err := openRecording(d.options.recording.file)
	if err != nil {
		return nil, nil, err
	}
	return trace.Record(d.sampler.Source, f, traceHeader(d.options.interval, d.options.recording)), f.Close, nil
}

// observe takes what one tick led to. It must not block.
func (d *daemon) observe(t pipeline.Tick) {
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
	d.hub.publishLive(t, d.sampler.Processes())
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

// keepBudget looks at what the agent itself costs and lengthens the interval if that is too much.
func (d *daemon) keepBudget(at time.Duration) {
	cpu, _ := ownUse()
	interval, said := d.budget.observe(at, cpu)
	d.share.Store(math.Float64bits(d.budget.share()))
	if said == "" {
		return
	}
	d.log.Warn(said)
	d.sampler.SetInterval(interval)
	if interval == d.options.interval {
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
func (d *daemon) tell(a api.Alert) {
	select {
	case d.toStore <- a:
	default: // a thousand alerts behind a dead disk: people still hear of it
		d.hub.publish(a)
		d.trouble("Alerts come faster than they can be stored; the list of past alerts has holes.")
	}
}

// saveAlerts stores alerts and then tells the sinks, until toStore is closed.
func (d *daemon) saveAlerts() {
	pruned, logged := time.Now(), map[string]string{}
	for a := range d.toStore {
		if err := d.store.SaveAlert(a); err != nil {
			d.log.Error("an alert could not be stored", zap.Error(err))
			d.trouble(fmt.Sprintf("Alerts cannot be stored (%v). They are still shown.", err))
		}
		if news := string(a.State) + a.Severity; logged[a.ID] != news && a.State != api.Pending {
			logged[a.ID] = news
			if a.State == api.Resolved {
				delete(logged, a.ID)
			}
			d.log.Info("alert", zap.String("id", a.ID), zap.String("state", string(a.State)), zap.String("subject", a.Subject),
				zap.Int32("pid", a.PID), zap.String("severity", a.Severity))
		}
		d.addCandidates(&a)
		d.hub.publish(a)
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
func (d *daemon) addCandidates(a *api.Alert) {
	if !d.options.sessionFiles || a.Subject != "browser_tab" || a.SiteConfidence != string(attribution.Unknown) || a.State != api.Firing {
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

// trouble notes once what does not work, for the status.
func (d *daemon) trouble(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Contains(d.troubles, text) && len(d.troubles) < 32 {
		d.troubles = append(d.troubles, text)
	}
}

// newLog returns a logger that writes lines for people or a journal to standard error.
func newLog(verbose bool) (*zap.Logger, error) {
	c := zap.NewProductionConfig()
	c.Encoding = "console"
	c.EncoderConfig.EncodeTime = func(t time.Time, e zapcore.PrimitiveArrayEncoder) { e.AppendString(t.Format("15:04:05")) }
	c.DisableCaller, c.DisableStacktrace = true, true
	if verbose {
		c.Level.SetLevel(zap.DebugLevel)
	}
	return c.Build()
}

// failIfUnprivileged returns an error when this user cannot run the machine's own agent.
func failIfUnprivileged() error {
	if os.Geteuid() > 0 {
		return errors.New("the machine's agent needs administrator rights; for yourself alone use `minewatch run --user`")
	}
	return nil
}
