//go:build linux

package attribution

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/minewatch/minewatch/agent/e2e/firefox"
	"github.com/minewatch/minewatch/agent/extension"
)

// Cost is what the extension and its host add to a browser with 20 idle tabs.
type Cost struct {
	// CPU is the median of what it used more with them than without, in CPU seconds a minute, over pairs of windows.
	// Without and With are the windows themselves, in the order in which they were taken.
	CPU           float64
	Without, With []float64
	// HostRSS is the host's memory in bytes, the most that was seen.
	HostRSS uint64
}

// A pair is two windows of the same browser, one with the extension switched on and one with it off, each after a time
// in which the switching is got over. Two browsers with the same tabs differ by more than the extension costs, and one
// browser drifts, so that pairs alternate in which window comes first.
const (
	calm   = 20 * time.Second
	window = 30 * time.Second

	// Pair is how long one pair takes.
	Pair = 2 * (calm + window)
)

// switchable is a browser whose extension can be switched off and on.
type switchable interface {
	subject
	enable(ctx context.Context, on bool) error
}

// MeasureCost measures it over so many pairs of windows.
func MeasureCost(ctx context.Context, family string, o Options, pairs int) (c Cost, err error) {
	r := &run{Options: o, tally: newTally(), result: Result{Browser: family}}
	if err := r.start(ctx); err != nil {
		return c, errors.Join(err, r.close())
	}
	defer func() { err = errors.Join(err, r.close()) }()
	b, err := r.startResting(ctx, family)
	if err != nil {
		return c, err
	}
	if err := pause(ctx, settle); err != nil {
		return c, err
	}
	r.say("%d pairs of windows, %v each", pairs, Pair)
	var more []float64
	for n := range pairs {
		var used [2]float64 // without, with
		for i := range used {
			on := (i == 1) == (n%2 == 0)
			u, host, err := r.restWith(ctx, b, on)
			if err != nil {
				return c, err
			}
			c.HostRSS = max(c.HostRSS, host)
			if on {
				used[1] = u
			} else {
				used[0] = u
			}
		}
		c.Without, c.With = append(c.Without, used[0]), append(c.With, used[1])
		more = append(more, used[1]-used[0])
		r.say("without %.3f, with %.3f CPU s a minute", used[0], used[1])
	}
	c.CPU = median(more)
	return c, nil
}

// startResting starts a browser with the extension and opens its tabs.
func (r *run) startResting(ctx context.Context, family string) (switchable, error) {
	var b switchable
	var open func(address string) error
	if family == extension.Firefox {
		f, err := r.startFirefox(ctx, "resting", firefox.Port, map[string]any{})
		if err != nil {
			return nil, err
		}
		b, open = f, func(address string) error { _, err := f.openTab(address); return err }
	} else {
		c, err := r.startChromium(ctx, "resting")
		if err != nil {
			return nil, err
		}
		b, open = c, func(address string) error { _, err := c.openTab(address); return err }
	}
	r.say("%d tabs", IdleTabs)
	for _, host := range hosts()[:IdleTabs] {
		if err := open(host + " /"); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// restWith returns what the browser used while at rest, in CPU seconds a minute, with the extension or without, and the
// memory of its host.
func (r *run) restWith(ctx context.Context, b switchable, on bool) (used float64, host uint64, err error) {
	if err := b.enable(ctx, on); err != nil {
		return 0, 0, fmt.Errorf("switching the extension: %w", err)
	}
	profiles := 0
	if on {
		profiles = 1
	}
	if err := r.awaitProfiles(ctx, b, profiles); err != nil {
		return 0, 0, err
	}
	if err := pause(ctx, calm); err != nil {
		return 0, 0, err
	}
	before, err := useOf([]int{b.root()})
	if err != nil {
		return 0, 0, err
	}
	if err := pause(ctx, window); err != nil {
		return 0, 0, err
	}
	after, err := useOf([]int{b.root()})
	if err != nil {
		return 0, 0, err
	}
	return (after[0].cpu - before[0].cpu).Seconds() / window.Minutes(), after[0].host, nil
}

// median returns the middle of some numbers, 0 of none.
func median(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	n := len(all)
	if n == 0 {
		return 0
	}
	return math.Round(1000*(all[(n-1)/2]+all[n/2])/2) / 1000
}

// enable has the browser's own page of extensions do it.
func (c *chromiumUnderTest) enable(_ context.Context, on bool) error {
	tab, err := chromedp.CallBrowser(c.ctx, target.CreateTarget, target.CreateTargetParams{URL: "chrome://extensions"})
	if err != nil {
		return err
	}
	id := tab.TargetID
	err = c.within(id, func(ctx context.Context) error {
		return await(ctx, "the page of extensions", func() (bool, error) {
			said, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(
				`globalThis.chrome?.management?.setEnabled(%q, %t).then(() => "done", String) ?? "not yet"`, extension.ChromiumID, on),
				chromedp.EvalAwaitPromise))
			if err == nil && said != "done" && said != "not yet" {
				err = errors.New(strings.TrimSpace(said))
			}
			return said == "done", err
		})
	})
	_, closeErr := chromedp.CallBrowser(c.ctx, target.CloseTarget, target.CloseTargetParams{TargetID: id})
	return errors.Join(err, closeErr)
}

func (f *firefoxUnderTest) enable(ctx context.Context, on bool) error {
	return f.Inside(ctx, `const { AddonManager } = ChromeUtils.importESModule("resource://gre/modules/AddonManager.sys.mjs");
		const addon = await AddonManager.getAddonByID(args[0]);
		await (args[1] ? addon.enable() : addon.disable());`, nil, extension.FirefoxID, on)
}
