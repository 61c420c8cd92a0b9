//go:build linux

package session

import (
	"context"
	"image"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/e2e/chromium"
	"github.com/minewatch/minewatch/agent/e2e/pages"
)

// maxTabs is how many tabs people here leave open.
const maxTabs = 6

// open shows an address in a new tab in front, starting the browser if there is none (any more).
func (s *session) open(ctx context.Context, address string) error {
	if s.browser != nil {
		if _, err := s.browser.Tabs(ctx); err != nil {
			s.say("the browser is gone: %v", err)
			s.browser.Close()
			s.browser = nil
		}
	}
	if s.browser == nil {
		var err error
		s.browser, err = chromium.Start(context.WithoutCancel(ctx), s.desktop, chromium.Options{
			ResolverRules: s.web.ResolverRules(), Extension: s.extension, UserDataDir: s.profile,
			URLs: []string{pages.URL(pages.News), pages.URL(pages.Mail)},
		})
		if err != nil {
			return err
		}
	}
	tabs, err := s.browser.Tabs(ctx)
	if err != nil {
		return err
	}
	if len(tabs) >= maxTabs {
		_ = s.desktop.Key(ctx, "ctrl+w")
	}
	_, err = s.browser.Open(ctx, address)
	return err
}

// site returns the address of an honest page among hosts that there is.
func (s *session) site(hosts ...string) string {
	var there []string
	for _, h := range hosts {
		if slices.Contains(pages.Hosts(), h) {
			there = append(there, h)
		}
	}
	return pages.URL(there[s.random.IntN(len(there))])
}

// scroll reads what is in front: pages through it, with pauses.
func (s *session) scroll(ctx context.Context, times int) {
	for range times {
		if ctx.Err() != nil {
			return
		}
		_ = s.desktop.MoveTo(ctx, image.Pt(200+s.random.IntN(700), 200+s.random.IntN(400)))
		key := "Page_Down"
		if s.random.IntN(5) == 0 {
			key = "Page_Up"
		}
		_ = s.desktop.Key(ctx, key)
		s.pause(ctx, s.between(4*time.Second, 20*time.Second))
	}
}

func (s *session) readPages(ctx context.Context) error {
	for range 1 + s.random.IntN(3) {
		err := s.open(ctx, s.site(pages.News, pages.Mail, pages.Shop, pages.Films, "gate.test", "pdf.test"))
		if err != nil {
			return err
		}
		s.scroll(ctx, 2+s.random.IntN(5))
		_ = s.desktop.Key(ctx, "ctrl+Tab")
		s.pause(ctx, s.between(3*time.Second, 15*time.Second))
	}
	return nil
}

// readDocuments opens real documents of this computer: manuals, specifications, licences.
func (s *session) readDocuments(ctx context.Context) error {
	docs := documents()
	if len(docs) == 0 {
		return s.readPages(ctx)
	}
	for range 1 + s.random.IntN(3) {
		if err := s.open(ctx, "file://"+docs[s.random.IntN(len(docs))]); err != nil {
			return err
		}
		s.scroll(ctx, 3+s.random.IntN(6))
	}
	return nil
}

// documents returns HTML files that Debian's packages and Go bring along.
func documents() []string {
	var out []string
	for _, dir := range []string{"/usr/share/doc", "/usr/local/go/doc", "/usr/share/fluxbox"} {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && (strings.HasSuffix(path, ".html") || strings.HasSuffix(path, ".txt")) {
				out = append(out, path)
			}
			return nil
		})
	}
	slices.Sort(out)
	return out
}

func (s *session) watchVideo(ctx context.Context) error {
	if err := s.open(ctx, s.site(pages.Video, pages.Video, "videogrid.test", "call.test")); err != nil {
		return err
	}
	s.pause(ctx, s.between(60*time.Second, 200*time.Second))
	return s.desktop.Key(ctx, "ctrl+w")
}

func (s *session) playGame(ctx context.Context) error {
	if err := s.open(ctx, s.site(pages.Games, "gl.test")); err != nil {
		return err
	}
	for end := s.between(8, 24); end > 0 && ctx.Err() == nil; end-- {
		_ = s.desktop.Key(ctx, "Left", "Left", "Right", "Up", "Right")
		s.pause(ctx, s.between(2*time.Second, 6*time.Second))
	}
	return s.desktop.Key(ctx, "ctrl+w")
}

func (s *session) usePage(ctx context.Context) error {
	if err := s.open(ctx, s.site(pages.Mail, pages.Shop, "sheet.test", "sql.test")); err != nil {
		return err
	}
	for range 3 + s.random.IntN(6) {
		if ctx.Err() != nil {
			break
		}
		_ = s.desktop.Click(ctx, image.Pt(200+s.random.IntN(600), 220+s.random.IntN(350)), 1)
		_, _ = s.desktop.Output(ctx, "xdotool", "type", "--delay", "120", "a few words of an answer ")
		s.pause(ctx, s.between(3*time.Second, 15*time.Second))
	}
	return nil
}

// goAway leaves everything as it is for a while.
func (s *session) goAway(ctx context.Context) error {
	s.pause(ctx, s.between(60*time.Second, 240*time.Second))
	return nil
}
