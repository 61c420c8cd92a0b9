//go:build linux

package extensions

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/heuristics"
)

// TestNamesEveryContentProcess opens tabs of many kinds and holds what the extension says of every content process
// against what Firefox's main process knows.
func TestNamesEveryContentProcess(t *testing.T) {
	for name, settings := range map[string]map[string]any{
		"a process a site": nil,
		"Fission off":      {"fission.autostart": false, "dom.ipc.processCount": 2},
		"no fork server":   {"dom.ipc.forkserver.enable": false},
	} {
		t.Run(name, func(t *testing.T) {
			b := startFirefox(t, pages(), settings)
			for _, host := range []string{"one.test", "two.test", "three.test"} {
				b.openTab(t, b.url(host, "/"))
			}
			b.openTab(t, b.url("news.test", "/?nested&deep=adnet.test&frame=sub.news.test&frame=widget.test"))
			b.openTab(t, b.url("mail.test", "/?frame=adnet.test"))
			b.openTab(t, b.url("a.same.test", "/"))
			b.openTab(t, b.url("b.same.test", "/"))
			moved := b.openTab(t, b.url("before.test", "/?nested"))
			b.navigate(t, moved, b.url("after.test", "/?nested"))

			truth := b.truth(t)
			total := 0
			var slowest time.Duration
			for number, p := range b.renderers(t) {
				got, took := b.who(t, p, number)
				slowest = max(slowest, took)
				if diff := cmp.Diff(truth[p.PID], namesOf(got.Frames)); diff != "" {
					t.Errorf("content process %d, pid %d (-truth +said):\n%s", number, p.PID, diff)
				}
				total += len(got.Frames)
				delete(truth, p.PID)
			}
			if len(truth) > 0 {
				t.Errorf("processes with frames, but without a number: %v", truth)
			}
			t.Logf("%d frames, slowest answer %v", total, slowest)
		})
	}
}

// look asks about every content process and judges the answers.
func (b *firefox) look(t *testing.T, c *tally) {
	t.Helper()
	truth := b.truth(t)
	for number, p := range b.renderers(t) {
		got, took := b.who(t, p, number)
		c.took = append(c.took, took)
		if names := truth[p.PID]; len(names) > 0 {
			c.check(t, "firefox", got, names)
		} else if len(got.Frames) > 0 || got.LastOrigin != "" {
			t.Errorf("content process %d holds nothing, but was said to hold %v, last %s", number, namesOf(got.Frames), got.LastOrigin)
		}
	}
}

// TestFirefoxOnOddPaths counts how sure the answers are where a page hides, hangs, moves, sleeps or is locked up.
func TestFirefoxOnOddPaths(t *testing.T) {
	b := startFirefox(t, pages(), nil)
	var c tally
	for _, path := range []string{
		"one.test /", "two.test /?strict", "three.test /?apart", "news.test /?nested&deep=adnet.test&frame=widget.test",
		"a.same.test /", "b.same.test /?frame=adnet.test", "front.test /?deep=four.test&frame=one.test", "keep.test /?strict&frame=one.test",
	} {
		host, path, _ := strings.Cut(path, " ")
		b.openTab(t, b.url(host, path))
	}
	b.look(t, &c)

	moved := b.openTab(t, b.url("before.test", "/?nested"))
	b.navigate(t, moved, b.url("after.test", "/"))
	b.run(t, `gBrowser.browsers.find((b) => b.browserId === args[0]).goBack();`, nil, moved)
	b.loaded(t, moved, b.url("before.test", "/?nested"))
	b.run(t, `const t = gBrowser.tabs.find((t) => t.linkedBrowser.browserId === args[0]); // asleep
		gBrowser.selectedTab = gBrowser.tabs.at(-1);
		await gBrowser.prepareDiscardBrowser(gBrowser.tabs[1]);
		return gBrowser.discardBrowser(gBrowser.tabs[1], true);`, nil, moved)
	b.popUp(t, b.url("opener.test", "/"), b.url("popup.test", "/"))
	b.look(t, &c)

	b.openTab(t, b.url("hang.test", "/?hangs"))
	time.Sleep(time.Second)
	b.look(t, &c)

	slices.Sort(c.took)
	t.Logf("%d frames: %d exact, %d weaker, %d wrong; answers p50 %v, p95 %v, slowest %v", c.frames, c.exact, c.weaker, c.wrong,
		c.took[len(c.took)/2], c.took[len(c.took)*95/100], c.took[len(c.took)-1])
	if c.frames < 60 || c.exact*100 < c.frames*95 {
		t.Errorf("%d of %d frames exact, want 95 %% of at least 60", c.exact, c.frames)
	}
}

// popUp opens a page that opens another in a tab of its own.
func (b *firefox) popUp(t *testing.T, opener, url string) {
	t.Helper()
	tab := b.openTab(t, opener)
	b.run(t, `const browser = gBrowser.browsers.find((b) => b.browserId === args[0]);
		await new Promise((done, failed) => {
			browser.messageManager.loadFrameScript("data:,content.wrappedJSObject.open(" + encodeURIComponent(JSON.stringify(args[1])) + ")", false);
			const end = Date.now() + 20000;
			const look = () => gBrowser.browsers.some((b) => b.currentURI.spec === args[1]) ? done() : Date.now() > end ? failed(new Error("no popup")) : Services.wm.getMostRecentBrowserWindow().setTimeout(look, 50);
			look();
		});`, nil, tab, url)
}

// TestFirefoxIsChecked runs the memory step in real pages: right numbers pass, and wrong ones name nobody.
func TestFirefoxIsChecked(t *testing.T) {
	right, err := extension.Archive(extension.Firefox)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		xpi  []byte
		want trust
	}{
		"right numbers": {right, sound},
		"wrong numbers": {patched(t, right, "firefox.js", "Math.floor(frameId / PER_PROCESS)", "Math.floor(frameId / PER_PROCESS) + 1"), broken},
	} {
		t.Run(name, func(t *testing.T) {
			b := startFirefoxWith(t, pages(), nil, c.xpi)
			for _, host := range []string{"one.test", "two.test", "three.test", "four.test"} {
				b.openTab(t, b.url(host, "/?strict"))
			}
			all := b.renderers(t)
			measure(b.service, thisMachine(func(heuristics.ProcessID) map[int]heuristics.ProcessID { return all }))
			truth := b.truth(t)
			var tally tally
			tally.askAll(t, b.service, "firefox", b.root, all, truth, 10, 8, c.want)
			if tally.exact == 0 {
				t.Error("nobody was named")
			}
		})
	}
}

// patched returns an archive with one text in one file replaced.
func patched(t *testing.T, archive []byte, name, old, with string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == name {
			if !bytes.Contains(data, []byte(old)) {
				t.Fatalf("%s does not hold %q", name, old)
			}
			data = bytes.ReplaceAll(data, []byte(old), []byte(with))
		}
		to, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
