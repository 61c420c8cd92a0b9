//go:build linux

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
)

// scriptTimeout is how long a script of a deed may run.
const scriptTimeout = 5 * time.Minute

// shell runs a script in the home of the desktop's user.
func (s *session) shell(ctx context.Context, script string) error {
	ctx, cancel := context.WithTimeout(ctx, scriptTimeout)
	defer cancel()
	cmd := s.desktop.Command(ctx, "sh", "-c", "set -eu\n"+script)
	cmd.Env = append(cmd.Env, s.env()...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out[max(0, len(out)-300):])
	}
	return nil
}

// env is what scripts find besides the desktop's own environment.
func (s *session) env() []string {
	home := s.desktop.Home()
	return []string{
		"PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin", "SOURCE=" + s.Source, "GOMODCACHE=" + s.Modules,
		"GOCACHE=" + filepath.Join(home, "gocache"), "GOPATH=" + filepath.Join(home, "go"), "GOFLAGS=-mod=mod -buildvcs=false",
		"GOPROXY=off", "GOTOOLCHAIN=local",
	}
}

// document runs an office program with a window for as long as work lasts.
func (s *session) document(ctx context.Context, program string, work func()) error {
	p, err := s.desktop.Start(context.WithoutCancel(ctx), nil, "soffice", "--norestore", "--nologo", "--"+program)
	if err != nil {
		return err
	}
	defer p.Stop()
	waiting, cancel := context.WithTimeout(ctx, windowTimeout)
	defer cancel()
	w, err := s.desktop.AwaitWindow(waiting, "the window of "+program, func(x desktop.Window) bool {
		return strings.Contains(strings.ToLower(x.Class), "libreoffice") && x.Bounds.Dx() > 600
	})
	if err != nil {
		return err
	}
	s.rest(ctx, 3*time.Second, 6*time.Second)
	if _, err := s.desktop.Output(ctx, "xdotool", "windowactivate", w.ID); err != nil {
		return err
	}
	work()
	return nil
}

func (s *session) writeLetter(ctx context.Context) error {
	texts := []string{
		"We thank you for your letter of last week and shall answer it in detail as soon as we can. ",
		"The goods left our house on Monday and should be with you before the end of the week.\n",
		"Please find the figures of the last quarter enclosed. ",
	}
	return s.document(ctx, "writer", func() {
		for range s.times(5, 14) {
			if ctx.Err() != nil {
				return
			}
			_, _ = s.desktop.Output(ctx, "xdotool", "type", "--delay", "90", texts[s.dice.IntN(len(texts))])
			s.rest(ctx, 3*time.Second, 20*time.Second)
		}
	})
}

func (s *session) fillTable(ctx context.Context) error {
	return s.document(ctx, "calc", func() {
		for n := range s.times(15, 45) {
			if ctx.Err() != nil {
				return
			}
			cell := strconv.Itoa(s.dice.IntN(10_000))
			if n%5 == 4 {
				cell = "=SUM(A1:A" + strconv.Itoa(n) + ")"
			}
			_, _ = s.desktop.Output(ctx, "xdotool", "type", "--delay", "80", cell+"\n")
			s.rest(ctx, 1*time.Second, 6*time.Second)
		}
	})
}

// convert makes PDF documents of some letters, and reads one.
func (s *session) convert(ctx context.Context) error {
	if err := s.shell(ctx, script(convert, s.dice)); err != nil {
		return err
	}
	if err := s.open(ctx, "file://"+s.desktop.Home()+"/docs/letter1.pdf"); err != nil {
		return err
	}
	s.scroll(ctx, s.times(4, 9))
	return s.closeTab(ctx)
}

// scripted runs a deed's script and lets some time pass.
func (s *session) scripted(d deed) func(context.Context) error {
	return func(ctx context.Context) error {
		defer s.rest(ctx, 20*time.Second, 70*time.Second)
		return s.shell(ctx, script(d, s.dice))
	}
}

// editBuildTest changes a file, builds, vets and tests, again and again; most of the time goes into reading.
func (s *session) editBuildTest(ctx context.Context) error {
	for range s.times(3, 6) {
		if ctx.Err() != nil {
			return nil
		}
		if err := s.shell(ctx, script(editBuildTest, s.dice)); err != nil {
			return err
		}
		if s.browser != nil && s.dice.IntN(2) == 0 {
			if err := s.surf(ctx); err != nil {
				return err
			}
			s.scroll(ctx, s.times(1, 4)) // the manual is open
		}
		s.rest(ctx, 15*time.Second, 60*time.Second) // thinking and typing
	}
	return nil
}
