//go:build linux

package firefox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// Program is where Debian keeps Firefox ESR.
const Program = "/usr/bin/firefox-esr"

// Port is where Marionette listens, on 127.0.0.1, unless Options name another.
const Port = 2828

const startTimeout = 90 * time.Second

// Options say how the browser starts.
type Options struct {
	// Profile is the profile's folder; what is in it already, such as an extension, stays.
	Profile string
	// Hosts are the names that lead to 127.0.0.1, each on the port of its address (80); no other name resolves.
	Hosts []string
	// URLs are opened at the start, the first in front.
	URLs []string
	// Prefs are added to the profile's settings: text, number or bool.
	Prefs map[string]any
	// Port is where Marionette listens, 0 for the usual one: two browsers at once need two.
	Port int
	// Inside lets scripts run with the browser's own rights, see Browser.Inside.
	Inside bool
	// Env holds further "KEY=value" entries of the browser's environment.
	Env []string
}

// Browser is a running Firefox.
type Browser struct {
	process *desktop.Process
	control *Control
	inside  bool
	tabs    []string // handles of the tabs at the start, in order
}

// Missing returns the programs that are needed and not installed.
func Missing() []string {
	if _, err := exec.LookPath(Program); err != nil {
		return []string{Program}
	}
	return nil
}

// Start starts the browser on the desktop and returns when its tabs are open. The desktop's Close ends it.
func Start(ctx context.Context, d *desktop.Desktop, o Options) (*Browser, error) {
	o.Port = cmp.Or(o.Port, Port)
	if err := profile(d, o); err != nil {
		return nil, err
	}
	args := []string{"--marionette", "--no-remote", "--profile", o.Profile, "--new-instance", "--width", "1100", "--height", "760"}
	if o.Inside {
		args = append(args, "-remote-allow-system-access")
	}
	env := append([]string{"MOZ_CRASHREPORTER_DISABLE=1", "MOZ_DISABLE_AUTO_SAFE_MODE=1"}, o.Env...)
	p, err := d.Start(ctx, env, Program, args...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	b := &Browser{process: p, inside: o.Inside}
	if b.control, err = b.connect(ctx, o.Port); err != nil {
		p.Stop()
		return nil, err
	}
	if err := b.openAll(ctx, o.URLs); err != nil {
		p.Stop()
		return nil, err
	}
	return b, nil
}

// PID returns the process id of the browser's root process.
func (b *Browser) PID() int { return b.process.PID() }

// connect waits for Marionette and begins a session.
func (b *Browser) connect(ctx context.Context, port int) (m *Control, err error) {
	what := fmt.Sprintf("Firefox's remote control (log: %s)", b.process.Log())
	err = wait.Until(ctx, what, func() (bool, error) {
		select {
		case <-b.process.Done():
			return false, fmt.Errorf("firefox ended: %w", errors.Join(b.process.Err(), net.ErrClosed))
		default:
		}
		m, err = Dial(ctx, "127.0.0.1:"+strconv.Itoa(port))
		if errors.Is(err, syscall.ECONNREFUSED) {
			return false, nil // not yet
		}
		return true, err
	})
	return m, err
}

// openAll opens the first tabs; the first address goes into the tab that is there.
func (b *Browser) openAll(ctx context.Context, urls []string) error {
	first, err := b.control.current(ctx)
	if err != nil {
		return err
	}
	b.tabs = []string{first}
	for i, u := range urls {
		if i == 0 {
			err = b.control.navigate(ctx, u)
		} else {
			err = b.Show(ctx, u)
		}
		if err != nil {
			return err
		}
		if i > 0 {
			handle, err := b.control.current(ctx)
			if err != nil {
				return err
			}
			b.tabs = append(b.tabs, handle)
		}
	}
	return b.Back(ctx, 0)
}

// Show opens an address in a new tab in front of the others.
func (b *Browser) Show(ctx context.Context, address string) error {
	handle, err := b.control.newTab(ctx)
	if err != nil {
		return err
	}
	if err := b.control.focus(ctx, handle); err != nil {
		return err
	}
	return b.control.navigate(ctx, address)
}

// Back brings the nth of the tabs that were open at the start to the front.
func (b *Browser) Back(ctx context.Context, n int) error {
	return b.control.focus(ctx, b.tabs[n%len(b.tabs)])
}

// Inside runs the body of an asynchronous function with the browser's own rights, for tests that must know what the
// browser itself knows, and decodes what it returns. In it args are the arguments and gBrowser the window's tabs. The
// browser must have been started with Options.Inside.
func (b *Browser) Inside(ctx context.Context, body string, result any, args ...any) error {
	if !b.inside {
		return errors.New("this Firefox was not started with Options.Inside")
	}
	return b.control.Inside(ctx, body, result, args...)
}

// Close ends the browser.
func (b *Browser) Close() { b.process.Stop() }

// settings are those of every profile: nothing is fetched, sent, shown or asked by the browser itself, names lead to
// this machine, and an unsigned extension in the profile is taken.
func settings(hosts []string, port int) map[string]any {
	return map[string]any{
		"network.dns.localDomains":                                    strings.Join(hosts, ","),
		"network.proxy.type":                                          0,
		"network.captive-portal-service.enabled":                      false,
		"network.connectivity-service.enabled":                        false,
		"network.manage-offline-status":                               false,
		"network.trr.mode":                                            5,
		"xpinstall.signatures.required":                               false,
		"extensions.autoDisableScopes":                                0,
		"extensions.enabledScopes":                                    15,
		"extensions.startupScanScopes":                                15,
		"extensions.update.enabled":                                   false,
		"extensions.getAddons.cache.enabled":                          false,
		"extensions.systemAddon.update.enabled":                       false,
		"extensions.blocklist.enabled":                                false,
		"app.update.enabled":                                          false,
		"app.update.auto":                                             false,
		"app.normandy.enabled":                                        false,
		"browser.safebrowsing.malware.enabled":                        false,
		"browser.safebrowsing.phishing.enabled":                       false,
		"browser.safebrowsing.downloads.enabled":                      false,
		"browser.search.update":                                       false,
		"browser.region.update.enabled":                               false,
		"browser.shell.checkDefaultBrowser":                           false,
		"browser.startup.page":                                        0,
		"browser.startup.homepage":                                    "about:blank",
		"startup.homepage_welcome_url":                                "",
		"browser.newtabpage.enabled":                                  false,
		"browser.aboutwelcome.enabled":                                false,
		"browser.tabs.warnOnClose":                                    false,
		"browser.topsites.contile.enabled":                            false,
		"browser.urlbar.suggest.searches":                             false,
		"datareporting.policy.dataSubmissionEnabled":                  false,
		"datareporting.healthreport.uploadEnabled":                    false,
		"datareporting.policy.dataSubmissionPolicyBypassNotification": true,
		"toolkit.telemetry.enabled":                                   false,
		"toolkit.telemetry.unified":                                   false,
		"toolkit.telemetry.reportingpolicy.firstRun":                  false,
		"services.settings.server":                                    "http://127.0.0.1:9/",
		"dom.push.connection.enabled":                                 false,
		"media.gmp-manager.updateEnabled":                             false,
		"media.autoplay.default":                                      0,
		"media.navigator.permission.disabled":                         true,
		"media.navigator.streams.fake":                                true,
		"dom.security.https_first":                                    false,
		"dom.disable_open_during_load":                                false,
		"dom.ipc.processPrelaunch.enabled":                            true,
		"remote.prefs.recommended":                                    false, // a person's browser has other settings
		"marionette.port":                                             port,
	}
}

// profile writes the settings.
func profile(d *desktop.Desktop, o Options) error {
	all := settings(o.Hosts, o.Port)
	maps.Copy(all, o.Prefs)
	var text strings.Builder
	for _, k := range slices.Sorted(maps.Keys(all)) {
		value := fmt.Sprintf("%v", all[k])
		if s, ok := all[k].(string); ok {
			value = strconv.Quote(s)
		}
		fmt.Fprintf(&text, "user_pref(%q, %s);\n", k, value)
	}
	inHome, err := filepath.Rel(d.Home(), o.Profile)
	if err != nil {
		return err
	}
	if err := d.WriteFile(filepath.Join(inHome, "user.js"), []byte(text.String())); err != nil {
		return fmt.Errorf("the profile's settings: %w", err)
	}
	_, err = os.Stat(o.Profile)
	return err
}
