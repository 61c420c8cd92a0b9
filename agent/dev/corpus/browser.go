//go:build linux

package main

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/firefox"
	"github.com/minewatch/minewatch/agent/testkit/pages"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// browser is what a recording needs of a running browser.
type browser interface {
	// Show opens an address in a new tab in front.
	Show(ctx context.Context, address string) error
	// Back brings the nth of the tabs that were open at the start to the front.
	Back(ctx context.Context, n int) error
}

// connect puts the extension where the scenario's browser finds it.
func (p *stage) connect(ctx context.Context) (err error) {
	switch p.Browser {
	case NoBrowser:
	case Chromium:
		p.extension, err = p.agent.ConnectChromium(ctx, p.profile())
	case Firefox:
		err = p.agent.ConnectFirefox(ctx, p.profile())
	}
	return err
}

// profile is the folder of the browser's profile.
func (p *stage) profile() string { return filepath.Join(p.desktop.Home(), string(p.Browser)) }

// startBrowser starts the scenario's browser with its tabs and waits until its extension has reported.
func (p *stage) startBrowser(ctx context.Context) error {
	if p.Browser == NoBrowser {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tabs := append([]string{p.Front}, p.Behind...)
	if p.Front == "" {
		tabs = []string{pages.URL(pages.News)}
	}
	var err error
	switch p.Browser {
	case NoBrowser: // there is one, see above
	case Chromium:
		p.browser, err = p.startChromium(ctx, tabs)
	case Firefox:
		p.browser, err = firefox.Start(context.WithoutCancel(ctx), p.desktop, firefox.Options{
			Profile: p.profile(), Hosts: pages.Hosts(), URLs: tabs,
			// A browser otherwise takes no service worker from a page that did not come encrypted.
			Prefs: map[string]any{"dom.serviceWorkers.testing.enabled": len(p.secure()) > 0},
		})
	}
	if err != nil {
		return err
	}
	return p.agent.AwaitBrowser(ctx)
}

func (p *stage) startChromium(ctx context.Context, tabs []string) (browser, error) {
	b, err := chromium.Start(context.WithoutCancel(ctx), p.desktop, chromium.Options{
		ResolverRules: p.web.ResolverRules(), Extension: p.extension, UserDataDir: p.profile(), URLs: tabs, Secure: p.secure(),
	})
	if err != nil {
		return nil, err
	}
	var hosts []string
	for _, address := range tabs {
		hosts = append(hosts, host(address))
	}
	found, err := b.AwaitTabs(ctx, hosts...)
	if err != nil {
		return nil, err
	}
	return &chromiumTabs{Browser: b, atStart: inOrder(found, hosts)}, nil
}

// chromiumTabs is Chromium as a recording uses it.
type chromiumTabs struct {
	*chromium.Browser
	atStart []chromium.Tab // in the order of the command line
}

// inOrder returns the tabs in the order of their hosts; the browser lists them in another.
func inOrder(tabs []chromium.Tab, hosts []string) []chromium.Tab {
	var ordered []chromium.Tab
	for _, h := range hosts {
		i := slices.IndexFunc(tabs, func(t chromium.Tab) bool { return t.Host() == h })
		ordered = append(ordered, tabs[i])
		tabs = slices.Delete(tabs, i, i+1)
	}
	return ordered
}

func (t *chromiumTabs) Show(ctx context.Context, address string) error {
	_, err := t.Open(ctx, address)
	return err
}

// Back finds the tab by its id: the one with the load may be of the same host.
func (t *chromiumTabs) Back(ctx context.Context, n int) error {
	return t.Activate(ctx, t.atStart[n%len(t.atStart)])
}

// secure returns the origins that the browser is to take for secure, as the page with the load would be on the web.
func (p *stage) secure() []string {
	if !strings.Contains(p.Load, "where=service") {
		return nil
	}
	return []string{"http://" + p.Site}
}

// host returns the host of an address.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// tab opens the tab with the load at its time, and leaves it if it is to be hidden.
func (p *stage) tab(ctx context.Context, end time.Time) (span, error) {
	if err := wait.Pause(ctx, p.Delay); err != nil {
		return span{}, err
	}
	opened := now()
	if err := p.open(ctx); err != nil {
		return span{}, err
	}
	if p.Hidden {
		if err := wait.Pause(ctx, 2*time.Second); err != nil {
			return span{}, err
		}
		if err := p.browser.Back(ctx, 0); err != nil {
			return span{}, err
		}
	}
	return span{from: opened, to: end}, nil
}

// open opens what carries the load: a tab or several, or a window.
func (p *stage) open(ctx context.Context) error {
	t, ok := p.browser.(*chromiumTabs)
	switch {
	case (p.Under || p.App) && !ok:
		return errors.New("only Chromium opens windows here")
	case p.Under:
		return p.under(ctx, t)
	case p.App:
		return t.OpenApp(ctx, p.Load)
	}
	for _, address := range append([]string{p.Load}, p.Also...) {
		if err := p.browser.Show(ctx, address); err != nil {
			return err
		}
	}
	return nil
}

// under opens the load in a window behind the one that is there.
func (p *stage) under(ctx context.Context, t *chromiumTabs) error {
	front, err := p.desktop.Output(ctx, "xdotool", "getactivewindow")
	if err != nil {
		return err
	}
	if err := t.OpenWindow(ctx, p.Load); err != nil {
		return err
	}
	if err := wait.Pause(ctx, 2*time.Second); err != nil {
		return err
	}
	_, err = p.desktop.Output(ctx, "xdotool", "windowactivate", strings.TrimSpace(string(front)))
	return err
}

// tabSpan takes what the pages themselves told about their loads, if they did.
func (p *stage) tabSpan(opened span) span {
	all := opened
	told := false
	sites := p.sites()
	if sites == nil {
		sites = []string{p.Site}
	}
	for _, site := range sites {
		l := p.web.Load(site)
		if l.Started.IsZero() {
			continue
		}
		s := span{from: l.Started, to: opened.to, hashes: l.Hashes}
		if !l.Stopped.IsZero() {
			s.to = l.Stopped
		}
		if told {
			s = span{earlier(all.from, s.from), later(all.to, s.to), all.hashes + s.hashes}
		}
		all, told = s, true
	}
	return all
}
