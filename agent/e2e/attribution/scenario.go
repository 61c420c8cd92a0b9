//go:build linux

package attribution

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/minewatch/minewatch/agent/extension"
)

// addresses are what the first browser opens, as "host /path" (see pages.Frames): many tabs, tabs of one site,
// frames of other sites, pages that allow nothing or keep apart.
func addresses() []string {
	return []string{
		"one.test /", "two.test /?strict", "three.test /?apart", "four.test /", "five.test /?nested",
		"news.test /?nested&deep=adnet.test&frame=sub.news.test&frame=widget.test",
		"mail.test /?frame=adnet.test", "shop.test /?frame=adnet.test&frame=widget.test",
		"a.same.test /", "b.same.test /?frame=adnet.test", "a.same.test /again",
		"front.test /?deep=four.test&frame=one.test", "keep.test /?strict&frame=one.test", "bad.test /?deep=widget.test",
		"deep.test /?deep=adnet.test&deep=widget.test&nested", "six.test /", "seven.test /?frame=six.test&frame=eight.test",
		"eight.test /?nested", "nine.test /?apart&nested",
	}
}

// fewer are what the second browser opens: partly the same sites, in processes with the same numbers.
func fewer() []string {
	return []string{
		"two.test /", "one.test /?nested", "mail.test /?frame=adnet.test", "coop.test /?apart", "b.same.test /?frame=one.test", "front.test /?strict",
	}
}

// hosts are all names of the scenario, for browsers that must be told each.
func hosts() []string {
	return []string{
		"one.test", "two.test", "three.test", "four.test", "five.test", "news.test", "sub.news.test", "adnet.test", "widget.test",
		"mail.test", "shop.test", "a.same.test", "b.same.test", "front.test", "keep.test", "bad.test", "coop.test",
		"deep.test", "six.test", "seven.test", "eight.test", "nine.test",
		"before.test", "after.test", "asleep.test", "opener.test", "popup.test", "hang.test", "second.test", "third.test",
	}
}

// tabs are the ways in which both families' tabs are driven.
type tabs[T any] interface {
	subject
	openTab(address string) (T, error)
	navigate(tab T, address string) error
	back(tab T, address string) error
	discard(tab T) error
	popUp(opener T, address string) error
	hang(tab T) error
}

// play takes a browser and another of its family through the scenario.
func play[T any](ctx context.Context, r *run, b, other tabs[T]) error {
	for _, all := range []struct {
		tabs[T]
		open []string
	}{{b, addresses()}, {other, fewer()}} {
		for _, address := range all.open {
			if _, err := all.openTab(address); err != nil {
				return err
			}
		}
		if err := r.first(ctx, all); err != nil {
			return err
		}
	}
	if err := r.look(ctx, "many tabs in two browsers", b, other); err != nil {
		return err
	}
	if err := moves(b); err != nil {
		return err
	}
	if err := r.look(ctx, "moved, gone back, asleep, popped up", b, other); err != nil {
		return err
	}
	hanging, err := b.openTab(hangs)
	if err != nil {
		return err
	}
	if err := b.hang(hanging); err != nil {
		return fmt.Errorf("a tab that hangs: %w", err)
	}
	if err := r.look(ctx, "a tab hangs", b); err != nil {
		return err
	}
	return r.busy(ctx, b) // or what was looked at did not hang
}

// hangs is the page that hangs. It has no frame that could tell where it lives.
const hangs = "hang.test /"

// moves takes tabs elsewhere, back, to sleep, and has one open another.
func moves[T any](b tabs[T]) error {
	moved, err := b.openTab("before.test /?nested")
	if err != nil {
		return err
	}
	if err := b.navigate(moved, "after.test /?frame=before.test"); err != nil {
		return err
	}
	returned, err := b.openTab("before.test /?frame=widget.test")
	if err != nil {
		return err
	}
	if err := b.navigate(returned, "after.test /"); err != nil {
		return err
	}
	if err := b.back(returned, "before.test /?frame=widget.test"); err != nil {
		return fmt.Errorf("back: %w", err)
	}
	asleep, err := b.openTab("asleep.test /?nested")
	if err != nil {
		return err
	}
	opener, err := b.openTab("opener.test /")
	if err != nil {
		return err
	}
	if err := b.popUp(opener, "popup.test /?frame=adnet.test"); err != nil {
		return fmt.Errorf("a popup: %w", err)
	}
	if err := b.discard(asleep); err != nil {
		return fmt.Errorf("a tab that is put to sleep: %w", err)
	}
	return nil
}

// playChromium: the second browser keeps all its sites in few processes, and the first has two profiles.
func (r *run) playChromium(ctx context.Context) error {
	b, err := r.startChromium(ctx, "chromium")
	if err != nil {
		return err
	}
	defer b.stop()
	other, err := r.startChromium(ctx, "chromium-2", "--renderer-process-limit=2", "--disable-site-isolation-trials",
		"--disable-features=IsolateOrigins,SitePerProcess")
	if err != nil {
		return err
	}
	defer other.stop()
	for _, address := range []string{"second.test /?frame=adnet.test", "one.test /", "mail.test /"} {
		if err := b.OpenWindow(ctx, b.url(address), "--profile-directory=Second"); err != nil {
			return err
		}
		err := await(ctx, "a page in the second profile", func() (bool, error) {
			return b.has(address)
		})
		if err != nil {
			return err
		}
	}
	if err := r.awaitProfiles(ctx, b, 2); err != nil {
		return err
	}
	return play(ctx, r, b, other)
}

// has reports whether a page is open and loaded.
func (c *chromiumUnderTest) has(address string) (done bool, err error) {
	all, err := c.tabs()
	for _, t := range all {
		if t.URL != c.url(address) {
			continue
		}
		err = errors.Join(err, c.within(t.TargetID, func(ctx context.Context) error {
			done, err = chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === "complete"`))
			return err
		}))
	}
	return done, err
}

func (c *chromiumUnderTest) back(tab target.ID, address string) error {
	if err := c.evaluate(tab, "history.back()"); err != nil {
		return err
	}
	return await(c.ctx, "the page before", func() (bool, error) { return c.has(address) })
}

func (c *chromiumUnderTest) popUp(opener target.ID, address string) error {
	if err := c.evaluate(opener, fmt.Sprintf("open(%q)", c.url(address))); err != nil {
		return err
	}
	return await(c.ctx, "the popup", func() (bool, error) { return c.has(address) })
}

// discard has the extension's own worker put a tab to sleep, as the browser does when memory is short.
func (c *chromiumUnderTest) discard(tab target.ID) error {
	all, err := chromedp.Targets(c.ctx)
	if err != nil {
		return err
	}
	var page string
	for _, t := range all {
		if t.TargetID == tab {
			page = t.URL
		}
	}
	for _, t := range all {
		if t.Type != "service_worker" || !strings.HasPrefix(t.URL, "chrome-extension://"+extension.ChromiumID) {
			continue
		}
		var done bool
		err := c.within(t.TargetID, func(ctx context.Context) error {
			var err error
			done, err = chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`(async () => {
				for (const { id } of await chrome.tabs.query({ active: false })) {
					const frame = await chrome.webNavigation.getFrame({ tabId: id, frameId: 0 });
					if (frame?.url === %q) return Boolean(await chrome.tabs.discard(id));
				}
				return false;
			})()`, page), chromedp.EvalAwaitPromise))
			return err
		})
		if done {
			c.asleep = page
		}
		if err != nil || done {
			return err
		}
	}
	return fmt.Errorf("nobody could put %s to sleep", page)
}

func (c *chromiumUnderTest) hang(tab target.ID) error {
	before := map[int32][]lodger{}
	err := c.within(tab, func(ctx context.Context) error {
		frames, err := traceFrames(ctx)
		place(before, frames, c.url(hangs))
		return err
	})
	if err != nil {
		return err
	}
	if err := c.evaluate(tab, `setTimeout(() => { for (const end = Date.now() + 40_000; Date.now() < end;); }, 200)`); err != nil {
		return err
	}
	c.hung = before
	return nil
}
