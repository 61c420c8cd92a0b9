//go:build linux

package demo

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// Shape of the demo's load, and how long each part may take.
const (
	loadWorkers = 2
	loadDuty    = 0.7
	loadDelay   = 10 * time.Second // for the other pages to come to rest first
	loadLength  = 90 * time.Second // the most the page allows; closing the tab ends it

	partTimeout  = 60 * time.Second
	alertTimeout = 80 * time.Second // from the start of the load
	closeTimeout = 15 * time.Second
	afterwards   = 12 * time.Second // watched for other alerts when the tab is gone
)

// demoHosts returns the hosts whose pages the demo opens.
func demoHosts() []string {
	return []string{pages.Films, pages.News, pages.Mail, pages.Games, pages.Video, pages.Shop}
}

// Options say what the demo runs and where it leaves its results.
type Options struct {
	// Bin is the folder with the programs minewatch and minewatch-tray.
	Bin string
	// Out is the folder for pictures, logs and the recording; it is made if it is not there.
	Out string
	// Progress is where lines for people go.
	Progress io.Writer
}

// Result is what the demo found.
type Result struct {
	Type string `json:"type"` // "demo"
	// AlertSite is the site that tray menu and notifications named; several are joined by commas.
	AlertSite      string `json:"alert_site"`
	ExpectedSite   string `json:"expected_site"`
	SiteConfidence string `json:"site_confidence"`
	Severity       string `json:"severity"`
	// MenuSites and NotificationSites are the sites named in each, at any time.
	MenuSites         []string `json:"menu_sites"`
	NotificationSites []string `json:"notification_sites"`
	// OtherAlerts counts the alerts about the desktop besides the expected one; AlertsElsewhere those about processes
	// of the same user that have nothing to do with the demo.
	OtherAlerts     int `json:"other_alerts"`
	AlertsElsewhere int `json:"alerts_elsewhere"`
	// TimeToAlert runs from the page's first hash to the notification.
	TimeToAlert float64 `json:"time_to_alert_s"`
	// TabClosed reports that the tab with the load is gone and all others are there; CloseBy says how it was chosen
	// in the tray menu: "keys" on the open menu, or "message" where that failed.
	TabClosed bool   `json:"tab_closed"`
	CloseBy   string `json:"close_by"`
	// AgentCPU is the agent's own CPU time during its whole run, AgentRun that run's length, AgentRSS its memory.
	AgentCPU float64 `json:"agent_cpu_s"`
	AgentRun float64 `json:"agent_run_s"`
	AgentRSS uint64  `json:"agent_rss_bytes"`
	// LiveT and ReplayT are when the alert fired on the detector's clock, live and in the recording's replay.
	LiveT       float64  `json:"live_t_s"`
	ReplayT     float64  `json:"replay_t_s"`
	ReplaySame  bool     `json:"replay_same"`
	Recording   string   `json:"recording"`
	Screenshots []string `json:"screenshots"`
}

// Missing returns what the demo needs besides the programs in Options.Bin and that is not installed.
func Missing() []string {
	return append(append(desktop.Missing(), chromium.Missing()...), pages.Missing()...)
}

// Demo opens six tabs, one of which computes hashes out of sight, and waits until the tray and a notification name it;
// then it closes that tab through the tray menu as a person does. The Result is as far as the demo came; the error
// says everything that was not as it must be.
func Demo(ctx context.Context, o Options) (Result, error) {
	r := Result{Type: "demo", ExpectedSite: pages.Films}
	if err := os.MkdirAll(o.Out, 0o755); err != nil { // results are for everybody
		return r, err
	}
	web, err := pages.Start(ctx)
	if err != nil {
		return r, err
	}
	defer web.Close()
	d, err := desktop.Start(ctx)
	if err != nil {
		return r, err
	}
	run := &demo{
		Options: o, desktop: d, web: web, result: &r,
		menu: map[string]bool{}, seen: map[string]bool{}, elsewhere: map[string]bool{},
	}
	err = run.play(ctx)
	run.keepLogs()
	if closeErr := d.Close(); closeErr != nil {
		err = errors.Join(err, closeErr)
	}
	if left := d.Leftovers(); len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("processes of the desktop are left: %v", left))
	}
	return r, err
}

// demo is one run in progress.
type demo struct {
	Options
	desktop *desktop.Desktop
	web     *pages.Server
	agent   *agent
	tray    *desktop.Process
	browser *chromium.Browser
	result  *Result
	menu    map[string]bool // sites the tray menu has named
	// seen holds the ids of all alerts so far, elsewhere those that are about processes outside the desktop.
	seen, elsewhere map[string]bool
	fired           *alert // the expected alert when it was first seen firing
}

func (r *demo) say(format string, args ...any) {
	fmt.Fprintf(r.Progress, "demo: "+format+"\n", args...)
}

func (r *demo) play(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"start the agent and the tray", r.startPrograms},
		{"open the browser with six tabs", r.openTabs},
		{"wait for the alert", r.awaitAlert},
		{"close the tab from the tray menu", r.closeTab},
		{"watch for other alerts", r.watchOn},
		{"replay the recording", r.replay},
	} {
		r.say("%s", step.what)
		if err := step.do(ctx); err != nil {
			r.picture(ctx, "trouble")
			r.collect()
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	r.collect()
	return r.check()
}

// startPrograms sets the extension up and starts agent and tray as the desktop's user.
func (r *demo) startPrograms(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	var err error
	if r.agent, err = startAgent(ctx, r.desktop, r.Bin); err != nil {
		return err
	}
	tray, err := r.desktop.Install(filepath.Join(r.Bin, "minewatch-tray"))
	if err != nil {
		return err
	}
	if r.tray, err = r.desktop.Start(context.WithoutCancel(ctx), nil, tray); err != nil {
		return err
	}
	if err := r.desktop.AwaitTray(ctx); err != nil {
		return fmt.Errorf("%w (log: %s)", err, r.tray.Log())
	}
	r.picture(ctx, "1-quiet")
	return nil
}

// openTabs starts the browser: a window with five tabs, the game in front, and one with the video beside it.
func (r *demo) openTabs(ctx context.Context) error {
	life := ctx
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	var err error
	r.browser, err = chromium.Start(life, r.desktop, chromium.Options{
		ResolverRules: r.web.ResolverRules(), Extension: r.agent.extension, UserDataDir: r.agent.profile,
		URLs: []string{
			pages.URL(pages.News), pages.URL(pages.Mail),
			pages.LoadURL(pages.Films, loadWorkers, loadDuty, loadDelay, loadLength),
			pages.URL(pages.Shop), pages.URL(pages.Games),
		},
	})
	if err != nil {
		return err
	}
	tabs, err := r.browser.AwaitTabs(ctx, pages.News, pages.Mail, pages.Films, pages.Shop, pages.Games)
	if err != nil {
		return err
	}
	for _, t := range tabs {
		if t.Host() == pages.Games {
			if err := r.browser.Activate(ctx, t); err != nil {
				return err
			}
		}
	}
	if err := r.place(ctx, "Games", image.Rect(0, 0, 880, 820)); err != nil {
		return err
	}
	if err := r.browser.OpenWindow(ctx, pages.URL(pages.Video)); err != nil {
		return err
	}
	if _, err := r.browser.AwaitTabs(ctx, demoHosts()...); err != nil {
		return err
	}
	if err := r.place(ctx, "Video", image.Rect(890, 240, 1430, 820)); err != nil {
		return err
	}
	return r.agent.AwaitBrowser(ctx)
}

// place waits for the browser window whose title begins so, and puts it where it belongs.
func (r *demo) place(ctx context.Context, title string, bounds image.Rectangle) error {
	w, err := r.desktop.AwaitWindow(ctx, "a window "+title, func(w desktop.Window) bool {
		return strings.HasPrefix(w.Name, title) && strings.Contains(w.Class, "hromium")
	})
	if err != nil {
		return err
	}
	return r.desktop.Place(ctx, w, bounds)
}

// picture takes a screenshot; a demo without one is still a demo, so trouble is only told.
func (r *demo) picture(ctx context.Context, name string) {
	path := filepath.Join(r.Out, "demo-"+name+".png")
	if err := r.desktop.Screenshot(ctx, path); err != nil {
		r.say("no picture %s: %v", name, err)
		return
	}
	r.result.Screenshots = append(r.result.Screenshots, path)
}

// keepLogs copies what the programs wrote, for whoever looks for a fault.
func (r *demo) keepLogs() {
	logs, err := filepath.Glob(filepath.Join(r.desktop.Dir(), "*.log"))
	if err != nil {
		return
	}
	for _, l := range logs {
		if err := copyFile(l, filepath.Join(r.Out, filepath.Base(l))); err != nil {
			r.say("log: %v", err)
		}
	}
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644) // results are for everybody
}
