package daemon

import (
	"cmp"
	"context"
	"iter"
	"math"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/agent/internal/browsers"
	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/fault"
	"github.com/minewatch/minewatch/agent/internal/server"
)

// scope returns the user whose alerts a caller sees: "" (everybody's) for an administrator.
func scope(c server.Caller) string {
	if c.Admin {
		return ""
	}
	return c.User
}

// Status tells how the agent is.
func (d *Daemon) Status(_ context.Context, c server.Caller) api.Status {
	s := api.Status{
		Type: "status", APIVersion: api.Version, Version: buildinfo.Version, PID: os.Getpid(), Started: d.started,
		Cores: runtime.NumCPU(), IntervalMS: d.sampler.Interval().Milliseconds(), Sampler: d.sampler.Name(),
		State: d.options.State, Socket: d.options.Socket, Browsers: d.extensions.Status(scope(c)), Trays: []api.TrayStatus{},
	}
	for i := range s.Browsers {
		s.Browsers[i].Title = browsers.Title(s.Browsers[i].Name)
	}
	fresh := max(3*d.sampler.Longest(), 3*time.Second)
	s.Watching = time.Since(d.started) < fresh // the first sample is on its way
	if last := d.last.Load(); last != nil {
		s.Watching = time.Since(last.at) < fresh
		s.Cores, s.Processes = last.cores, last.processes
	}
	cpu, resident := ownUse()
	s.CPU, s.RSS = alert.Round(cpu.Seconds(), 100), resident
	s.CPUPerHour = alert.Round(3600*math.Float64frombits(d.share.Load()), 10)
	for _, a := range d.alerts.Open(scope(c)) {
		if a.State == api.Firing {
			s.Firing++
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.trays {
		if t.User != c.User {
			if !c.Admin {
				continue
			}
			t.Detail = "" // anybody can call themselves a tray and say anything
		}
		s.Trays = append(s.Trays, t)
	}
	slices.SortFunc(s.Trays, func(a, b api.TrayStatus) int { return cmp.Compare(a.PID, b.PID) })
	s.Warnings = d.warnings.list()
	return s
}

// Alerts lists the caller's alerts.
func (d *Daemon) Alerts(ctx context.Context, c server.Caller, within time.Duration) ([]api.Alert, error) {
	var since time.Time
	if within > 0 {
		since = time.Now().Add(-within)
	}
	ctx, cancel := patience(ctx)
	defer cancel()
	return d.archive.alerts(ctx, scope(c), since)
}

// target finds the caller's open alert.
func (d *Daemon) target(c server.Caller, id string) (alert.Target, error) {
	t, ok := d.alerts.Target(id)
	if !ok || (!c.Admin && t.Alert.User != c.User) { // whether another user's alert exists is nobody's business
		return t, fault.New(fault.NotFound, "there is no open alert "+id+"; it may be over (see `minewatch alerts`)")
	}
	return t, nil
}

// Act closes or shows the tabs of an alert, after asking the browser again what lives in the process.
func (d *Daemon) Act(ctx context.Context, c server.Caller, id, what string) error {
	t, err := d.target(c, id)
	if err != nil {
		return err
	}
	switch {
	case t.Owner.Subject != api.SubjectTab:
		return fault.New(fault.Conflict, "this alert is about a program, not a tab; end it as you would end any program")
	case t.Owner.Level != api.Exact || len(t.Owner.Tabs) == 0:
		return fault.New(fault.Conflict, "minewatch is not sure which tab it is; look at the tabs yourself")
	case !d.sampler.Alive(t.Process):
		return fault.New(fault.Conflict, "the tab is gone already")
	}
	var failed error
	if what == "close" {
		answered := d.alerts.Closing(id)
		defer func() { answered(failed == nil) }()
	}
	tabs := t.Owner.Tabs
	if what == "show" {
		tabs = tabs[:1] // only one can be in front
	}
	for _, tab := range tabs { // one that asks its visitor before leaving must not keep the others
		if err := d.extensions.Act(ctx, t.Owner.Root, what, tab.ID, tab.TopOrigin, t.Owner.Renderer); err != nil {
			failed = fault.Newf(fault.Conflict, "the browser did not %s the tab: %v", what, err)
		}
	}
	return failed
}

// Snooze keeps an alert's site or program quiet for a while.
func (d *Daemon) Snooze(ctx context.Context, c server.Caller, id string, length time.Duration) error {
	t, err := d.target(c, id)
	if err != nil {
		return err
	}
	if length <= 0 || length > api.MaxSpan {
		return fault.New(fault.Invalid, "snooze for more than nothing and less than ten years")
	}
	s, err := consentFor(&t.Alert, length)
	if err != nil { // no single site: only this alert can be quiet
		d.tellAll(d.alerts.Hush(id, time.Now().UTC().Add(length)))
		return nil
	}
	ctx, cancel := patience(ctx)
	defer cancel()
	if err := d.archive.snooze(ctx, s); err != nil {
		d.tellAll(d.alerts.Hush(id, s.Until)) // this alert at least, until the agent ends
		return err
	}
	return nil
}

// SnoozeNamed keeps a site or a program quiet until a time.
func (d *Daemon) SnoozeNamed(ctx context.Context, c server.Caller, a api.Allowance) (api.Allowance, error) {
	a, err := cleanAllowance(c, a)
	if err != nil {
		return a, err
	}
	a.Since = time.Now().UTC()
	if a.Until.IsZero() || a.Until.Sub(a.Since) > api.MaxSpan {
		return a, fault.New(fault.Invalid, "say until when, at most ten years; what is to be quiet for good can be allowed")
	}
	ctx, cancel := patience(ctx)
	defer cancel()
	return asSnooze(a), d.archive.snooze(ctx, a)
}

// Unsnooze ends the snooze of what an open alert is about, and the quiet of that alert.
func (d *Daemon) Unsnooze(ctx context.Context, c server.Caller, id string) error {
	t, err := d.target(c, id)
	if err != nil {
		return err
	}
	d.tellAll(d.alerts.Hush(id, time.Time{}))
	s, err := consentFor(&t.Alert, 0)
	if err != nil {
		return nil //nolint:nilerr // no single site: only this alert was quiet
	}
	ctx, cancel := patience(ctx)
	defer cancel()
	_, err = d.archive.unsnooze(ctx, s)
	return err
}

// UnsnoozeNamed ends the snooze of a site or a program.
func (d *Daemon) UnsnoozeNamed(ctx context.Context, c server.Caller, a api.Allowance) error {
	a, err := cleanAllowance(c, a)
	if err != nil {
		return err
	}
	ctx, cancel := patience(ctx)
	defer cancel()
	found, err := d.archive.unsnooze(ctx, a)
	if err == nil && !found {
		return fault.New(fault.NotFound, a.Site+a.Program+" was not snoozed (`minewatch snooze` lists what is)")
	}
	return err
}

// Snoozes lists what the caller snoozed, to an administrator what everybody did.
func (d *Daemon) Snoozes(_ context.Context, c server.Caller) ([]api.Allowance, error) {
	all := d.archive.snoozes(scope(c))
	for i := range all {
		all[i] = asSnooze(all[i])
	}
	return all, nil
}

// asSnooze calls a snooze by its name on the wire.
func asSnooze(a api.Allowance) api.Allowance {
	a.Type = "snooze"
	return a
}

// patience bounds how long a caller waits for the disk.
func patience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 5*time.Second)
}

func (d *Daemon) tellAll(alerts []api.Alert) {
	for _, a := range alerts {
		d.archive.add(a)
	}
}

// consentFor returns an allowance (or snooze) for what an alert is about.
func consentFor(a *api.Alert, length time.Duration) (api.Allowance, error) {
	out := api.Allowance{Type: "allowance", User: a.User, Since: time.Now().UTC()}
	if length > 0 {
		out.Until = out.Since.Add(length)
	}
	switch {
	case a.Site != "":
		out.Site = a.Site
	case a.Subject == api.SubjectTab:
		return out, fault.New(fault.Conflict, "minewatch does not know which single site this is, so there is nothing to allow")
	default:
		out.Program = alert.Program(a)
	}
	return out, nil
}

// AllowAlert allows what an alert is about.
func (d *Daemon) AllowAlert(ctx context.Context, c server.Caller, id string, length time.Duration) (api.Allowance, error) {
	t, err := d.target(c, id)
	if err != nil {
		return api.Allowance{}, err
	}
	a, err := consentFor(&t.Alert, min(length, api.MaxSpan))
	if err != nil {
		return a, err
	}
	return a, d.addAllowance(ctx, a)
}

// Allow allows a site or a program for the caller.
func (d *Daemon) Allow(ctx context.Context, c server.Caller, a api.Allowance) (api.Allowance, error) {
	a, err := cleanAllowance(c, a)
	if err != nil {
		return a, err
	}
	a.Since = time.Now().UTC()
	return a, d.addAllowance(ctx, a)
}

func (d *Daemon) addAllowance(ctx context.Context, a api.Allowance) error {
	ctx, cancel := patience(ctx)
	defer cancel()
	if err := d.archive.allow(ctx, a); err != nil {
		return err
	}
	d.unflag(a.User, a.Site)
	return nil
}

// Disallow takes an allowance back.
func (d *Daemon) Disallow(ctx context.Context, c server.Caller, a api.Allowance) error {
	a, err := cleanAllowance(c, a)
	if err != nil {
		return err
	}
	ctx, cancel := patience(ctx)
	defer cancel()
	found, err := d.archive.disallow(ctx, a)
	if err != nil {
		return err
	}
	if !found {
		return fault.New(fault.NotFound, a.Site+a.Program+" was not allowed (a program is named by its path; see `minewatch allowed`)")
	}
	d.unflag(a.User, a.Site)
	return nil
}

// Allowances lists what the caller allowed, to an administrator what everybody did.
func (d *Daemon) Allowances(_ context.Context, c server.Caller) ([]api.Allowance, error) {
	return d.archive.allowances(scope(c)), nil
}

// isUser reports whether a text may be the uid or SID of a user.
func isUser(text string) bool {
	digits := strings.ReplaceAll(strings.TrimPrefix(text, "S-"), "-", "")
	return digits != "" && len(text) <= 184 && strings.Trim(digits, "0123456789") == "" && (digits == text || strings.HasPrefix(text, "S-1-"))
}

// cleanAllowance turns what a caller named into the form that is stored, for that caller.
func cleanAllowance(c server.Caller, a api.Allowance) (api.Allowance, error) {
	a.Type = "allowance"
	if a.User == "" || !c.Admin { // only an administrator speaks for another user
		a.User = c.User
	}
	if !isUser(a.User) {
		return a, fault.New(fault.Invalid, "name the user by the uid (on Windows by the SID)")
	}
	if (a.Site == "") == (a.Program == "") {
		return a, fault.New(fault.Invalid, "name a site or a program")
	}
	if !a.Until.IsZero() && time.Now().After(a.Until) {
		return a, fault.New(fault.Invalid, "that time is over already")
	}
	if a.Site != "" {
		origin := a.Site
		if !strings.Contains(origin, "://") {
			origin = "https://" + origin
		}
		site := attribution.SiteOf(origin)
		if site == "" {
			return a, fault.Newf(fault.Invalid, "%q is not the name of a site, such as films.example", a.Site)
		}
		a.Site = site
	}
	return a, nil
}

// Events streams a caller's alerts, those that are open now first.
func (d *Daemon) Events(ctx context.Context, c server.Caller, live bool, tray *api.TrayStatus) iter.Seq[api.Event] {
	return func(yield func(api.Event) bool) {
		w := d.broker.join(scope(c), live)
		defer d.broker.leave(w)
		if tray != nil {
			tray.PID, tray.User = c.PID, c.User
			d.setTray(c.PID, tray)
			defer d.setTray(c.PID, nil)
		}
		for _, a := range d.archive.openAlerts(scope(c)) {
			if !yield(api.Event{Alert: &a}) {
				return
			}
		}
		for {
			select {
			case <-ctx.Done():
				return
			case e, ok := <-w.events:
				if !ok || !yield(e) {
					return
				}
			}
		}
	}
}

func (d *Daemon) setTray(pid int32, t *api.TrayStatus) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t == nil {
		delete(d.trays, pid)
		return
	}
	d.trays[pid] = *t
}

// Extension holds the conversation with the extension behind a native messaging host.
func (d *Daemon) Extension(ctx context.Context, c server.Caller, accept func() (net.Conn, error)) error {
	return d.extensions.Serve(ctx, c.User, c.PID, accept)
}

// OutdatedHost notes a host that is too old, for the status.
func (d *Daemon) OutdatedHost(_ context.Context, c server.Caller) {
	d.extensions.RefuseOutdated(c.User, c.PID)
}

var _ server.Agent = (*Daemon)(nil)
