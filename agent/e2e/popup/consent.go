//go:build linux

package popup

import (
	"context"
	"fmt"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/testkit/pages"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// warnsOnReturn opens the site again: the button has a badge until the popup has said why, once in this visit.
func (s *scenario) warnsOnReturn(ctx context.Context) error {
	if err := s.shut(ctx); err != nil {
		return err
	}
	if err := s.browser.visit(ctx, s.address); err != nil {
		return err
	}
	if err := s.badge(ctx, "!"); err != nil {
		return err
	}
	err := s.open(ctx, "the warning", func(v view) bool {
		return strings.Contains(v.Here, s.site) && strings.Contains(v.Here, "mining")
	})
	if err != nil {
		return err
	}
	if err := s.audit(ctx); err != nil {
		return err
	}
	return s.leavesWithoutBadge(ctx)
}

// leavesWithoutBadge waits until the icon warns no more, closes the popup and goes to a quiet page.
func (s *scenario) leavesWithoutBadge(ctx context.Context) error {
	if err := s.badge(ctx, ""); err != nil {
		return err
	}
	if err := s.shut(ctx); err != nil {
		return err
	}
	return s.browser.visit(ctx, s.quiet(pages.News))
}

// badge waits until the button of the front tab has a badge.
func (s *scenario) badge(ctx context.Context, want string) error {
	var last string
	err := wait.Within(ctx, patience, fmt.Sprintf("the badge %q", want), func() (ok bool, err error) {
		last, err = s.browser.badge(ctx)
		return last == want, err
	})
	if err != nil {
		err = fmt.Errorf("%w; it is %q", err, last)
	}
	return err
}

func (s *scenario) snoozes(ctx context.Context) error {
	if err := s.press(ctx, "Ask again later: "+s.site, "Return"); err != nil {
		return err
	}
	_, err := s.agent.awaitAlert(ctx, patience, s.site, "snoozed for an hour", func(a *api.Alert) bool {
		left := a.SnoozedUntil.Sub(now()).Minutes()
		return a.State == api.Firing && left > 55 && left <= 60
	})
	if err != nil {
		return err
	}
	return s.sees(ctx, "that it is snoozed, and the keyboard's place", func(v view) bool {
		c, ok := s.hot(v)
		return ok && v.Said == "No reminder for 1 hour." && strings.Contains(c.Mark, "asked again later") && v.Focus != "" &&
			c.button("Ask again later") == ""
	})
}

// allows allows the site, takes that back in the popup, and allows it again.
func (s *scenario) allows(ctx context.Context) error {
	for _, want := range []bool{true, false, true} {
		name, said := "Do not allow any more", "Not allowed any more."
		if want {
			name, said = "Allow this site", "Allowed from now on."
		}
		if err := s.press(ctx, name+": "+s.site, "space"); err != nil {
			return err
		}
		err := wait.Within(ctx, patience, fmt.Sprintf("`minewatch allowed` to say %t", want), func() (bool, error) {
			is, err := s.agent.allowed(ctx, s.site)
			return is == want, err
		})
		if err != nil {
			return err
		}
		err = s.sees(ctx, said, func(v view) bool {
			c, ok := s.hot(v)
			return ok && v.Said == said && v.Focus != "" && strings.Contains(c.Mark, "You allowed") == want
		})
		if err != nil {
			return err
		}
		if want {
			_, err = s.agent.awaitAlert(ctx, patience, s.site, "over", func(a *api.Alert) bool { return a.Reason == api.ReasonAllowed })
		} else {
			_, err = s.agent.awaitAlert(ctx, patience, s.site, "back", func(a *api.Alert) bool { return a.State == api.Firing })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// warnsNoMore opens the allowed site: no badge, and no warning.
func (s *scenario) warnsNoMore(ctx context.Context) error {
	if err := s.shut(ctx); err != nil {
		return err
	}
	if err := s.browser.visit(ctx, s.address); err != nil {
		return err
	}
	err := wait.Within(ctx, patience, "the page", func() (bool, error) {
		host, err := s.browser.front(ctx)
		return host == s.site, err
	})
	if err != nil {
		return err
	}
	// The list comes after the extension has looked where the person is.
	err = s.open(ctx, "the list without a warning", func(v view) bool { return len(v.Cards) > 0 && v.Here == "" })
	if err != nil {
		return err
	}
	return s.leavesWithoutBadge(ctx)
}
