//go:build linux

package browser

import (
	"bufio"
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/heuristics"
)

// pages serves every host name: ?frame=HOST and ?deep=HOST add a frame of that host, ?nested (as in the deep ones) adds
// frames without a host of their own.
func pages() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><title>%s</title>", r.Host)
		query := r.URL.Query()
		for _, host := range query["frame"] {
			fmt.Fprintf(w, `<iframe src="http://%s:%s/"></iframe>`, host, portOf(r))
		}
		for _, host := range query["deep"] {
			fmt.Fprintf(w, `<iframe src="http://%s:%s/?nested"></iframe>`, host, portOf(r))
		}
		if query.Has("nested") {
			fmt.Fprint(w, `<iframe></iframe><iframe src="about:blank"></iframe><iframe src="data:text/html,hi"></iframe>
				<iframe srcdoc="hi"></iframe><iframe srcdoc="hi" sandbox="allow-scripts"></iframe><iframe id="b"></iframe>
				<script>b.src = URL.createObjectURL(new Blob(["hi"], {type: "text/html"}))</script>`)
		}
		if query.Has("prerender") {
			fmt.Fprint(w, `<script type="speculationrules">{"prerender":[{"urls":["/next"],"eagerness":"immediate"}]}</script>`)
		}
		if query.Has("asks") {
			fmt.Fprint(w, `<script>addEventListener("beforeunload", (e) => e.preventDefault())</script>`)
		}
	})
}

func portOf(r *http.Request) string {
	_, port, _ := strings.Cut(r.Host, ":")
	return port
}

// TestNamesEveryRenderer opens tabs of many kinds and holds what the extension says of every renderer process against
// the truth: each frame is kept busy, and the process that rises is its own.
func TestNamesEveryRenderer(t *testing.T) {
	for name, flags := range map[string][]string{
		"a process a site": nil,
		"shared processes": {
			"--renderer-process-limit=2", "--disable-site-isolation-trials", "--disable-features=IsolateOrigins,SitePerProcess",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := startChromium(t, pages(), "", flags...)
			for _, host := range []string{"one.test", "two.test", "three.test", "127.0.0.1"} {
				b.openTab(t, b.url(host, "/"))
			}
			b.openTab(t, b.url("news.test", "/?nested&deep=adnet.test&frame=sub.news.test&frame=widget.test"))
			b.openTab(t, b.url("mail.test", "/?frame=adnet.test")) // the frame's site in a second tab
			opener := b.openTab(t, b.url("a.same.test", "/"))      // two tabs of one site, in one process
			b.popUp(t, opener, b.url("b.same.test", "/"))
			moved := b.openTab(t, b.url("before.test", "/?nested"))
			b.navigate(t, moved, b.url("after.test", "/?nested"))

			truth := b.truth(t)
			total := 0
			for number, p := range b.renderers(t) {
				got := namesOf(b.who(t, p, number).Frames)
				want := truth[p.PID]
				slices.Sort(want)
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("renderer %d, process %d (-truth +said):\n%s", number, p.PID, diff)
				}
				total += len(got)
				delete(truth, p.PID)
			}
			if len(truth) > 0 {
				t.Errorf("processes with frames, but without a number: %v", truth)
			}
			if total < 25 {
				t.Errorf("only %d frames were compared", total)
			}
			b.checkRenderers(t)
			t.Logf("%d frames in %d renderers", total, len(b.renderers(t)))
		})
	}
}

// popUp has a page open another in a tab of its own, as its opener.
func (b *chromium) popUp(t *testing.T, opener target.ID, url string) {
	t.Helper()
	b.frames(t)[cdp.FrameID(opener)].evaluate(t, fmt.Sprintf("void open(%q)", url))
	eventually(t, "the popup", func() bool {
		for _, f := range b.frames(t) {
			if f.url == url {
				return f.evaluate(t, "document.readyState") == `"complete"`
			}
		}
		return false
	})
}

// truth returns, for each process, its frames as "origin in top origin".
func (b *chromium) truth(t *testing.T) map[int32][]string {
	t.Helper()
	all := b.frames(t)
	truth := map[int32][]string{}
	for _, f := range all {
		if strings.HasPrefix(f.url, "blob:") {
			continue // the browser lists no such frames to extensions; see TestPagesOutOfSight
		}
		top := f
		for all[top.parent] != nil {
			top = all[top.parent]
		}
		origin := ownOrigin(t, all, f)
		if self := f.evaluate(t, "self.origin"); self != `"null"` && self != strconv.Quote(origin) {
			t.Errorf("%s has the origin %s, the test took it for %s", f.url, self, origin)
		}
		pid := b.process(t, f)
		truth[pid] = append(truth[pid], origin+" in "+ownOrigin(t, all, top))
	}
	return truth
}

// ownOrigin returns the origin of a frame, or of what is around it if it has none.
func ownOrigin(t *testing.T, all map[cdp.FrameID]*frame, f *frame) string {
	t.Helper()
	for ; f != nil; f = all[f.parent] {
		u, err := url.Parse(f.url)
		if err != nil {
			t.Fatal(err)
		}
		if u.Host != "" {
			return u.Scheme + "://" + u.Host
		}
	}
	return ""
}

func namesOf(frames []heuristics.Frame) []string {
	var out []string
	for _, f := range frames {
		out = append(out, f.Origin+" in "+f.TopOrigin)
	}
	slices.Sort(out)
	return out
}

// checkRenderers holds the processes found by command line against those the browser counts itself.
func (b *chromium) checkRenderers(t *testing.T) {
	t.Helper()
	info, err := chromedp.CallBrowser(b.ctx, systeminfo.GetProcessInfo, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	var want, got []int
	for _, p := range info.ProcessInfo {
		if p.Type == "renderer" {
			want = append(want, int(p.ID))
		}
	}
	for _, p := range b.renderers(t) {
		got = append(got, int(p.PID))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("renderer processes (-the browser's +ours):\n%s", diff)
	}
}

// find returns a renderer that has a frame of the origin, and that frame.
func (b *chromium) find(t *testing.T, origin string) (renderer int, f heuristics.Frame) {
	t.Helper()
	eventually(t, "a renderer of "+origin, func() bool {
		for number, p := range b.renderers(t) {
			for _, g := range b.who(t, p, number).Frames {
				if g.Origin == origin {
					renderer, f = number, g
					return true
				}
			}
		}
		return false
	})
	return renderer, f
}

// urls returns the addresses of all tabs, sorted.
func (b *chromium) urls(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, f := range b.frames(t) {
		if f.parent == "" {
			out = append(out, strings.TrimPrefix(f.url, "http://"))
		}
	}
	slices.Sort(out)
	return out
}

func TestClosesOnlyTheTabThatWasMeant(t *testing.T) {
	b := startChromium(t, pages(), "")
	b.openTab(t, b.url("keep.test", "/"))
	b.openTab(t, b.url("bad.test", "/?frame=adnet.test"))
	b.openTab(t, b.url("front.test", "/"))
	before := b.urls(t)
	renderer, bad := b.find(t, b.origin("adnet.test"))
	keeper, keep := b.find(t, b.origin("keep.test"))
	if !bad.Hidden || bad.TopOrigin != b.origin("bad.test") {
		t.Errorf("the frame in the background is %+v", bad)
	}
	act := func(kind string, tab int64, origin string, renderer int) error {
		return b.bridge.Act(t.Context(), b.root, kind, tab, origin, renderer)
	}
	for _, c := range []struct {
		tab      int64
		origin   string
		renderer int
		want     error
	}{
		{bad.Tab, b.origin("keep.test"), renderer, errOtherSite},
		{bad.Tab, b.origin("adnet.test"), renderer, errOtherSite}, // the frame's, not the tab's
		{bad.Tab, bad.TopOrigin, keeper, errMoved},
		{keep.Tab, bad.TopOrigin, renderer, errOtherSite},
		{bad.Tab + 1000, bad.TopOrigin, renderer, errNoTab},
	} {
		if err := act("close", c.tab, c.origin, c.renderer); err != c.want { //nolint:errorlint // it is not wrapped
			t.Errorf("close %+v: %v", c, err)
		}
	}
	if diff := gocmp.Diff(before, b.urls(t)); diff != "" {
		t.Fatalf("a refused close changed the tabs:\n%s", diff)
	}

	if err := act("show", keep.Tab, keep.Origin, keeper); err != nil {
		t.Errorf("show: %v", err)
	}
	eventually(t, "the tab shown", func() bool {
		_, f := b.find(t, b.origin("keep.test"))
		return !f.Hidden
	})

	if err := act("close", bad.Tab, bad.TopOrigin, renderer); err != nil {
		t.Errorf("close: %v", err)
	}
	want := slices.DeleteFunc(slices.Clone(before), func(u string) bool { return strings.HasPrefix(u, "bad.test") })
	if diff := gocmp.Diff(want, b.urls(t)); diff != "" {
		t.Errorf("the tabs after the close (-want +got):\n%s", diff)
	}
	if err := act("close", bad.Tab, bad.TopOrigin, renderer); err != errNoTab { //nolint:errorlint // it is not wrapped
		t.Errorf("closing it again: %v", err)
	}
}

// A browser may ask its visitor, and may end with its last tab: both are said as they are.
func TestClosingTheLastTab(t *testing.T) {
	b := startChromium(t, pages(), "")
	asking := b.openTab(t, b.url("asks.test", "/?asks"))
	b.frames(t)[cdp.FrameID(asking)].evaluate(t, "1") // a visitor's gesture, without which no page may ask
	last := b.openTab(t, b.url("last.test", "/"))
	for _, f := range b.frames(t) {
		if f.url == "about:blank" && f.id != cdp.FrameID(last) {
			if _, err := chromedp.CallBrowser(b.ctx, target.CloseTarget, target.CloseTargetParams{TargetID: target.ID(f.id)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	renderer, f := b.find(t, b.origin("asks.test"))
	if err := b.bridge.Act(t.Context(), b.root, "close", f.Tab, f.TopOrigin, renderer); err != errUnanswered { //nolint:errorlint // it is not wrapped
		t.Errorf("closing a page that asks: %v", err)
	}
	if _, err := chromedp.CallBrowser(b.ctx, target.CloseTarget, target.CloseTargetParams{TargetID: asking}); err != nil {
		t.Logf("closing the page that asks by force: %v", err)
	}
	renderer, f = b.find(t, b.origin("last.test"))
	if err := b.bridge.Act(t.Context(), b.root, "close", f.Tab, f.TopOrigin, renderer); err != nil {
		t.Errorf("closing the last tab: %v", err)
	}
}

// A page that was left is remembered, one that is rendered ahead is named as hidden, and a private window not at all.
func TestPagesOutOfSight(t *testing.T) {
	b := startChromium(t, pages(), "")
	tab := b.openTab(t, b.url("before.test", "/"))
	left, _ := b.find(t, b.origin("before.test"))
	leftProcess := b.renderers(t)[left]
	b.navigate(t, tab, b.url("after.test", "/"))
	eventually(t, "the page that was left", func() bool {
		got := b.who(t, leftProcess, left)
		return len(got.Frames) == 0 && got.LastOrigin == b.origin("before.test")
	})

	// Of a blob: page the browser says nothing; who made it is remembered.
	maker := b.openTab(t, b.url("maker.test", "/"))
	hidden, _ := b.find(t, b.origin("maker.test"))
	hiddenProcess := b.renderers(t)[hidden]
	b.frames(t)[cdp.FrameID(maker)].evaluate(t, `void open(URL.createObjectURL(new Blob(["hi"], {type: "text/html"})))`)
	b.navigate(t, maker, b.url("after.test", "/"))
	eventually(t, "the maker of the blob: page", func() bool {
		got := b.who(t, hiddenProcess, hidden)
		return len(got.Frames) == 0 && got.LastOrigin == b.origin("maker.test")
	})

	// A page with a debugger attached renders nothing ahead.
	_, err := chromedp.CallBrowser(b.ctx, target.CreateTarget, target.CreateTargetParams{URL: b.url("127.0.0.1", "/?prerender")})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the page rendered ahead", func() bool {
		for number, p := range b.renderers(t) {
			for _, f := range b.who(t, p, number).Frames {
				if f.Origin == b.origin("127.0.0.1") && f.Frame != 0 {
					return f.Hidden && f.TopOrigin == f.Origin
				}
			}
		}
		return false
	})

	private, err := chromedp.CallBrowser(b.ctx, target.CreateBrowserContext, target.CreateBrowserContextParams{})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := chromedp.CallBrowser(b.ctx, target.CreateTarget,
		target.CreateTargetParams{URL: b.url("secret.test", "/"), BrowserContextID: private.BrowserContextID})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the private page", func() bool {
		f := b.frames(t)[cdp.FrameID(secret.TargetID)]
		return f != nil && f.evaluate(t, "document.readyState") == `"complete"`
	})
	pid := b.process(t, b.frames(t)[cdp.FrameID(secret.TargetID)])
	for number, p := range b.renderers(t) {
		if got := b.who(t, p, number); p.PID == pid && (len(got.Frames) > 0 || got.LastOrigin != "") {
			t.Errorf("of a private window was said: %+v", got)
		} else if strings.Contains(fmt.Sprint(got), "secret") {
			t.Errorf("a private window leaked: %+v", got)
		}
	}
}

// The line stands again by itself when the host died, and when the agent was away.
func TestLineComesBack(t *testing.T) {
	b := startChromium(t, pages(), "")
	b.openTab(t, b.url("one.test", "/"))
	host := b.host(t)
	if err := syscall.Kill(host, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another host", func() bool { return b.connected() && b.host(t) != host })
	b.find(t, b.origin("one.test"))

	host = b.host(t)
	b.shut()
	eventually(t, "the host's leaving", func() bool { return len(b.bridge.Status("")) == 0 })
	b.door.open(t)
	eventually(t, "the hello told again", b.connected)
	if b.host(t) != host {
		t.Error("the host ended while the agent was away")
	}
	b.find(t, b.origin("one.test"))
}

func (b *chromium) connected() bool {
	s := b.bridge.Status("")
	return len(s) == 1 && s[0].Extension != ""
}

// host returns the process of the native messaging host.
func (b *chromium) host(t *testing.T) int {
	t.Helper()
	b.bridge.mu.Lock()
	defer b.bridge.mu.Unlock()
	for pid := range b.bridge.hosts {
		return int(pid)
	}
	t.Fatal("there is no host")
	return 0
}

// Two profiles of one browser share its process and its numbers; each has a host, and the right one answers.
func TestTwoProfiles(t *testing.T) {
	b := startChromium(t, pages(), startDisplay(t))
	b.openTab(t, b.url("first.test", "/"))
	second := exec.CommandContext(t.Context(), "chromium", "--no-sandbox", "--user-data-dir="+b.profile,
		"--profile-directory=Second", b.url("second.test", "/"))
	second.Env = b.cmd.Env
	if out, err := second.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	eventually(t, "two hosts", func() bool { return len(b.bridge.Status("")) == 2 })
	for _, s := range b.bridge.Status("") {
		if s.PID != b.root.PID {
			t.Errorf("a host says %+v, the browser is %d", s, b.root.PID)
		}
	}
	for _, host := range []string{"first.test", "second.test"} {
		renderer, f := b.find(t, b.origin(host))
		for _, other := range []string{"http://other.test", b.origin(cmp.Or(strings.TrimPrefix("first.test", host), "second.test"))} {
			if err := b.bridge.Act(t.Context(), b.root, "close", f.Tab, other, renderer); err != errOtherSite { //nolint:errorlint // it is not wrapped
				t.Errorf("closing %s as %s: %v", host, other, err)
			}
		}
		if err := b.bridge.Act(t.Context(), b.root, "close", f.Tab, f.TopOrigin, renderer); err != nil {
			t.Errorf("closing %s: %v", host, err)
		}
	}
}

// startDisplay starts a display for browsers with windows.
func startDisplay(t *testing.T) string {
	t.Helper()
	exe, err := exec.LookPath("Xvfb")
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skip("Xvfb is not installed")
		}
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	number, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return ":" + strings.TrimSpace(filepath.Base(number))
}
