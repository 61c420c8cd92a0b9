//go:build linux

package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/pages"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// closeLabel is what the tray calls closing a tab.
const closeLabel = "Close tab"

// testSite finds the sites of the test pages in a text.
var testSite = regexp.MustCompile(`[a-z0-9-]+\.test\b`)

// awaitAlert waits until tray menu and a notification both name a site, and notes which and when.
func (r *demo) awaitAlert(ctx context.Context) error {
	if err := wait.Within(ctx, partTimeout, "the load to start", func() (bool, error) {
		return !r.web.Load(pages.Films).Started.IsZero(), nil
	}); err != nil {
		return err
	}
	r.say("the load on %s has started", pages.Films)
	limited, cancel := context.WithTimeout(ctx, alertTimeout)
	defer cancel()
	err := wait.Every(limited, 500*time.Millisecond, "menu and notifications to name a site", func() (bool, error) { return r.look(limited) })
	if err != nil {
		return fmt.Errorf("menu named %v, notifications named %v: %w", r.result.MenuSites, r.result.NotificationSites, err)
	}
	for _, n := range r.desktop.Notifications() {
		if testSite.MatchString(n.Text()) {
			r.result.TimeToAlert = round(n.At.Sub(r.web.Load(pages.Films).Started).Seconds())
			r.say("after %.1f s: %s", r.result.TimeToAlert, strings.ReplaceAll(n.Text(), "\n", " / "))
			break
		}
	}
	r.picture(ctx, "2-notification")
	return nil
}

// look reads menu, notifications and alerts once and reports whether all three name a site.
func (r *demo) look(ctx context.Context) (bool, error) {
	menu, err := r.desktop.TrayMenu(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range testSite.FindAllString(menu.Text(), -1) {
		r.menu[s] = true
	}
	r.result.MenuSites = slices.Sorted(maps.Keys(r.menu))
	named := map[string]bool{}
	for _, n := range r.desktop.Notifications() {
		for _, s := range testSite.FindAllString(n.Text(), -1) {
			named[s] = true
		}
	}
	r.result.NotificationSites = slices.Sorted(maps.Keys(named))
	alerts, err := r.agent.alerts(ctx)
	if err != nil {
		return false, err
	}
	for _, a := range alerts {
		r.locate(a)
		if r.fired == nil && a.State == "firing" && a.Site == pages.Films {
			r.fired = &a
			r.result.LiveT, r.result.Severity, r.result.SiteConfidence = round(a.T), a.Severity, a.SiteConfidence
		}
	}
	return len(r.menu) > 0 && len(named) > 0 && r.fired != nil, nil
}

// locate notes an alert that is about a process outside the desktop: an agent without administrator rights sees all
// that its user does, and where the demo is not run by root that is also whatever else the caller has running.
// Whatever cannot be told, because the process is gone, counts as the desktop's own.
func (r *demo) locate(a alert) {
	if r.seen[a.ID] {
		return
	}
	r.seen[a.ID] = true
	owned, err := r.desktop.Owns(a.PID)
	r.elsewhere[a.ID] = err == nil && !owned
}

// closeTab chooses "Close tab" in the tray menu, with the mouse and the keys of a person.
func (r *demo) closeTab(ctx context.Context) error {
	menu, err := r.desktop.TrayMenu(ctx)
	if err != nil {
		return err
	}
	path := []string{closeLabel}
	for _, line := range menu.Children {
		for _, below := range line.Children {
			if strings.Contains(line.Label, pages.Films) && below.Label == closeLabel {
				path = []string{pages.Films, closeLabel}
			}
		}
	}
	r.result.CloseBy = "keys"
	err = r.closeByKeys(ctx, path)
	if err != nil {
		r.say("the open menu could not be used (%v); sending the choice instead", err)
		r.result.CloseBy = "message"
		if err = r.desktop.SendTrayMenu(ctx, path...); err == nil {
			err = r.awaitClosed(ctx)
		}
	}
	r.result.TabClosed = err == nil
	return err
}

func (r *demo) closeByKeys(ctx context.Context, path []string) error {
	if _, err := r.desktop.OpenTrayMenu(ctx); err != nil {
		return err
	}
	r.picture(ctx, "3-menu")
	_, err := r.desktop.SelectInTrayMenu(ctx, path...)
	r.picture(ctx, "4-choice")
	if err != nil {
		return errors.Join(err, r.desktop.CloseTrayMenu(ctx))
	}
	if err := r.desktop.Key(ctx, "Return"); err != nil {
		return err
	}
	return r.awaitClosed(ctx)
}

// awaitClosed waits until the tab with the load is gone and exactly the five others are there.
func (r *demo) awaitClosed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	others := slices.DeleteFunc(demoHosts(), func(h string) bool { return h == pages.Films })
	_, err := r.browser.AwaitTabs(ctx, others...)
	return err
}

// watchOn looks for alerts that should not be there, and reads what the agent itself has cost.
func (r *demo) watchOn(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, afterwards)
	defer cancel()
	err := wait.Every(limited, time.Second, "the time to pass without another alert", func() (bool, error) {
		_, err := r.look(limited)
		if limited.Err() != nil {
			err = nil // the time is up in the middle of a look
		}
		return false, err
	})
	if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return err
	}
	// Only now: a window draws the closing of a tab slowly, and the tray follows the agent.
	r.picture(ctx, "5-closed")
	if err := r.awaitClosed(ctx); err != nil {
		r.result.TabClosed = false
		return fmt.Errorf("later: %w", err)
	}
	alerts, err := r.agent.alerts(ctx)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		if a.ID == r.fired.ID {
			r.say("the alert on %s is %s (%s)", a.Site, a.State, a.Reason)
			continue
		}
		if a.State == "pending" {
			continue
		}
		if r.elsewhere[a.ID] {
			r.result.AlertsElsewhere++
		} else {
			r.result.OtherAlerts++
		}
		r.say("another alert: %s %s, %s %s (pid %d), %.2f cores", a.State, a.Severity, a.ProcessName, a.Site, a.PID, a.Cores)
	}
	return r.agent.cost(r.result)
}

// replay judges the recording again, which must give the live alert.
func (r *demo) replay(ctx context.Context) error {
	r.browser.Close()
	r.tray.Stop()
	r.agent.Stop()
	r.result.Recording = filepath.Join(r.Out, "demo.jsonl.zst")
	if err := copyFile(r.agent.recording, r.result.Recording); err != nil {
		return err
	}
	alerts, err := replayed(ctx, filepath.Join(r.Bin, "minewatch"), r.result.Recording)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		if a.State != "firing" || a.Site != r.fired.Site || a.Severity != r.fired.Severity {
			continue
		}
		r.result.ReplayT = round(a.T)
		r.result.ReplaySame = a.T-r.fired.T <= tick && r.fired.T-a.T <= tick
		return nil
	}
	return fmt.Errorf("the replay has no firing alert on %s (%s) among %d lines", r.fired.Site, r.fired.Severity, len(alerts))
}

// collect joins the named sites.
func (r *demo) collect() {
	all := append(slices.Clone(r.result.MenuSites), r.result.NotificationSites...)
	slices.Sort(all)
	r.result.AlertSite = strings.Join(slices.Compact(all), ",")
}

// check says what is not as it must be.
func (r *demo) check() error {
	var errs []error
	want := []string{r.result.ExpectedSite}
	if !slices.Equal(r.result.MenuSites, want) {
		errs = append(errs, fmt.Errorf("the tray menu named %v", r.result.MenuSites))
	}
	if !slices.Equal(r.result.NotificationSites, want) {
		errs = append(errs, fmt.Errorf("notifications named %v", r.result.NotificationSites))
	}
	if r.result.SiteConfidence != "exact" {
		errs = append(errs, fmt.Errorf("the site was named with confidence %q", r.result.SiteConfidence))
	}
	if r.result.OtherAlerts > 0 {
		errs = append(errs, fmt.Errorf("%d other alerts", r.result.OtherAlerts))
	}
	if !r.result.TabClosed {
		errs = append(errs, errors.New("the tab was not closed"))
	}
	if !r.result.ReplaySame {
		errs = append(errs, fmt.Errorf("live the alert came at %.1f s, in the replay at %.1f s", r.result.LiveT, r.result.ReplayT))
	}
	return errors.Join(errs...)
}

// round keeps three digits after the point.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }
