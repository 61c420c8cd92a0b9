//go:build linux

package main

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/firefox"
	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// maxTabs is how many tabs people here leave open.
const maxTabs = 7

// windowTimeout is how long a window may take to appear.
const windowTimeout = 2 * time.Minute

// window is the browser as a person uses it.
type window struct {
	pid  int
	tabs int // that are open, as far as one has counted
	// class is part of the window's class, away its id while it is minimised.
	class, away string
	// show opens an address in a new tab in front.
	show  func(context.Context, string) error
	close func()
}

// connect puts the extension where the browser finds it.
func (s *session) connect(ctx context.Context) (err error) {
	if s.Kind == Firefox {
		return s.agent.ConnectFirefox(ctx, s.profile())
	}
	s.extension, err = s.agent.ConnectChromium(ctx, s.profile())
	return err
}

// profile is the folder of the browser's profile.
func (s *session) profile() string {
	if s.Kind == Firefox {
		return filepath.Join(s.desktop.Home(), "firefox")
	}
	return filepath.Join(s.desktop.Home(), "chromium")
}

// surf brings the browser to the front, starting it if there is none (any more).
func (s *session) surf(ctx context.Context) error {
	if s.browser != nil && syscall.Kill(s.browser.pid, 0) != nil {
		s.troubles++
		s.say("the browser is gone and is started again")
		s.browser.close()
		s.browser = nil
	}
	if s.browser == nil {
		w, err := s.startBrowser(ctx)
		if err != nil {
			return err
		}
		s.browser = w
	}
	id := s.browser.away
	if id == "" {
		var err error
		if id, err = s.shown(ctx); err != nil {
			return err
		}
	}
	s.browser.away = ""
	_, err := s.desktop.Output(ctx, "xdotool", "windowactivate", id)
	return err
}

// shown waits for the browser's window and returns its id. It may change while the browser starts.
func (s *session) shown(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, windowTimeout)
	defer cancel()
	w, err := s.desktop.AwaitWindow(ctx, "the browser's window", func(x desktop.Window) bool {
		return strings.Contains(x.Class, s.browser.class) && x.Bounds.Dx() > 600
	})
	return w.ID, err
}

// startBrowser opens the kind's browser with two tabs. The browser lives on when ctx ends.
func (s *session) startBrowser(ctx context.Context) (*window, error) {
	life := context.WithoutCancel(ctx)
	urls := []string{pages.URL(pages.News), pages.URL(pages.Mail)}
	w := &window{tabs: len(urls), class: "hromium"}
	if s.Kind == Firefox {
		w.class = "irefox"
		b, err := firefox.Start(life, s.desktop, firefox.Options{
			Profile: s.profile(), Hosts: pages.Hosts(), URLs: urls,
			Prefs: map[string]any{"browser.urlbar.autoFill": false, "browser.tabs.closeWindowWithLastTab": false},
		})
		if err != nil {
			return nil, err
		}
		w.pid, w.close, w.show = b.PID(), b.Close, s.typeAddress
	} else {
		b, err := chromium.Start(life, s.desktop, chromium.Options{
			ResolverRules: s.web.ResolverRules(), Extension: s.extension, UserDataDir: s.profile(), URLs: urls,
			Flags: []string{"--hide-crash-restore-bubble"},
		})
		if err != nil {
			return nil, err
		}
		w.pid, w.close = b.PID(), b.Close
		w.show = func(ctx context.Context, address string) error {
			_, err := b.Open(ctx, address)
			return err
		}
	}
	return w, nil
}

// open shows an address in a new tab in front.
func (s *session) open(ctx context.Context, address string) error {
	if err := s.surf(ctx); err != nil {
		return err
	}
	if s.browser.tabs >= maxTabs {
		if err := s.closeTab(ctx); err != nil {
			return err
		}
	}
	s.browser.tabs++
	return s.browser.show(ctx, address)
}

// typeAddress opens a new tab and types an address, as a person does.
func (s *session) typeAddress(ctx context.Context, address string) error {
	if err := s.desktop.Key(ctx, "ctrl+t"); err != nil {
		return err
	}
	s.pause(ctx, 2*time.Second)
	if err := s.desktop.Key(ctx, "ctrl+l"); err != nil {
		return err
	}
	s.pause(ctx, time.Second)
	if _, err := s.desktop.Output(ctx, "xdotool", "type", "--delay", "60", address); err != nil {
		return err
	}
	return s.desktop.Key(ctx, "Return")
}

// closeTab closes the tab in front, unless it is the last.
func (s *session) closeTab(ctx context.Context) error {
	if s.browser == nil || s.browser.tabs <= 1 {
		return nil
	}
	if err := s.surf(ctx); err != nil {
		return err
	}
	s.browser.tabs--
	return s.desktop.Key(ctx, "ctrl+w")
}
