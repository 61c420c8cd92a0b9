//go:build linux

package main

import (
	"context"
	"image"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// visit opens a page for a deed.
func (s *session) visit(ctx context.Context, d deed) error {
	a, err := address(d, pages.Hosts(), s.dice)
	if err != nil {
		return err
	}
	return s.open(ctx, a)
}

// scroll reads what is in front: moves the mouse, turns the wheel, waits.
func (s *session) scroll(ctx context.Context, times int) {
	for range times {
		if ctx.Err() != nil {
			return
		}
		_ = s.desktop.MoveTo(ctx, image.Pt(200+s.dice.IntN(700), 250+s.dice.IntN(400)))
		wheel := "5"
		if s.dice.IntN(5) == 0 {
			wheel = "4"
		}
		_, _ = s.desktop.Output(ctx, "xdotool", "click", "--repeat", "4", "--delay", "90", wheel)
		s.rest(ctx, 3*time.Second, 16*time.Second)
	}
}

func (s *session) readPages(ctx context.Context) error {
	for range s.times(1, 4) {
		if err := s.visit(ctx, readPages); err != nil {
			return err
		}
		s.scroll(ctx, s.times(2, 6))
	}
	return nil
}

// passGate waits until a page's puzzle is solved, and reads the page.
func (s *session) passGate(ctx context.Context) error {
	if err := s.visit(ctx, passGate); err != nil {
		return err
	}
	s.pause(ctx, 12*time.Second)
	s.scroll(ctx, s.times(3, 6))
	return nil
}

// readDocuments opens real documents of this computer: manuals, specifications, licences.
func (s *session) readDocuments(ctx context.Context) error {
	docs := documents()
	if len(docs) == 0 {
		return s.readPages(ctx)
	}
	for range s.times(1, 3) {
		if err := s.open(ctx, "file://"+docs[s.dice.IntN(len(docs))]); err != nil {
			return err
		}
		s.scroll(ctx, s.times(3, 9))
	}
	return nil
}

// documents returns HTML files that Debian's packages and Go bring along.
func documents() []string {
	var out []string
	for _, dir := range []string{"/usr/share/doc", "/usr/local/go/doc"} {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, ".html") {
				out = append(out, path)
			}
			return nil
		})
	}
	slices.Sort(out)
	return out
}

func (s *session) watchVideo(ctx context.Context) error {
	if err := s.visit(ctx, watchVideo); err != nil {
		return err
	}
	s.rest(ctx, 4*time.Second, 10*time.Second)
	full := s.dice.IntN(3) == 0
	if full {
		if err := s.desktop.Key(ctx, "F11"); err != nil {
			return err
		}
	}
	s.rest(ctx, 80*time.Second, 280*time.Second)
	if full {
		if err := s.desktop.Key(context.WithoutCancel(ctx), "F11"); err != nil {
			return err
		}
	}
	if s.dice.IntN(3) == 0 {
		return nil // it plays on in its tab
	}
	return s.closeTab(ctx)
}

func (s *session) watchGrid(ctx context.Context) error {
	if err := s.visit(ctx, watchGrid); err != nil {
		return err
	}
	s.scroll(ctx, s.times(4, 9))
	return s.closeTab(ctx)
}

// makeCall talks for some minutes. The page hangs up after 80 s, so one calls again.
func (s *session) makeCall(ctx context.Context) error {
	if err := s.visit(ctx, makeCall); err != nil {
		return err
	}
	for n := range s.times(2, 3) {
		if n > 0 {
			if err := s.desktop.Key(ctx, "F5"); err != nil {
				return err
			}
		}
		s.rest(ctx, 4*time.Second, 8*time.Second)
		_ = s.desktop.Click(ctx, image.Pt(500, 600), 1) // sound needs a click first
		s.rest(ctx, 65*time.Second, 80*time.Second)
	}
	return s.closeTab(ctx)
}

func (s *session) playGame(ctx context.Context) error {
	if err := s.visit(ctx, playGame); err != nil {
		return err
	}
	for range s.times(12, 50) {
		if ctx.Err() != nil {
			break
		}
		_ = s.desktop.Key(ctx, "Left", "Left", "Right", "Up", "Right")
		s.rest(ctx, 1*time.Second, 5*time.Second)
	}
	return s.closeTab(ctx)
}

// write clicks and types in the page in front.
func (s *session) write(ctx context.Context, times int, texts ...string) {
	for range times {
		if ctx.Err() != nil {
			return
		}
		_ = s.desktop.Click(ctx, image.Pt(250+s.dice.IntN(600), 300+s.dice.IntN(300)), 1)
		_, _ = s.desktop.Output(ctx, "xdotool", "type", "--delay", "110", texts[s.dice.IntN(len(texts))])
		s.rest(ctx, 2*time.Second, 12*time.Second)
	}
}

func (s *session) usePage(ctx context.Context) error {
	if err := s.visit(ctx, usePage); err != nil {
		return err
	}
	s.pause(ctx, 3*time.Second)
	s.write(ctx, s.times(4, 10), "thank you for the figures ", "see you on monday ", "a second parcel is on its way ")
	return nil
}

func (s *session) workInSheet(ctx context.Context) error {
	if err := s.visit(ctx, workInSheet); err != nil {
		return err
	}
	s.pause(ctx, 3*time.Second)
	s.write(ctx, s.times(5, 9), "1250\n", "84\n", "990\n")
	return s.closeTab(ctx)
}

// goThroughTabs looks at one open tab after the other.
func (s *session) goThroughTabs(ctx context.Context) error {
	if err := s.surf(ctx); err != nil {
		return err
	}
	for range s.times(3, 9) {
		key := "ctrl+Tab"
		if s.dice.IntN(4) == 0 {
			key = "ctrl+shift+Tab"
		}
		if err := s.desktop.Key(ctx, key); err != nil {
			return err
		}
		s.scroll(ctx, s.times(0, 2))
		s.rest(ctx, 2*time.Second, 15*time.Second)
	}
	return nil
}

// putAway minimises the browser for a while, whatever plays in it.
func (s *session) putAway(ctx context.Context) error {
	if err := s.surf(ctx); err != nil {
		return err
	}
	id, err := s.shown(ctx)
	if err != nil {
		return err
	}
	if _, err := s.desktop.Output(ctx, "xdotool", "windowminimize", id); err != nil {
		return err
	}
	s.browser.away = id
	s.rest(ctx, 50*time.Second, 150*time.Second)
	return s.surf(context.WithoutCancel(ctx))
}

// goAway leaves everything as it is for a while.
func (s *session) goAway(ctx context.Context) error {
	s.rest(ctx, 60*time.Second, 200*time.Second)
	return nil
}
