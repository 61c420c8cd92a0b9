//go:build linux

package extensions

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	gocmp "github.com/google/go-cmp/cmp"

	e2epages "github.com/minewatch/minewatch/agent/testkit/pages"
	"github.com/minewatch/minewatch/heuristics"
)

func pages() http.Handler { return e2epages.Frames() }

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

func (b *chromium) connected() bool {
	s := b.service.Status("")
	return len(s) == 1 && s[0].Extension != ""
}

// host returns the process of the native messaging host.
func (b *chromium) host(t *testing.T) int {
	t.Helper()
	for _, l := range b.service.registry.under(b.root) {
		return int(l.PID)
	}
	t.Fatal("there is no host")
	return 0
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
