//go:build linux

package extensions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/internal/install"
	"github.com/minewatch/minewatch/agent/internal/procfs"
	driver "github.com/minewatch/minewatch/agent/testkit/firefox"
	"github.com/minewatch/minewatch/heuristics"
)

// firefox is a running Firefox ESR with the extension in it, and the agent's end of the line.
type firefox struct {
	service *Service
	api     *localAPI
	root    heuristics.ProcessID
	cmd     *exec.Cmd
	control *driver.Control
	port    string // of the web server
}

// firefoxHosts are the names that lead to this machine.
func firefoxHosts() []string {
	var out []string
	for _, h := range []string{
		"one", "two", "three", "four", "news", "sub.news", "adnet", "widget", "mail", "a.same", "b.same", "before", "after",
		"strict", "keep", "bad", "front", "hang", "secret", "opener", "popup", "coop",
	} {
		out = append(out, h+".test")
	}
	return out
}

// startFirefox starts a browser without a window, whose extension has said hello, with settings added.
func startFirefox(t *testing.T, pages http.Handler, settings map[string]any) *firefox {
	t.Helper()
	xpi, err := extension.Archive(extension.Firefox)
	if err != nil {
		t.Fatal(err)
	}
	return startFirefoxWith(t, pages, settings, xpi)
}

// startFirefoxWith is startFirefox with another extension.
func startFirefoxWith(t *testing.T, pages http.Handler, settings map[string]any, xpi []byte) *firefox {
	t.Helper()
	exe := browserProgram(t, "firefox-esr")
	b := &firefox{service: newService(t, Options{Log: zap.NewNop()}), port: serveWeb(t, pages)}
	b.api = newLocalAPI(t, b.service)
	b.api.open(t)
	home := profileFolder(t)
	profile := filepath.Join(home, "profile")
	prepareFirefox(t, home, profile, settings, xpi)

	b.cmd = exec.CommandContext(t.Context(), exe, "--headless", "--marionette", "-remote-allow-system-access", "--no-remote",
		"--profile", profile)
	b.cmd.Env = append(os.Environ(), "MINEWATCH_SOCKET="+b.api.socket, "HOME="+home, "XDG_CONFIG_HOME=", "DISPLAY=",
		"MOZ_CRASHREPORTER_DISABLE=1")
	runBrowser(t, b.cmd)
	b.connect(t, profile)
	return b
}

// prepareFirefox writes the settings, the extension and the host's manifest.
func prepareFirefox(t *testing.T, home, profile string, settings map[string]any, xpi []byte) {
	t.Helper()
	all := map[string]any{
		"network.dns.localDomains": strings.Join(firefoxHosts(), ","), "marionette.port": 0,
		"xpinstall.signatures.required": false, "extensions.autoDisableScopes": 0, "extensions.enabledScopes": 15,
		"browser.shell.checkDefaultBrowser": false, "browser.startup.page": 0, "browser.newtabpage.enabled": false,
		"app.update.enabled": false, "app.normandy.enabled": false, "services.settings.server": "http://127.0.0.1:9/",
		"network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false,
		"datareporting.policy.dataSubmissionEnabled": false, "toolkit.telemetry.reportingpolicy.firstRun": false,
		"dom.security.https_first": false, "dom.disable_open_during_load": false, "browser.tabs.unloadOnLowMemory": false,
	}
	maps.Copy(all, settings)
	var text strings.Builder
	for k, v := range all {
		value, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "user_pref(%q, %s);\n", k, value)
	}
	for path, data := range map[string][]byte{
		"user.js": []byte(text.String()), "extensions/" + extension.FirefoxID + ".xpi": xpi,
	} {
		path = filepath.Join(profile, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CONFIG_HOME", "")
	if err := os.MkdirAll(filepath.Join(home, ".mozilla"), 0o700); err != nil {
		t.Fatal(err)
	}
	setup := &install.Setup{GOOS: "linux", Exe: self, State: filepath.Join(home, "state"), Paths: install.Paths{Home: home}}
	if err := install.NewUser(setup).Install(); err != nil {
		t.Fatal(err)
	}
}

// connect opens the remote control and waits for the extension's hello.
func (b *firefox) connect(t *testing.T, profile string) {
	t.Helper()
	var port string
	eventually(t, "Firefox's remote control", func() bool {
		data, err := os.ReadFile(filepath.Join(profile, "MarionetteActivePort"))
		port = string(data)
		return err == nil && port != ""
	})
	control, err := driver.Dial(t.Context(), net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = control.Close() })
	b.control = control
	b.root = awaitHello(t, b.service, b.cmd)
}

// run runs a script with the browser's own rights and decodes what it returns.
func (b *firefox) run(t *testing.T, script string, result any, args ...any) {
	t.Helper()
	if err := b.control.Inside(t.Context(), script, result, args...); err != nil {
		t.Fatalf("%v\n%s", err, script)
	}
}

func (b *firefox) url(host, path string) string {
	return "http://" + net.JoinHostPort(host, b.port) + path
}

// openTab opens a page in a tab of its own and waits until it is loaded. It returns the number of its browser.
func (b *firefox) openTab(t *testing.T, url string) (tab int) {
	t.Helper()
	b.run(t, `const tab = gBrowser.addTab(args[0], {triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal()});
		gBrowser.selectedTab = tab;
		return tab.linkedBrowser.browserId;`, &tab, url)
	b.loaded(t, tab, url)
	return tab
}

// navigate takes a tab to another page.
func (b *firefox) navigate(t *testing.T, tab int, url string) {
	t.Helper()
	b.run(t, `const browser = gBrowser.browsers.find((b) => b.browserId === args[0]);
		browser.fixupAndLoadURIString(args[1], {triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal()});`, nil, tab, url)
	b.loaded(t, tab, url)
}

func (b *firefox) loaded(t *testing.T, tab int, url string) {
	t.Helper()
	eventually(t, "the page "+url, func() bool {
		var done bool
		b.run(t, `const browser = gBrowser.browsers.find((b) => b.browserId === args[0]);
			return browser.currentURI.spec === args[1] && !browser.webProgress.isLoadingDocument;`, &done, tab, url)
		return done
	})
}

// geckoFrame is a frame as the browser itself knows it.
type geckoFrame struct {
	PID  int32  `json:"pid"`
	URL  string `json:"url"`
	Kind string `json:"kind"` // of the process
	// Chain holds the addresses from the frame to the top one.
	Chain []string `json:"chain"`
	Tab   int      `json:"tab"`
}

// frames returns all frames of all tabs with the processes they live in, as the browser's main process knows them.
func (b *firefox) frames(t *testing.T) (out []geckoFrame) {
	t.Helper()
	b.run(t, `return gBrowser.browsers.filter((b) => b.browsingContext).flatMap((b) =>
		b.browsingContext.getAllBrowsingContextsInSubtree().map((bc) => {
			const chain = [];
			for (let c = bc; c; c = c.parent) chain.push(c.currentWindowGlobal?.documentURI.spec ?? "");
			const w = bc.currentWindowGlobal;
			return {pid: w?.osPid ?? 0, url: chain[0], chain, tab: b.browserId, kind: w?.domProcess?.remoteType ?? ""};
		}));`, &out)
	return out
}

// truth returns, for each content process, its frames as "origin in top origin".
func (b *firefox) truth(t *testing.T) map[int32][]string {
	t.Helper()
	truth := map[int32][]string{}
	for _, f := range b.frames(t) {
		if f.PID <= 0 || f.PID == b.root.PID {
			continue // a page of the browser's own
		}
		truth[f.PID] = append(truth[f.PID], geckoOrigin(f.Chain)+" in "+geckoOrigin(f.Chain[len(f.Chain)-1:]))
	}
	for _, names := range truth {
		slices.Sort(names)
	}
	return truth
}

// geckoOrigin returns the origin of the first address that has one.
func geckoOrigin(chain []string) string {
	for _, address := range chain {
		if m := regexp.MustCompile(`^(?:blob:)?([a-z]+://[^/]+)`).FindStringSubmatch(address); m != nil {
			return m[1]
		}
	}
	return ""
}

// renderers returns the content processes that may hold tabs, by their number on the command line.
func (b *firefox) renderers(t *testing.T) map[int]heuristics.ProcessID {
	t.Helper()
	number := regexp.MustCompile(`-contentproc .* -parentPid ` + strconv.Itoa(int(b.root.PID)) + ` .* ([0-9]+) tab$`)
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]heuristics.ProcessID{}
	for _, dir := range dirs {
		line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			continue
		}
		m := number.FindStringSubmatch(strings.TrimRight(strings.ReplaceAll(string(line), "\x00", " "), " "))
		if m == nil {
			continue
		}
		pid, err1 := strconv.Atoi(filepath.Base(dir))
		n, err2 := strconv.Atoi(m[1])
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if s, err := procfs.New(procRoot).Stat(int32(pid)); err == nil {
			out[n] = heuristics.ProcessID{PID: int32(pid), StartTime: s.Started}
		}
	}
	return out
}

// who asks the extension about one content process, and says how long the answer took.
func (b *firefox) who(t *testing.T, p heuristics.ProcessID, renderer int) (got heuristics.Renderer, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		start := time.Now()
		b.service.Ask(p, b.root, renderer)
		for time.Since(start) < askAgainAfter+100*time.Millisecond {
			for _, r := range b.service.Answers() {
				if r.Process == p {
					return r, time.Since(start)
				}
			}
			time.Sleep(2 * time.Millisecond)
		}
		if ctx.Err() != nil {
			t.Fatalf("no answer about content process %d", renderer)
		}
	}
}
