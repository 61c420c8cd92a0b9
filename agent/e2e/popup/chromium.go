//go:build linux

package popup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// chromiumUnderTest is a running Chromium and the debugging line to it.
type chromiumUnderTest struct {
	*chromium.Browser
	desktop *desktop.Desktop
	line    *chromium.Line
	ctx     context.Context //nolint:containedctx // the line's
	// release ends the colour scheme that the open popup was given, nil if it was given none.
	release context.CancelFunc
}

// startChromium starts one that knows the extension, its button in the toolbar, with tabs.
func startChromium(ctx context.Context, a *agent, rules string, urls ...string) (*chromiumUnderTest, error) {
	profile := filepath.Join(a.desktop.Home(), "chromium")
	folder, err := a.ConnectChromium(ctx, profile)
	if err != nil {
		return nil, err
	}
	pinned := fmt.Sprintf(`{"extensions":{"pinned_extensions":[%q]}}`, extension.ChromiumID)
	if err := a.desktop.WriteFile("chromium/Default/Preferences", []byte(pinned)); err != nil {
		return nil, err
	}
	b, err := chromium.Start(ctx, a.desktop, chromium.Options{
		ResolverRules: rules, Extension: folder, UserDataDir: profile, URLs: urls,
		// The first lets the extension be looked into, the second keeps a warning about the test's flags off the pictures.
		Flags: []string{"--enable-remote-extensions", "--test-type"},
	})
	if err != nil {
		return nil, err
	}
	line, err := b.Line(ctx)
	if err != nil {
		return nil, err
	}
	return &chromiumUnderTest{Browser: b, desktop: a.desktop, line: line, ctx: line.Context}, nil
}

func (c *chromiumUnderTest) family() string { return "chromium" }
func (c *chromiumUnderTest) root() int      { return c.PID() }

// own returns the extension's target whose address ends so, or nil.
func (c *chromiumUnderTest) own(end string) (*target.Info, error) {
	all, err := chromedp.Targets(c.ctx)
	for _, t := range all {
		if strings.HasPrefix(t.URL, "chrome-extension://"+extension.ChromiumID+"/") && strings.HasSuffix(t.URL, end) {
			return t, nil
		}
	}
	return nil, err
}

var errNoTarget = errors.New("it is not there")

// within calls do with a handle of the extension's page or worker, and lets go of it afterwards.
func (c *chromiumUnderTest) within(end string, do func(context.Context) error) error {
	t, err := c.own(end)
	if err != nil {
		return err
	}
	if t == nil {
		return fmt.Errorf("%s: %w", end, errNoTarget)
	}
	return c.line.Within(t.TargetID, patience, do)
}

// run evaluates an expression in the extension's page or worker.
func (c *chromiumUnderTest) run(end, expression string) (text []byte, err error) {
	err = c.within(end, func(ctx context.Context) error {
		got, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{
			Expression: expression, ReturnByValue: new(true), AwaitPromise: new(true), UserGesture: new(true),
		})
		if err != nil {
			return err
		}
		if got.ExceptionDetails != nil {
			return fmt.Errorf("%s: %+v", got.ExceptionDetails.Text, got.ExceptionDetails.Exception)
		}
		text = []byte(got.Result.Value)
		return nil
	})
	return text, err
}

// open asks the browser for what a click on the button does: its place in the toolbar is told to nobody.
func (c *chromiumUnderTest) open(context.Context) error {
	_, err := c.run("/background.js", "chrome.action.openPopup()")
	return err
}

func (c *chromiumUnderTest) isOpen(context.Context) (bool, error) {
	t, err := c.own("/popup.html")
	return t != nil, err
}

func (c *chromiumUnderTest) evaluate(_ context.Context, expression string) ([]byte, error) {
	return c.run("/popup.html", expression)
}

func (c *chromiumUnderTest) visit(ctx context.Context, address string) error {
	_, err := c.Open(ctx, address)
	return err
}

func (c *chromiumUnderTest) hosts(ctx context.Context) ([]string, error) {
	tabs, err := c.Tabs(ctx)
	var hosts []string
	for _, t := range tabs {
		hosts = append(hosts, t.Host())
	}
	return hosts, err
}

// front asks the extension's worker, which sees addresses of frames and no titles.
func (c *chromiumUnderTest) front(context.Context) (string, error) {
	text, err := c.run("/background.js", `chrome.tabs.query({active: true, lastFocusedWindow: true}).then(([t]) =>
		chrome.webNavigation.getFrame({tabId: t.id, frameId: 0})).then((f) => f?.url ?? "")`)
	if err != nil {
		return "", err
	}
	return hostIn(text)
}

// hostIn returns the host of an address in JSON.
func hostIn(text []byte) (string, error) {
	var address string
	if err := json.Unmarshal(text, &address); err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	return u.Hostname(), nil
}

func (c *chromiumUnderTest) badge(context.Context) (string, error) {
	text, err := c.run("/background.js", `chrome.tabs.query({active: true, lastFocusedWindow: true}).then(([t]) =>
		chrome.action.getBadgeText({tabId: t.id}))`)
	if err != nil {
		return "", err
	}
	var badge string
	return badge, json.Unmarshal(text, &badge)
}

// scheme is the open popup's alone: the browser's own surfaces follow the desktop's theme.
func (c *chromiumUnderTest) scheme(_ context.Context, scheme string) error {
	if c.release != nil {
		c.release()
		c.release = nil
	}
	if scheme == "light" { // as the desktop is
		return nil
	}
	t, err := c.own("/popup.html")
	if err != nil || t == nil {
		return errors.Join(err, errNoTarget)
	}
	var ctx context.Context
	ctx, c.release = chromedp.NewContext(c.ctx, chromedp.WithTargetID(t.TargetID), chromedp.WithDetachOnCancel())
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	return err
}

func (c *chromiumUnderTest) window(ctx context.Context) (desktop.Window, error) {
	return c.desktop.AwaitWindow(ctx, "Chromium's window", func(w desktop.Window) bool {
		return strings.Contains(w.Class, "hromium") && strings.Contains(w.Name, " - Chromium")
	})
}

// spoken returns the popup as a screen reader is given it: "role: name" of each node that is not ignored.
func (c *chromiumUnderTest) spoken() (lines []string, err error) {
	err = c.within("/popup.html", func(ctx context.Context) error {
		tree, err := chromedp.Call(ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			return err
		}
		for _, n := range tree.Nodes {
			if n.Ignored || n.Role == nil {
				continue
			}
			var role, name string
			_ = json.Unmarshal(n.Role.Value, &role) // a node without either is no line
			if n.Name != nil {
				_ = json.Unmarshal(n.Name.Value, &name)
			}
			lines = append(lines, role+": "+name)
		}
		return nil
	})
	return lines, err
}

// measures reports whether the extension may measure where pages live.
func (c *chromiumUnderTest) measures() (may bool, err error) {
	text, err := c.run("/background.js", `chrome.permissions.contains({permissions: ["scripting"], origins: ["<all_urls>"]})`)
	if err != nil {
		return false, err
	}
	return may, json.Unmarshal(text, &may)
}

// protects is for longer than Chromium passes over keys in a window that asks for a permission, so that nobody says yes
// to what they have not seen.
const protects = 1500 * time.Millisecond

// allowPermission says yes in the window in which the browser asks for a permission. The button that has the keyboard
// there first says no.
func (c *chromiumUnderTest) allowPermission(ctx context.Context) error {
	err := wait.Within(ctx, patience, "the popup to make room for the question", func() (bool, error) {
		open, err := c.isOpen(ctx)
		return !open, err
	})
	if err != nil {
		return err
	}
	asked, moved := now(), false
	return wait.Within(ctx, patience, "the permission", func() (bool, error) {
		if may, err := c.measures(); may || err != nil {
			return may, err
		}
		if now().Sub(asked) < protects {
			return false, nil
		}
		asked = now()
		keys := []string{"Return"}
		if !moved {
			moved, keys = true, []string{"Tab", "Return"}
		}
		return false, c.desktop.Key(ctx, keys...)
	})
}
