//go:build linux

package extensions

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/internal/install"
	"github.com/minewatch/minewatch/agent/internal/procfs"
	driver "github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/wait"
	"github.com/minewatch/minewatch/heuristics"
)

// chromium is a running browser with the extension in it, and the agent's end of the line.
type chromium struct {
	ctx     context.Context //nolint:containedctx // chromedp's handle of the browser
	service *Service
	api     *localAPI
	shut    func() // the local API
	root    heuristics.ProcessID
	cmd     *exec.Cmd
	port    string // of the web server
	profile string
}

// startChromium is startChromiumWith the extension as it is.
func startChromium(t *testing.T, pages http.Handler, display string, extra ...string) *chromium {
	t.Helper()
	return startChromiumWith(t, pages, display, nil, extra...)
}

// startChromiumWith starts a browser whose only way out is to 127.0.0.1, with a service that its extension has said hello to.
// It has no window, or one on the display.
//
// change, if any, is given the folder of the extension before.
func startChromiumWith(t *testing.T, pages http.Handler, display string, change func(folder string), extra ...string) *chromium {
	t.Helper()
	exe := browserProgram(t, "chromium")
	b := &chromium{service: newService(t, Options{Log: zap.NewNop()}), profile: profileFolder(t)}
	b.api = newLocalAPI(t, b.service)
	b.shut = b.api.open(t)
	b.port = serveWeb(t, pages)

	copyDir := filepath.Join(t.TempDir(), "extension")
	if err := extension.WriteTo(copyDir, extension.Chromium); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(copyDir)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := install.Into(b.profile, self); err != nil {
		t.Fatal(err)
	}
	args := append([]string{
		"--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-gpu",
		"--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--enable-remote-extensions",
		"--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
		"--user-data-dir=" + b.profile, "--load-extension=" + copyDir,
	}, append(extra, "about:blank")...)
	if display == "" {
		args = append(args, "--headless=new")
	}
	b.cmd = exec.CommandContext(t.Context(), exe, args...)
	b.cmd.Env = append(os.Environ(), "MINEWATCH_SOCKET="+b.api.socket, "DISPLAY="+display)
	runBrowser(t, b.cmd)
	b.connect(t)
	return b
}

// browserProgram returns the path of a browser, and skips the test where it is short or the browser is not installed.
func browserProgram(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a real browser takes a while")
	}
	exe, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skip(name + " is not installed")
		}
		t.Fatal(err)
	}
	return exe
}

// runBrowser starts a browser that ends with the test.
func runBrowser(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // a test that panics leaves no browser
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
}

// awaitHello waits for the extension's hello and returns the browser's main process, which must be the one started.
func awaitHello(t *testing.T, service *Service, cmd *exec.Cmd) heuristics.ProcessID {
	t.Helper()
	eventually(t, "the extension's hello", func() bool {
		s := service.Status("")
		return len(s) == 1 && s[0].Extension != ""
	})
	s := service.Status("")[0]
	root, err := procfs.New(procRoot).Stat(s.PID)
	if err != nil {
		t.Fatal(err)
	}
	if int(s.PID) != cmd.Process.Pid {
		t.Fatalf("the host's browser is process %d, but %d was started", s.PID, cmd.Process.Pid)
	}
	return heuristics.ProcessID{PID: s.PID, StartTime: root.Started}
}

// profileFolder returns a folder that goes away as soon as the browser's last process has written into it.
func profileFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "minewatch-chromium") //nolint:usetesting // t.TempDir fails on what is written late
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		eventually(t, "the profile's last write", func() bool { return os.RemoveAll(dir) == nil })
	})
	return dir
}

// connect opens the debugging line, which the test uses to drive the browser and as the truth, and waits for the
// extension's hello.
func (b *chromium) connect(t *testing.T) {
	t.Helper()
	var address string
	eventually(t, "the browser's debugging port", func() bool {
		data, _ := os.ReadFile(filepath.Join(b.profile, "DevToolsActivePort"))
		port, path, ok := strings.Cut(strings.TrimSpace(string(data)), "\n")
		address = "ws://127.0.0.1:" + port + path
		return ok
	})
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	t.Cleanup(cancel)
	line, err := driver.OpenLine(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(line.Close)
	b.ctx = line.Context
	b.root = awaitHello(t, b.service, b.cmd)
}

func (b *chromium) url(host, path string) string {
	return "http://" + net.JoinHostPort(host, b.port) + path
}

func (b *chromium) origin(host string) string { return b.url(host, "") }

// openTab opens a page in a tab of its own and waits until it and its frames are loaded.
func (b *chromium) openTab(t *testing.T, url string) target.ID {
	t.Helper()
	tab, err := chromedp.CallBrowser(b.ctx, target.CreateTarget, target.CreateTargetParams{URL: "about:blank"})
	if err != nil {
		t.Fatal(err)
	}
	b.navigate(t, tab.TargetID, url)
	return tab.TargetID
}

// navigate takes a tab to another page.
func (b *chromium) navigate(t *testing.T, tab target.ID, url string) {
	t.Helper()
	if _, err := chromedp.Run(b.attach(t, tab), chromedp.Navigate(url)); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

// attach returns a handle of a page or frame for the length of the test.
func (b *chromium) attach(t *testing.T, id target.ID) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id), chromedp.WithDetachOnCancel())
	t.Cleanup(cancel)
	return ctx
}

// frame is one frame of one page, as the debugging line knows it.
type frame struct {
	ctx    context.Context //nolint:containedctx // chromedp's handle of the page
	id     cdp.FrameID
	parent cdp.FrameID
	url    string
}

// frames returns all frames of all pages. A frame in another process than its page has a handle of its own.
func (b *chromium) frames(t *testing.T) map[cdp.FrameID]*frame {
	t.Helper()
	targets, err := chromedp.Targets(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	all := map[cdp.FrameID]*frame{}
	for _, info := range targets {
		if info.Type != "page" && info.Type != "iframe" {
			continue
		}
		ctx := b.attach(t, info.TargetID)
		tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			t.Fatalf("%s %s: %v", info.Type, info.URL, err)
		}
		var walk func(*page.FrameTree, cdp.FrameID)
		walk = func(tree *page.FrameTree, parent cdp.FrameID) {
			f := &frame{ctx: ctx, id: tree.Frame.ID, parent: parent, url: tree.Frame.URL}
			all[f.id] = f
			for _, c := range tree.ChildFrames {
				walk(c, f.id)
			}
		}
		walk(tree.FrameTree, info.ParentFrameID)
	}
	return all
}

// evaluate runs a script in a frame, apart from the page's own, and returns its value as JSON.
func (f *frame) evaluate(t *testing.T, script string) string {
	t.Helper()
	world, err := chromedp.Call(f.ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: f.id})
	if err != nil {
		t.Fatalf("a world in %s: %v", f.url, err)
	}
	done, err := chromedp.Call(f.ctx, runtime.Evaluate, runtime.EvaluateParams{
		Expression: script, ContextID: world.ExecutionContextID, ReturnByValue: new(true), UserGesture: new(true),
	})
	if err != nil || done.ExceptionDetails != nil {
		t.Fatalf("%s in %s: %v %v", script, f.url, err, done.ExceptionDetails)
	}
	return string(done.Result.Value)
}

// process returns the renderer process a frame lives in: keep the frame busy and look which one rises.
func (b *chromium) process(t *testing.T, f *frame) (pid int32) {
	t.Helper()
	eventually(t, "one process to rise with "+f.url, func() bool {
		before := b.cpu(t)
		f.evaluate(t, `for (const end = performance.now() + 250; performance.now() < end;);`)
		most, second := 0, 0
		for p, now := range b.cpu(t) {
			switch rose := now - before[p]; {
			case rose > most:
				most, second, pid = rose, most, p
			case rose > second:
				second = rose
			}
		}
		return most >= 8 && most >= 3*second
	})
	return pid
}

// cpu returns the CPU time of each renderer process, in hundredths of a second.
func (b *chromium) cpu(t *testing.T) map[int32]int {
	t.Helper()
	out := map[int32]int{}
	for _, p := range b.renderers(t) {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(int(p.PID)), "stat"))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
		user, err1 := strconv.Atoi(fields[11])
		system, err2 := strconv.Atoi(fields[12])
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		out[p.PID] = user + system
	}
	return out
}

// renderers returns the browser's renderer processes by their number on the command line.
func (b *chromium) renderers(t *testing.T) map[int]heuristics.ProcessID {
	t.Helper()
	number := regexp.MustCompile(`--type=renderer\b.*--renderer-client-id=([0-9]+)`)
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
		m := number.FindSubmatch([]byte(strings.ReplaceAll(string(line), "\x00", " ")))
		pid, err := strconv.Atoi(filepath.Base(dir))
		if m == nil || err != nil || !b.isBelow(int32(pid)) {
			continue
		}
		s, err := procfs.New(procRoot).Stat(int32(pid))
		if err != nil {
			continue
		}
		n, err := strconv.Atoi(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		out[n] = heuristics.ProcessID{PID: int32(pid), StartTime: s.Started}
	}
	return out
}

// isBelow reports whether a process descends from the browser.
func (b *chromium) isBelow(pid int32) bool {
	for pid > 1 {
		if pid == b.root.PID {
			return true
		}
		s, err := procfs.New(procRoot).Stat(pid)
		if err != nil {
			return false
		}
		pid = s.Parent
	}
	return false
}

// who asks the extension about one renderer.
func (b *chromium) who(t *testing.T, p heuristics.ProcessID, renderer int) heuristics.Renderer {
	t.Helper()
	var got heuristics.Renderer
	eventually(t, "an answer about renderer "+strconv.Itoa(renderer), func() bool {
		b.service.Ask(p, b.root, renderer)
		for _, r := range b.service.Answers() {
			if r.Process == p {
				got = r
				return true
			}
		}
		return false
	})
	return got
}

func serveWeb(t *testing.T, pages http.Handler) (port string) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: pages, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	_, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// eventually waits for something that other processes do.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	wait.For(t, time.Minute, what, is)
}
