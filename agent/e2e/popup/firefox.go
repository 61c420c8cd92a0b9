//go:build linux

package popup

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"path/filepath"
	"strings"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/firefox"
	"github.com/minewatch/minewatch/agent/testkit/pages"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// firefoxUnderTest is a running Firefox, looked into with the browser's own rights.
type firefoxUnderTest struct {
	*firefox.Browser
	desktop *desktop.Desktop
}

// button is the extension's button in the toolbar, inPopup the popup's page; both as the browser's own scripts see them.
const (
	button  = `const button = document.getElementById("minewatch_minewatch_github_io-BAP"); `
	inPopup = `const popup = [...document.querySelectorAll("browser.webextension-popup-browser")]
		.find((b) => b.currentURI.spec.endsWith("/popup.html") && !b.webProgress?.isLoadingDocument && b.getClientRects().length > 0); `
	window = `const document = Services.wm.getMostRecentBrowserWindow().document; `
)

// startFirefox starts one that knows the extension, its button in the toolbar, with tabs.
func startFirefox(ctx context.Context, a *agent, urls ...string) (*firefoxUnderTest, error) {
	profile := filepath.Join(a.desktop.Home(), "firefox")
	if err := a.ConnectFirefox(ctx, profile); err != nil {
		return nil, err
	}
	b, err := firefox.Start(ctx, a.desktop, firefox.Options{
		Profile: profile, Hosts: pages.Hosts(), URLs: urls, Inside: true,
		Prefs: map[string]any{"sidebar.revamp": false, "browser.toolbars.bookmarks.visibility": "never", "ui.prefersReducedMotion": 1},
	})
	if err != nil {
		return nil, err
	}
	f := &firefoxUnderTest{Browser: b, desktop: a.desktop}
	// As a person does who chooses "Pin to toolbar".
	err = wait.Within(ctx, patience, "the extension's button", func() (there bool, err error) {
		err = f.Inside(ctx, window+`const {CustomizableUI} = ChromeUtils.importESModule("moz-src:///browser/components/customizableui/CustomizableUI.sys.mjs");
			if (!CustomizableUI.getWidget("minewatch_minewatch_github_io-browser-action")?.forWindow(document.defaultView)?.node) return false;
			CustomizableUI.addWidgetToArea("minewatch_minewatch_github_io-browser-action", "nav-bar");
			return true;`, &there)
		return there, err
	})
	return f, err
}

func (f *firefoxUnderTest) family() string { return "firefox" }
func (f *firefoxUnderTest) root() int      { return f.PID() }

// open clicks on the button in the toolbar.
func (f *firefoxUnderTest) open(ctx context.Context) error {
	var at struct{ X, Y float64 }
	err := f.Inside(ctx, window+button+`const r = button.getBoundingClientRect(), w = document.defaultView;
		return {X: w.mozInnerScreenX + r.x + r.width / 2, Y: w.mozInnerScreenY + r.y + r.height / 2};`, &at)
	if err != nil {
		return fmt.Errorf("the button: %w", err)
	}
	return f.desktop.Click(ctx, image.Pt(int(at.X), int(at.Y)), 1)
}

func (f *firefoxUnderTest) isOpen(ctx context.Context) (open bool, err error) {
	return open, f.Inside(ctx, window+inPopup+`return Boolean(popup);`, &open)
}

// evaluate has the popup's own process run the expression.
func (f *firefoxUnderTest) evaluate(ctx context.Context, expression string) ([]byte, error) {
	var got struct{ Value, Error string }
	err := f.Inside(ctx, window+inPopup+`if (!popup) return {Error: "the popup is not open"};
		const name = "minewatch-test-" + Math.random();
		const said = new Promise((resolve) => popup.messageManager.addMessageListener(name, (m) => resolve(m.data)));
		const script = "(async () => { try {" +
			" const box = Cu.Sandbox(content, {sandboxPrototype: content, wantXrays: false});" +
			" const value = await Cu.evalInSandbox(" + JSON.stringify(args[0]) + ", box);" +
			" sendAsyncMessage(" + JSON.stringify(name) + ", {Value: JSON.stringify(value ?? null)});" +
			" } catch (e) { sendAsyncMessage(" + JSON.stringify(name) + ", {Error: String(e)}); } })()";
		popup.messageManager.loadFrameScript("data:application/javascript;charset=utf-8," + encodeURIComponent(script), false);
		// A popup that goes away, or to its own process, takes the script along.
		const late = new Promise((resolve) => document.defaultView.setTimeout(resolve, 5_000, {Error: "the popup did not answer"}));
		return Promise.race([said, late]);`, &got, expression)
	if err == nil && got.Error != "" {
		err = fmt.Errorf("%s", got.Error)
	}
	return []byte(got.Value), err
}

func (f *firefoxUnderTest) visit(ctx context.Context, address string) error {
	return f.Show(ctx, address)
}

func (f *firefoxUnderTest) hosts(ctx context.Context) (hosts []string, err error) {
	return hosts, f.Inside(ctx, `return gBrowser.browsers.map((b) => b.currentURI.spec).map((u) => u.startsWith("http") ? new URL(u).hostname : u);`, &hosts)
}

func (f *firefoxUnderTest) front(ctx context.Context) (string, error) {
	var text json.RawMessage
	if err := f.Inside(ctx, `return gBrowser.selectedBrowser.currentURI.spec;`, &text); err != nil {
		return "", err
	}
	return hostIn(text)
}

func (f *firefoxUnderTest) badge(ctx context.Context) (badge string, err error) {
	return badge, f.Inside(ctx, window+button+`return button.getAttribute("badge") ?? "";`, &badge)
}

// scheme is the open popup's alone, as in Chromium.
func (f *firefoxUnderTest) scheme(ctx context.Context, scheme string) error {
	return f.Inside(ctx, window+inPopup+`popup.browsingContext.prefersColorSchemeOverride = args[0];`, nil, scheme)
}

func (f *firefoxUnderTest) window(ctx context.Context) (desktop.Window, error) {
	return f.desktop.AwaitWindow(ctx, "Firefox's window", func(w desktop.Window) bool {
		return strings.Contains(strings.ToLower(w.Class), "firefox") && w.Bounds.Dx() > 800
	})
}
