//go:build linux

package session

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/e2e/chromium"
	"github.com/minewatch/minewatch/agent/e2e/desktop"
	"github.com/minewatch/minewatch/agent/e2e/pages"
)

// Options say what is recorded.
type Options struct {
	// Kind is one of Kinds.
	Kind string
	// Length is how long.
	Length time.Duration
	// Bin is the folder with the program minewatch, Out that for trace.jsonl.zst and truth.json.
	Bin, Out string
	Seed     uint64
	// Progress is where lines for people go.
	Progress io.Writer
}

// Kinds returns the kinds of session.
func Kinds() []string { return []string{"browsing", "office", "developer"} }

// session is one in progress.
type session struct {
	Options
	random    *rand.Rand
	desktop   *desktop.Desktop
	web       *pages.Server
	browser   *chromium.Browser
	agent     *desktop.Process
	extension string
	profile   string
	troubles  int
}

// Run records one session. What goes wrong on the way (a browser that crashes) is said, counted and survived.
func Run(ctx context.Context, o Options) error {
	if !slices.Contains(Kinds(), o.Kind) {
		return fmt.Errorf("there is no session %q; there are %q", o.Kind, Kinds())
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil { // recordings are for everybody
		return err
	}
	s := &session{Options: o, random: rand.New(rand.NewPCG(o.Seed, 1))} //nolint:gosec // a script, not a secret
	var err error
	if s.web, err = pages.Start(ctx); err != nil {
		return err
	}
	defer s.web.Close()
	if s.desktop, err = desktop.Start(ctx); err != nil {
		return err
	}
	defer func() {
		if err := s.desktop.Close(); err != nil {
			s.say("closing the desktop: %v", err)
		}
	}()
	if err := s.record(ctx); err != nil {
		return err
	}
	day, cancel := context.WithTimeout(ctx, o.Length)
	defer cancel()
	s.use(day)
	s.agent.Stop()
	return s.keep()
}

func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.Progress, s.Kind+": "+format+"\n", args...)
}

// record starts the agent, which records what it sees.
func (s *session) record(ctx context.Context) error {
	program, err := s.desktop.Install(filepath.Join(s.Bin, "minewatch"))
	if err != nil {
		return err
	}
	s.profile = filepath.Join(s.desktop.Home(), "chromium")
	out, err := s.desktop.Output(ctx, program, "browser", "install", "--user-data-dir", s.profile, "--json")
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var l struct {
			Extension string `json:"extension_dir"`
		}
		if json.Unmarshal(lines.Bytes(), &l) == nil && l.Extension != "" {
			s.extension = l.Extension
		}
	}
	if s.extension == "" {
		return fmt.Errorf("`minewatch browser install --json` named no extension_dir: %s", out)
	}
	s.agent, err = s.desktop.Start(ctx, nil, program, "run", "--user", "--record", s.recording(),
		"--simulated", "--load", "scripted ordinary use: "+s.Kind)
	return err
}

func (s *session) recording() string { return filepath.Join(s.desktop.Home(), "session.jsonl.zst") }

// use does things until ctx ends.
func (s *session) use(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		next := s.pick()
		s.say("%s", next.name)
		if err := next.do(s, ctx); err != nil && ctx.Err() == nil {
			s.troubles++
			s.say("trouble with %s: %v", next.name, err)
			s.pause(ctx, 5*time.Second)
		}
	}
}

// keep copies the recording out and says what it holds.
func (s *session) keep() error {
	b, err := os.ReadFile(s.recording())
	if err != nil {
		return err
	}
	truth, err := json.Marshal(map[string]any{
		"label": "benign", "simulated": true, "site": "", "process": "", "load_start_s": 0, "load_end_s": 0, "split": "test",
		"kind": "session", "note": fmt.Sprintf("scripted ordinary use (%s), seed %d", s.Kind, s.Seed),
	})
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(s.Out, "trace.jsonl.zst"), b, 0o644),              //nolint:gosec // for everybody
		os.WriteFile(filepath.Join(s.Out, "truth.json"), append(truth, '\n'), 0o644), //nolint:gosec // for everybody
	)
}

// pause waits, as a person who reads does, or until ctx ends.
func (s *session) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// between returns a time in a range.
func (s *session) between(low, high time.Duration) time.Duration {
	return low + time.Duration(s.random.Int64N(int64(high-low)))
}
