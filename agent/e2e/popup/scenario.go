//go:build linux

package popup

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/testkit/proc"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// scenario is what is done with the popup of one browser, in which a hidden tab of the site computes hashes.
type scenario struct {
	*run
	browser browser
	site    string
	// address opens the site's page without the load.
	address string
	alert   *api.Alert
}

func (s *scenario) play(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"wait for the alert", s.awaitFiring},
		{"open the popup", s.showsTheHotTab},
		{"compare with the kernel's figures", s.sharesAreRight},
		{"take its pictures", s.pictures},
		{"read it aloud", s.isAccessible},
		{"go through it with the Tab key", s.keyboard},
		{"let names be double-checked", s.checksNames},
		{"come back to the site", s.warnsOnReturn},
		{"ask again later", s.snoozes},
		{"allow, take back, allow", s.allows},
		{"come back to the allowed site", s.warnsNoMore},
		{"show the tab", s.shows},
		{"close the tab", s.closes},
	} {
		s.say("%s: %s", s.browser.family(), step.what)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

func (s *scenario) awaitFiring(ctx context.Context) (err error) {
	s.alert, err = s.agent.awaitAlert(ctx, alertPatience, s.site, "firing", func(a *api.Alert) bool {
		return a.State == api.Firing && a.Severity == api.MiningLike
	})
	return err
}

// open opens the popup over the front tab, unless it is open, and waits until what it shows is as wanted.
func (s *scenario) open(ctx context.Context, what string, is func(view) bool) error {
	open, err := s.browser.isOpen(ctx)
	if err != nil {
		return err
	}
	if !open {
		w, err := s.browser.window(ctx)
		if err != nil {
			return err
		}
		if _, err := s.desktop.Output(ctx, "xdotool", "windowactivate", "--sync", w.ID); err != nil {
			return err
		}
		if err := s.browser.open(ctx); err != nil {
			return err
		}
		if err := wait.Within(ctx, patience, "the popup to open", func() (bool, error) { return s.browser.isOpen(ctx) }); err != nil {
			return err
		}
	}
	return s.sees(ctx, what, is)
}

// shut closes the popup as a person does.
func (s *scenario) shut(ctx context.Context) error {
	return wait.Within(ctx, patience, "the popup to close", func() (bool, error) {
		open, err := s.browser.isOpen(ctx)
		if err != nil || !open {
			return err == nil, err
		}
		return false, s.desktop.Key(ctx, "Escape")
	})
}

// sees waits until what the popup shows is as wanted.
func (s *scenario) sees(ctx context.Context, what string, is func(view) bool) error {
	var last view
	var trouble error
	err := wait.Within(ctx, patience, "the popup to show "+what, func() (bool, error) {
		// A popup that is being drawn cannot be looked into for a moment.
		if last, trouble = look(ctx, s.browser); trouble != nil {
			return false, nil
		}
		return is(last), nil
	})
	if err != nil {
		err = fmt.Errorf("%w; it shows %+v: %w", err, last, errors.Join(trouble))
	}
	return err
}

// hot returns the card of the site.
func (s *scenario) hot(v view) (card, bool) {
	i := slices.IndexFunc(v.Cards, func(c card) bool { return strings.HasPrefix(c.Name, s.site) })
	if i < 0 {
		return card{}, false
	}
	return v.Cards[i], true
}

// says returns what looks for something on the site's card.
func (s *scenario) says(is func(card) bool) func(view) bool {
	return func(v view) bool {
		c, ok := s.hot(v)
		return ok && is(c)
	}
}

// leastWidth is how wide a popup must be for its lines, in pixels: browsers make it as wide as its page says.
const leastWidth = 360

func (s *scenario) showsTheHotTab(ctx context.Context) error {
	var first, then card
	err := s.open(ctx, "the hot tab first, and why", func(v view) bool {
		var ok bool
		first, ok = s.hot(v)
		return ok && v.Cards[0].Name == first.Name && v.Machine != "" && strings.Contains(first.Mark, "Looks like") && len(first.Why) > 1 && v.Here == "" &&
			first.button("Show tab") != "" && first.button("Close tab") != "" && first.button("Allow") != "" && first.button("Ask again later") != ""
	})
	if err != nil {
		return err
	}
	s.say("%s: %s, %s, %s: %s", s.browser.family(), first.Name, first.Share, first.Length, strings.Join(first.Why, " | "))
	err = s.sees(ctx, "another curve", s.says(func(c card) bool {
		then = c
		return c.Curve != first.Curve && c.Curve != ""
	}))
	if err == nil && strings.Count(then.Curve, "L") < 5 {
		err = fmt.Errorf("the curve has few points: %s", then.Curve)
	}
	if err == nil {
		var v view
		if v, err = look(ctx, s.browser); err == nil && (v.Wide > 0 || v.Width < leastWidth) {
			err = fmt.Errorf("the window is %d pixels wide, and the page %d more", v.Width, v.Wide)
		}
	}
	return err
}

// shareLooks is over how many changes of the list the shares are compared, shareError by how many points of the whole
// computer they may differ: the popup's seconds and the kernel's are not the same ones.
const (
	shareLooks = 5
	shareError = 8.0
)

// sharesAreRight compares the shares that the popup shows with what the kernel counts for the process meanwhile.
func (s *scenario) sharesAreRight(ctx context.Context) error {
	before, err := proc.Read(int(s.alert.PID))
	if err != nil {
		return err
	}
	from, sum, n, curve := now(), 0.0, 0, ""
	err = s.sees(ctx, "a share", s.says(func(c card) bool {
		if c.Curve == curve {
			return false
		}
		curve = c.Curve
		var percent float64
		if _, err := fmt.Sscanf(c.Share, "%f%%", &percent); err != nil {
			return false
		}
		sum, n = sum+percent, n+1
		return n > shareLooks
	}))
	if err != nil {
		return err
	}
	after, err := proc.Read(int(s.alert.PID))
	if err != nil {
		return err
	}
	var status api.Status
	all, err := list[api.Status](ctx, s.agent, "status")
	if err != nil {
		return err
	}
	status = all[0]
	shown := sum / float64(n)
	truth := 100 * (after.CPU - before.CPU).Seconds() / now().Sub(from).Seconds() / float64(status.Cores)
	s.say("%s: it shows %.0f %% of the computer, the kernel counts %.0f %%", s.browser.family(), shown, truth)
	if math.Abs(shown-truth) > shareError {
		return fmt.Errorf("it shows %.0f %% of the computer, the kernel counts %.0f %%", shown, truth)
	}
	return nil
}

// checksNames has the browser ask whether minewatch may measure where pages live, and says yes there.
func (s *scenario) checksNames(ctx context.Context) error {
	b, ok := s.browser.(*chromiumUnderTest)
	if !ok {
		return nil // Firefox was asked when the extension came
	}
	if may, err := b.measures(); may || err != nil {
		return fmt.Errorf("it may measure before it was allowed: %t %w", may, err)
	}
	const name = "Double-check names"
	if err := s.open(ctx, name, func(v view) bool { return len(v.Cards) > 0 }); err != nil {
		return err
	}
	if err := s.focus(ctx, name); err != nil {
		return err
	}
	if err := s.desktop.Key(ctx, "Return"); err != nil {
		return err
	}
	if err := b.allowPermission(ctx); err != nil {
		return err
	}
	if err := s.shut(ctx); err != nil {
		return err
	}
	return s.open(ctx, "no more of it", func(v view) bool { return len(v.Cards) > 0 && !v.Checkable })
}

func (s *scenario) shows(ctx context.Context) error {
	if err := s.open(ctx, "the hot tab", s.says(func(c card) bool { return c.button("Show tab") != "" })); err != nil {
		return err
	}
	if err := s.press(ctx, "Show tab: "+s.site, "Return"); err != nil {
		return err
	}
	return wait.Within(ctx, patience, "the hot tab in front and the popup out of the way", func() (bool, error) {
		host, err := s.browser.front(ctx)
		if err != nil || host != s.site {
			return false, err
		}
		open, err := s.browser.isOpen(ctx)
		return !open, err
	})
}

// closes closes the hot tab from the popup: no other tab, and the load ends.
func (s *scenario) closes(ctx context.Context) error {
	before, err := s.browser.hosts(ctx)
	if err != nil {
		return err
	}
	if err := s.open(ctx, "the hot tab", s.says(func(c card) bool { return c.button("Close tab") != "" })); err != nil {
		return err
	}
	if err := s.press(ctx, "Close tab: "+s.site, "Return"); err != nil {
		return err
	}
	at := slices.Index(before, s.site)
	want := slices.Delete(slices.Clone(before), at, at+1)
	slices.Sort(want)
	var left []string
	err = wait.Within(ctx, patience, "the hot tab to be gone", func() (bool, error) {
		left, err = s.browser.hosts(ctx)
		slices.Sort(left)
		return slices.Equal(left, want), err
	})
	if err != nil {
		return fmt.Errorf("%w; there are %v of %v", err, left, before)
	}
	return wait.Within(ctx, patience, "the load to end", func() (bool, error) {
		_, err := proc.Read(int(s.alert.PID))
		return err != nil, nil // the process ends with its tab
	})
}

// withoutAgent opens the popup when the agent has been stopped: it says so, and how to get it back.
func (s *scenario) withoutAgent(ctx context.Context) error {
	err := s.open(ctx, "how to start the program", func(v view) bool {
		return strings.Contains(v.Away, "minewatch is not watching now") && strings.Contains(v.Away, "minewatch run --user") &&
			len(v.Cards) == 0 && v.Machine == ""
	})
	if err != nil {
		return err
	}
	if err := s.audit(ctx); err != nil {
		return err
	}
	return s.shut(ctx)
}
