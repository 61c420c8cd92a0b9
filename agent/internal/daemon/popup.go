package daemon

import (
	"context"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/extensions"
	"github.com/minewatch/minewatch/agent/internal/fault"
	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/agent/internal/server"
)

// popup does what people ask for in the extension's window. It sees and acts on no more than what concerns its own
// browser and its own user, even where that user is an administrator.
type popup struct{ *Daemon }

var _ extensions.Popup = popup{}

func callerOf(peer extensions.Peer) server.Caller {
	return server.Caller{User: peer.User, PID: peer.PID}
}

// Load tells which renderers of the browser use the processor.
func (p popup) Load(_ context.Context, peer extensions.Peer, lang string) (nm.LoadResult, error) {
	return p.loads.told(peer, lang, p.openIn(peer), p.sitesAllowed(peer.User)), nil
}

// Allow allows what an alert is about.
func (p popup) Allow(ctx context.Context, peer extensions.Peer, id string, length time.Duration) error {
	if err := p.concerns(peer, id); err != nil {
		return err
	}
	_, err := p.AllowAlert(ctx, callerOf(peer), id, length)
	return err
}

// Snooze keeps what an alert is about quiet for a while.
func (p popup) Snooze(ctx context.Context, peer extensions.Peer, id string, length time.Duration) error {
	if err := p.concerns(peer, id); err != nil {
		return err
	}
	return p.Daemon.Snooze(ctx, callerOf(peer), id, length)
}

// concerns returns an error unless there is an open alert about the peer's own browser with this id.
func (p popup) concerns(peer extensions.Peer, id string) error {
	t, err := p.target(callerOf(peer), id)
	if err == nil && t.Owner.Root != peer.Root {
		err = fault.New(fault.NotFound, "there is no open alert "+id+" in this browser")
	}
	return err
}

// Disallow ends the allowance of the site whose load the popup shows. The popup names no site: an extension that lies
// can take back no more than what is on its own list now.
func (p popup) Disallow(ctx context.Context, peer extensions.Peer, renderer int) error {
	site := p.loads.site(peer, renderer)
	if site == "" {
		return fault.New(fault.NotFound, "no load of one site is in that process of this browser")
	}
	return p.Daemon.Disallow(ctx, callerOf(peer), api.Allowance{Site: site})
}

// Allowed returns the sites that the peer's user allows.
func (p popup) Allowed(_ context.Context, peer extensions.Peer) ([]string, error) {
	var sites []string
	for _, a := range p.archive.allowances(peer.User) {
		if a.Site != "" {
			sites = append(sites, a.Site)
		}
	}
	return sites, nil
}

// sitesAllowed returns what a user allows.
func (d *Daemon) sitesAllowed(user string) map[string]bool {
	sites := map[string]bool{}
	for _, a := range d.archive.allowances(user) {
		sites[a.Site] = a.Site != ""
	}
	return sites
}

// openIn returns the firing alerts of one browser by process.
func (d *Daemon) openIn(peer extensions.Peer) map[int32]*api.Alert {
	out := map[int32]*api.Alert{}
	for _, a := range d.alerts.Open(peer.User) {
		if t, ok := d.alerts.Target(a.ID); ok && t.Owner.Root == peer.Root && a.State == api.Firing {
			out[a.PID] = &a
		}
	}
	return out
}

// flag tells a browser that an alert fired about one of its tabs, so that it can warn on a return there. Only what is
// sure and looks like mining is worth that: a heavy page that is merely heavy would be a nuisance to be warned of.
func (d *Daemon) flag(a *api.Alert) {
	if a.State != api.Firing || a.Site == "" || a.SiteConfidence != api.Exact || a.Severity != api.MiningLike {
		return
	}
	if t, ok := d.alerts.Target(a.ID); ok && t.Owner.Renderer > 0 {
		d.extensions.Flag(t.Owner.Root, t.Owner.Renderer, a.Site)
	}
}

// unflag tells the browsers of a user that a site is allowed now, or that the allowance was taken back.
func (d *Daemon) unflag(user, site string) {
	if site != "" {
		d.extensions.Unflag(user, site)
	}
}
