package daemon

import (
	"context"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/browser"
	"github.com/minewatch/minewatch/agent/internal/fault"
	"github.com/minewatch/minewatch/agent/internal/server"
)

// wish does what a person wants in a browser's popup, and answers by the stream of questions. The popup sees and acts
// on no more than what concerns its own browser and its own user, even where that user is an administrator.
func (d *Daemon) wish(c server.Caller, said api.Answer) error {
	peer, a, err := d.bridge.Wish(c.PID, said)
	if err != nil {
		return err
	}
	if peer.User != c.User {
		return fault.New(fault.Forbidden, "only a browser of the same user may ask")
	}
	own := server.Caller{User: c.User, PID: c.PID}
	if a.Type == "load" {
		q := d.loads.told(peer, a.Lang, d.openIn(peer), d.sitesAllowed(peer.User))
		q.ID = a.ID
		d.bridge.Tell(peer.PID, q)
		return nil
	}
	if a.Type == "disallow" {
		err = d.takeBack(own, peer, a.Renderer)
	} else {
		err = d.wishAbout(own, peer, a)
	}
	d.bridge.Tell(peer.PID, api.Question{Type: "acted", ID: a.ID, OK: err == nil})
	return err
}

// wishAbout allows or snoozes what an alert is about, if the alert is one of the popup's own browser.
func (d *Daemon) wishAbout(c server.Caller, peer browser.HostPeer, a api.Answer) error {
	t, err := d.target(c, a.Alert)
	if err != nil {
		return err
	}
	if t.Owner.Root != peer.Root {
		return fault.New(fault.NotFound, "there is no open alert "+a.Alert+" in this browser")
	}
	length := time.Duration(a.ForS * float64(time.Second))
	if a.Type == "snooze" {
		return d.Snooze(context.Background(), c, a.Alert, length)
	}
	_, err = d.AllowAlert(context.Background(), c, a.Alert, length)
	return err
}

// takeBack ends the allowance of the site whose load the popup shows. The popup names no site: an extension that lies
// can take back no more than what is on its own list now.
func (d *Daemon) takeBack(c server.Caller, peer browser.HostPeer, renderer int) error {
	site := d.loads.site(peer, renderer)
	if site == "" {
		return fault.New(fault.NotFound, "no load of one site is in that process of this browser")
	}
	return d.Disallow(context.Background(), c, api.Allowance{Site: site})
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
func (d *Daemon) openIn(peer browser.HostPeer) map[int32]*api.Alert {
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
		d.bridge.TellBrowser(t.Owner.Root, api.Question{Type: "flagged", Renderer: t.Owner.Renderer, Sites: []string{a.Site}})
	}
}

// unflag tells the browsers of a user that a site is allowed now, or that the allowance was taken back.
func (d *Daemon) unflag(user, site string) {
	if site != "" {
		d.bridge.TellUser(user, api.Question{Type: "unflagged", Sites: []string{site}})
	}
}

// greet tells a browser that has just connected what was allowed while it was away.
func (d *Daemon) greet(c server.Caller) {
	q := api.Question{Type: "unflagged"}
	for _, a := range d.archive.allowances(c.User) {
		if a.Site == "" {
			continue
		}
		next := q
		next.Sites = append(next.Sites, a.Site)
		if !browser.Fits(next) {
			break
		}
		q = next
	}
	if len(q.Sites) > 0 {
		d.bridge.Tell(c.PID, q)
	}
}
