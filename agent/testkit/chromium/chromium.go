//go:build linux

package chromium

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// Program is where Debian keeps Chromium.
const Program = "/usr/bin/chromium"

const (
	startTimeout = 60 * time.Second
	maxAnswer    = 4 << 20 // bytes of one answer of the debugging port
)

// Options say how the browser starts.
type Options struct {
	// ResolverRules is the value of --host-resolver-rules; empty means that no name resolves but localhost.
	ResolverRules string
	// Extension is the folder of an unpacked extension, empty for none.
	Extension string
	// UserDataDir is the profile's folder; empty means a new one in the desktop's home.
	UserDataDir string
	// URLs are opened in this order at the start, the first in front; none means an empty tab.
	URLs []string
	// Secure are origins that are taken for secure although their pages do not come encrypted.
	Secure []string
	// Flags are added to the command line.
	Flags []string
	// Env holds further "KEY=value" entries of the browser's environment.
	Env []string
}

// Browser is a running Chromium.
type Browser struct {
	desktop *desktop.Desktop
	process *desktop.Process
	data    string
	debug   string // http://127.0.0.1:port
}

// Tab is one page shown in a tab.
type Tab struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	URL   string `json:"url"`
	Title string `json:"title"`
}

// Host returns the host of the tab's page.
func (t Tab) Host() string {
	u, err := url.Parse(t.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Missing returns the programs that are needed and not installed.
func Missing() []string {
	if _, err := exec.LookPath(Program); err != nil {
		return []string{Program}
	}
	return nil
}

// Start starts the browser on the desktop, with a window, as the desktop's user and inside its sandbox. It returns when
// the browser answers. The desktop's Close ends it, and so does Close.
func Start(ctx context.Context, d *desktop.Desktop, o Options) (*Browser, error) {
	if o.UserDataDir == "" {
		o.UserDataDir = filepath.Join(d.Home(), "chromium")
	}
	if o.ResolverRules == "" {
		o.ResolverRules = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
	}
	args := []string{
		"--user-data-dir=" + o.UserDataDir,
		"--remote-debugging-port=0",
		"--host-resolver-rules=" + o.ResolverRules,
		"--no-first-run", "--no-default-browser-check", "--password-store=basic",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--window-size=1100,760", "--window-position=20,10",
	}
	if o.Extension != "" {
		args = append(args, "--load-extension="+o.Extension)
	}
	if len(o.Secure) > 0 {
		args = append(args, "--unsafely-treat-insecure-origin-as-secure="+strings.Join(o.Secure, ","))
	}
	args = append(append(args, o.Flags...), o.URLs...)
	p, err := d.Start(ctx, o.Env, Program, args...)
	if err != nil {
		return nil, err
	}
	b := &Browser{desktop: d, process: p, data: o.UserDataDir}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := b.awaitPort(ctx); err != nil {
		p.Stop()
		return nil, err
	}
	return b, nil
}

// awaitPort waits until the browser has said where its debugging port is, and answers there.
func (b *Browser) awaitPort(ctx context.Context) error {
	return b.await(ctx, "Chromium", func() (bool, error) {
		text, err := os.ReadFile(filepath.Join(b.data, "DevToolsActivePort"))
		if err != nil {
			return false, nil // not yet
		}
		port, _, _ := strings.Cut(string(text), "\n")
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false, nil // half written
		}
		b.debug = "http://127.0.0.1:" + port
		_, err = b.Tabs(ctx)
		return err == nil, nil
	})
}

// await polls ready until it reports true, fails, ctx ends or the browser does.
func (b *Browser) await(ctx context.Context, what string, ready func() (bool, error)) error {
	return wait.Until(ctx, fmt.Sprintf("%s (log: %s)", what, b.process.Log()), func() (bool, error) {
		ok, err := ready()
		select {
		case <-b.process.Done():
			return false, fmt.Errorf("chromium ended: %w", errors.Join(b.process.Err(), io.ErrUnexpectedEOF))
		default:
			return ok, err
		}
	})
}

// PID returns the process id of the browser's root process.
func (b *Browser) PID() int { return b.process.PID() }

// DebugURL returns the address of the debugging port, for tests that must look into a page.
func (b *Browser) DebugURL() string { return b.debug }

// Close ends the browser.
func (b *Browser) Close() { b.process.Stop() }

// Tabs returns the pages in tabs, the one last in front first. Extension pages and the browser's own surfaces are left
// out.
func (b *Browser) Tabs(ctx context.Context) ([]Tab, error) {
	var all []Tab
	if err := b.call(ctx, http.MethodGet, "/json/list", &all); err != nil {
		return nil, err
	}
	var tabs []Tab
	for _, t := range all {
		if t.Type == "page" && !strings.HasPrefix(t.URL, "chrome-extension:") && !strings.HasPrefix(t.URL, "devtools:") {
			t.Title = html.UnescapeString(t.Title)
			tabs = append(tabs, t)
		}
	}
	return tabs, nil
}

// Open opens an address in a new tab in front of the others.
func (b *Browser) Open(ctx context.Context, address string) (Tab, error) {
	var t Tab
	return t, b.call(ctx, http.MethodPut, "/json/new?"+url.QueryEscape(address), &t)
}

// Activate brings a tab to the front of its window.
func (b *Browser) Activate(ctx context.Context, t Tab) error {
	return b.call(ctx, http.MethodGet, "/json/activate/"+t.ID, nil)
}

// OpenWindow opens an address in a new window, the way a person's second start of the browser does. Flags may choose
// another of the browser's profiles (--profile-directory=NAME).
func (b *Browser) OpenWindow(ctx context.Context, address string, flags ...string) error {
	args := append([]string{"--user-data-dir=" + b.data, "--new-window"}, flags...)
	_, err := b.desktop.Output(ctx, Program, append(args, address)...)
	return err
}

// OpenApp opens an address in a window without tabs, as the web applications that a person has installed.
func (b *Browser) OpenApp(ctx context.Context, address string) error {
	_, err := b.desktop.Output(ctx, Program, "--user-data-dir="+b.data, "--app="+address)
	return err
}

// AwaitTabs waits until the hosts of all tabs are the given ones, in any order, and every page has its title.
func (b *Browser) AwaitTabs(ctx context.Context, hosts ...string) ([]Tab, error) {
	want := count(hosts)
	var tabs []Tab
	err := b.await(ctx, "the tabs "+strings.Join(hosts, ", "), func() (bool, error) {
		var err error
		if tabs, err = b.Tabs(ctx); err != nil {
			return false, err
		}
		got := map[string]int{}
		for _, t := range tabs {
			// Until its document is there, a tab's title is its address.
			if strings.Contains(t.URL, t.Title) {
				return false, nil
			}
			got[t.Host()]++
		}
		return maps.Equal(want, got), nil
	})
	if err != nil {
		return tabs, fmt.Errorf("%w; there are %v", err, tabs)
	}
	return tabs, nil
}

func count(hosts []string) map[string]int {
	n := map[string]int{}
	for _, h := range hosts {
		n[h]++
	}
	return n
}

func (b *Browser) call(ctx context.Context, method, path string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, b.debug+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the debugging port did not answer: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, res.Status, body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}
