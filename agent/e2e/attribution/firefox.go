//go:build linux

package attribution

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/minewatch/minewatch/agent/testkit/firefox"
)

// firefoxUnderTest is a running Firefox.
type firefoxUnderTest struct {
	*firefox.Browser
	ctx  context.Context //nolint:containedctx // of the scenario: what drives tabs is the same for both families
	port string
}

// startFirefox starts one whose profile has the extension.
func (r *run) startFirefox(ctx context.Context, name string, port int, prefs map[string]any) (*firefoxUnderTest, error) {
	profile := filepath.Join(r.desktop.Home(), name)
	if err := r.product.ConnectFirefox(ctx, profile); err != nil {
		return nil, err
	}
	prefs["browser.tabs.unloadOnLowMemory"] = false
	b, err := firefox.Start(ctx, r.desktop, firefox.Options{
		Profile: profile, Hosts: hosts(), Prefs: prefs, Port: port, Inside: true, Env: r.agent.env(),
	})
	if err != nil {
		return nil, err
	}
	f := &firefoxUnderTest{Browser: b, ctx: ctx, port: r.port}
	return f, r.awaitProfiles(ctx, f, 1)
}

// playFirefox: the second browser keeps all its sites in two processes and starts them without the fork server, which
// gives command lines of the other form.
func (r *run) playFirefox(ctx context.Context) error {
	b, err := r.startFirefox(ctx, "firefox", firefox.Port, map[string]any{})
	if err != nil {
		return err
	}
	other, err := r.startFirefox(ctx, "firefox-2", firefox.Port+1, map[string]any{
		"fission.autostart": false, "dom.ipc.processCount": 2, "dom.ipc.forkserver.enable": false,
	})
	if err != nil {
		return err
	}
	return play(ctx, r, b, other)
}

func (f *firefoxUnderTest) family() string { return "firefox" }
func (f *firefoxUnderTest) root() int      { return f.PID() }

// truth asks the browser's main process for all frames of all tabs and their processes.
func (f *firefoxUnderTest) truth(ctx context.Context) (map[int32][]lodger, error) {
	var frames []struct {
		ID  int   `json:"id"`
		PID int32 `json:"pid"`
		// Chain holds the addresses from the frame to the top one.
		Chain []string `json:"chain"`
	}
	err := f.Inside(ctx, `return gBrowser.browsers.filter((b) => b.browsingContext).flatMap((b) =>
		b.browsingContext.getAllBrowsingContextsInSubtree().map((bc) => {
			const chain = [];
			for (let c = bc; c; c = c.parent) chain.push(c.currentWindowGlobal?.documentURI.spec ?? "");
			return {id: bc.id, pid: bc.currentWindowGlobal?.osPid ?? 0, chain};
		}));`, &frames)
	if err != nil {
		return nil, err
	}
	truth := map[int32][]lodger{}
	for _, fr := range frames {
		if fr.PID > 0 && int(fr.PID) != f.PID() { // the main process shows pages of the browser's own
			truth[fr.PID] = append(truth[fr.PID], lodger{id: strconv.Itoa(fr.ID), origin: originIn(fr.Chain)})
		}
	}
	for _, there := range truth {
		slices.SortFunc(there, func(a, b lodger) int { return strings.Compare(a.id, b.id) })
	}
	return truth, nil
}

// originIn returns the origin of the first address that has one.
func originIn(chain []string) string {
	origin := regexp.MustCompile(`^(?:blob:)?([a-z]+://[^/]+)`)
	for _, address := range chain {
		if m := origin.FindStringSubmatch(address); m != nil {
			return m[1]
		}
	}
	return ""
}

// openTab opens a page in a tab of its own, waits until it is loaded, and returns the browser's number of the tab.
func (f *firefoxUnderTest) openTab(address string) (tab int, err error) {
	err = f.Inside(f.ctx, `const tab = gBrowser.addTab(args[0], {triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal()});
		gBrowser.selectedTab = tab;
		return tab.linkedBrowser.browserId;`, &tab, onPort(address, f.port))
	if err != nil {
		return 0, err
	}
	return tab, f.loaded(tab, address)
}

func (f *firefoxUnderTest) navigate(tab int, address string) error {
	err := f.Inside(f.ctx, `const browser = gBrowser.browsers.find((b) => b.browserId === args[0]);
		browser.fixupAndLoadURIString(args[1], {triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal()});`, nil,
		tab, onPort(address, f.port))
	if err != nil {
		return err
	}
	return f.loaded(tab, address)
}

func (f *firefoxUnderTest) loaded(tab int, address string) error {
	return await(f.ctx, "the page "+address, func() (done bool, err error) {
		err = f.Inside(f.ctx, `const browser = gBrowser.browsers.find((b) => b.browserId === args[0]);
			return browser.currentURI.spec === args[1] && !browser.webProgress.isLoadingDocument;`, &done, tab, onPort(address, f.port))
		return done, err
	})
}

func (f *firefoxUnderTest) back(tab int, address string) error {
	if err := f.Inside(f.ctx, `gBrowser.browsers.find((b) => b.browserId === args[0]).goBack();`, nil, tab); err != nil {
		return err
	}
	return f.loaded(tab, address)
}

func (f *firefoxUnderTest) discard(tab int) error {
	var done bool
	err := f.Inside(f.ctx, `const tab = gBrowser.tabs.find((t) => t.linkedBrowser.browserId === args[0]);
		await gBrowser.prepareDiscardBrowser(tab);
		return gBrowser.discardBrowser(tab, true);`, &done, tab)
	if err == nil && !done {
		err = fmt.Errorf("tab %d could not be put to sleep", tab)
	}
	return err
}

func (f *firefoxUnderTest) popUp(opener int, address string) error {
	err := f.Inside(f.ctx, `const browser = gBrowser.browsers.find((b) => b.browserId === args[0]);
		browser.messageManager.loadFrameScript("data:,content.wrappedJSObject.open(" + encodeURIComponent(JSON.stringify(args[1])) + ")", false);`,
		nil, opener, onPort(address, f.port))
	if err != nil {
		return err
	}
	return await(f.ctx, "the popup", func() (done bool, err error) {
		err = f.Inside(f.ctx, `return gBrowser.browsers.some((b) => b.currentURI.spec === args[0] && !b.webProgress.isLoadingDocument);`,
			&done, onPort(address, f.port))
		return done, err
	})
}

func (f *firefoxUnderTest) hang(tab int) error {
	return f.Inside(f.ctx, `const browser = gBrowser.browsers.find((b) => b.browserId === args[0]);
		browser.messageManager.loadFrameScript("data:,content.setTimeout(() => { for (const end = Date.now() %2B 40000; Date.now() < end;); }, 200)", false);`,
		nil, tab)
}
