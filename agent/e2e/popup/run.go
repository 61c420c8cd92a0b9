//go:build linux

package popup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/firefox"
	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// Options say what is run.
type Options struct {
	// Bin is the folder with the programs minewatch and minewatch-host.
	Bin string
	// Out is the folder for pictures: popup-BROWSER.png as the documentation shows them.
	Out string
	// Axe is the file of axe-core, empty to do without it.
	Axe string
	// Progress is where lines for people go.
	Progress io.Writer
}

// Missing returns the programs that are needed and not installed.
func Missing() []string {
	return slices.Concat(desktop.Missing(), chromium.Missing(), firefox.Missing(), pages.Missing())
}

// The loads: one thread in a hidden tab of each browser, each on a site of its own, since what is allowed is allowed in
// every browser.
const (
	loadDuty   = 0.6
	loadDelay  = 4 * time.Second
	loadLength = 90 * time.Second // the most the page allows
)

// Run uses the popup in Chromium and in Firefox. The error says what was not as it must be.
func Run(ctx context.Context, o Options) (err error) {
	r := &run{Options: o, began: now()}
	// Port 80 where it may be had: then an address has no port, as people know it.
	if r.web, err = pages.StartAt(ctx, "127.0.0.1:80"); err != nil {
		if r.web, err = pages.Start(ctx); err != nil {
			return err
		}
	}
	defer r.web.Close()
	if r.desktop, err = desktop.Start(ctx); err != nil {
		return err
	}
	err = r.play(ctx)
	if err != nil {
		shot := r.desktop.Screenshot(context.WithoutCancel(ctx), filepath.Join(o.Out, "trouble.png"))
		err = errors.Join(err, shot)
	}
	err = errors.Join(err, r.desktop.Close())
	if left := r.desktop.Leftovers(); len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("processes of the desktop are left: %v", left))
	}
	return err
}

// run is one run in progress.
type run struct {
	Options
	desktop *desktop.Desktop
	web     *pages.Server
	agent   *agent
	axe     string // axe-core's source
	began   time.Time
}

func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.Progress, "popup: %5.1f s: "+format+"\n", append([]any{now().Sub(r.began).Seconds()}, args...)...)
}

// url adds the server's port to an address. Chromium's rules lead any port there, Firefox has no such rules.
func (r *run) url(address string) string {
	if r.web.Port() == 80 {
		return address
	}
	host, rest, _ := strings.Cut(strings.TrimPrefix(address, "http://"), "/")
	return fmt.Sprintf("http://%s:%d/%s", host, r.web.Port(), rest)
}

// quiet returns the address of a host's page without a load.
func (r *run) quiet(host string) string { return r.url(pages.URL(host)) }

// load returns the address of a host's page with the load.
func (r *run) load(host string) string {
	return r.url(pages.LoadURL(host, 1, loadDuty, loadDelay, loadLength))
}

// play starts all, and then uses one popup after the other.
func (r *run) play(ctx context.Context) error {
	if r.Axe != "" {
		text, err := os.ReadFile(r.Axe)
		if err != nil {
			return err
		}
		r.axe = string(text)
	}
	var err error
	if r.agent, err = startAgent(ctx, r.desktop, r.Bin); err != nil {
		return err
	}
	one, err := startChromium(ctx, r.agent, r.web.ResolverRules(), r.quiet(pages.News), r.quiet(pages.Mail), r.load(pages.Films))
	if err != nil {
		return err
	}
	r.say("chromium is there")
	other, err := startFirefox(ctx, r.agent, r.quiet(pages.News), r.quiet(pages.Mail), r.load(pages.Shop))
	if err != nil {
		return err
	}
	r.say("firefox is there")
	both := []*scenario{
		{run: r, browser: one, site: pages.Films, address: r.quiet(pages.Films)},
		{run: r, browser: other, site: pages.Shop, address: r.quiet(pages.Shop)},
	}
	for _, s := range both {
		if err := s.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.browser.family(), err)
		}
	}
	r.agent.Stop()
	for _, s := range both {
		s.say("%s: open the popup without the agent", s.browser.family())
		if err := s.withoutAgent(ctx); err != nil {
			return fmt.Errorf("%s: without the agent: %w", s.browser.family(), err)
		}
	}
	return nil
}
