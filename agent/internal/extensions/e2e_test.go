//go:build linux

package extensions

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	gocmp "github.com/google/go-cmp/cmp"
)

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
		return b.service.Act(t.Context(), b.root, kind, tab, origin, renderer)
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
	if err := b.service.Act(t.Context(), b.root, "close", f.Tab, f.TopOrigin, renderer); err != errUnanswered { //nolint:errorlint // it is not wrapped
		t.Errorf("closing a page that asks: %v", err)
	}
	if _, err := chromedp.CallBrowser(b.ctx, target.CloseTarget, target.CloseTargetParams{TargetID: asking}); err != nil {
		t.Logf("closing the page that asks by force: %v", err)
	}
	renderer, f = b.find(t, b.origin("last.test"))
	if err := b.service.Act(t.Context(), b.root, "close", f.Tab, f.TopOrigin, renderer); err != nil {
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
	eventually(t, "the host's leaving", func() bool { return len(b.service.Status("")) == 0 })
	b.api.open(t)
	eventually(t, "the hello told again", b.connected)
	if b.host(t) != host {
		t.Error("the host ended while the agent was away")
	}
	b.find(t, b.origin("one.test"))
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
	eventually(t, "two hosts", func() bool { return len(b.service.Status("")) == 2 })
	for _, s := range b.service.Status("") {
		if s.PID != b.root.PID {
			t.Errorf("a host says %+v, the browser is %d", s, b.root.PID)
		}
	}
	for host, other := range map[string]string{"first.test": "second.test", "second.test": "first.test"} {
		renderer, f := b.find(t, b.origin(host))
		if err := b.service.Act(t.Context(), b.root, "close", f.Tab, b.origin(other), renderer); err != errOtherSite { //nolint:errorlint // it is not wrapped
			t.Errorf("closing %s as %s: %v", host, other, err)
		}
		if err := b.service.Act(t.Context(), b.root, "close", f.Tab, f.TopOrigin, renderer); err != nil {
			t.Errorf("closing %s: %v", host, err)
		}
	}
}
