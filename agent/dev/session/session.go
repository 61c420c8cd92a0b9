//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/pages"
	"github.com/minewatch/minewatch/agent/testkit/product"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// Options say what is recorded.
type Options struct {
	// Kind is one of Kinds.
	Kind string
	// Length is how long.
	Length time.Duration
	// Bin is the folder with the program minewatch, Out that for trace.jsonl.zst and truth.json.
	Bin, Out string
	// Source is a copy of this project to work on, Modules Go's module cache; both are only read.
	Source, Modules string
	Seed            uint64
	// Progress is where lines for people go.
	Progress io.Writer
}

// starts is how often a desktop is tried.
const starts = 3

// session is one in progress.
type session struct {
	Options
	dice    *rand.Rand // of the deed in progress
	desktop *desktop.Desktop
	web     *pages.Server
	agent   *product.Agent
	browser *window
	// extension is the folder that Chromium loads.
	extension string
	did       map[deed]int
	troubles  int
}

// Run records one session. What goes wrong on the way, such as a browser that crashes, is said, counted and survived.
// It takes the whole of the network and process namespace it runs in, so it belongs into a sandbox.
func Run(ctx context.Context, o Options) error {
	if !slices.Contains(Kinds(), o.Kind) {
		return fmt.Errorf("there is no session %q; there are %q", o.Kind, Kinds())
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil { // recordings are for everybody
		return err
	}
	s := &session{Options: o, did: map[deed]int{}}
	// When ctx ends the person stops; the programs live on until all is kept.
	life := context.WithoutCancel(ctx)
	var err error
	// Port 80, because Firefox cannot be told that a name has another port.
	if s.web, err = pages.StartAt(life, "127.0.0.1:80"); err != nil {
		return err
	}
	defer s.web.Close()
	s.web.UseLibraries(filepath.Join(o.Source, pages.LibraryDir))
	for try := 1; ; try++ {
		s.desktop, err = desktop.Start(life)
		if err == nil {
			break
		}
		if try == starts {
			return err
		}
		s.say("the desktop did not come up: %v", err) // on a full machine; once more
	}
	defer func() {
		if err := s.desktop.Close(); err != nil {
			s.say("closing the desktop: %v", err)
		}
	}()
	if err := s.record(life); err != nil {
		return err
	}
	s.say("seed %d, %v", o.Seed, o.Length)
	day, cancel := context.WithTimeout(ctx, o.Length)
	defer cancel()
	err = s.use(day)
	s.agent.Stop()
	return errors.Join(err, s.keep(s.recording()))
}

func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.Progress, s.Kind+": "+format+"\n", args...) // progress that cannot be shown is no failure
}

// record starts the agent, which records what it sees.
func (s *session) record(ctx context.Context) (err error) {
	if s.agent, err = product.Install(s.desktop, s.Bin); err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	return s.agent.Run(ctx, "--record", s.recording(), "--simulated", "--load", "scripted ordinary use: "+s.Kind)
}

func (s *session) recording() string { return filepath.Join(s.desktop.Home(), "session.jsonl.zst") }

// use does things until ctx ends, and keeps what is recorded after each, in case it ends badly.
func (s *session) use(ctx context.Context) error {
	for n := uint64(1); ctx.Err() == nil; n++ {
		s.dice = diceOf(s.Seed, n)
		next := pick(shares(s.Kind), s.dice)
		s.say("%s", next)
		s.did[next]++
		err := s.do(ctx, next)
		if err != nil && ctx.Err() == nil {
			s.troubles++
			s.say("trouble with %s: %v", next, err)
			s.pause(ctx, 20*time.Second) // a full machine needs a rest more than the same again
		}
		select {
		case <-s.agent.Done():
			return fmt.Errorf("the agent ended (log: %s): %w", tail(s.agent.Log()), errors.Join(s.agent.Err(), io.ErrUnexpectedEOF))
		default:
		}
		if err := s.keep(s.recording()); err != nil {
			s.say("cannot be kept: %v", err)
		}
	}
	return nil
}

// do does one thing.
func (s *session) do(ctx context.Context, d deed) error {
	act, ok := s.does()[d]
	if !ok {
		return fmt.Errorf("nobody knows how to %s", d)
	}
	return act(ctx)
}

// does says how each thing is done.
func (s *session) does() map[deed]func(context.Context) error {
	return map[deed]func(context.Context) error{
		readPages: s.readPages, readDocuments: s.readDocuments, watchVideo: s.watchVideo, watchGrid: s.watchGrid,
		makeCall: s.makeCall, playGame: s.playGame, usePage: s.usePage, workInSheet: s.workInSheet, passGate: s.passGate,
		goThroughTabs: s.goThroughTabs, putAway: s.putAway, goAway: s.goAway,
		writeLetter: s.writeLetter, fillTable: s.fillTable, convert: s.convert, packFiles: s.scripted(packFiles), moveFiles: s.scripted(moveFiles),
		editBuildTest: s.editBuildTest, useRepository: s.scripted(useRepository), buildAll: s.scripted(buildAll),
		searchSources: s.scripted(searchSources), useNPM: s.scripted(useNPM),
	}
}

// truth is the label of a session.
type truth struct {
	Label     string `json:"label"`
	Simulated bool   `json:"simulated"`
	Split     string `json:"split"`
	Kind      string `json:"kind"`
	Note      string `json:"note"`
}

// keep copies the recording out and says what it holds.
func (s *session) keep(recording string) error {
	b, err := os.ReadFile(recording)
	if err != nil {
		return err
	}
	note := fmt.Sprintf("scripted ordinary use (%s), seed %d, %d troubles:", s.Kind, s.Seed, s.troubles)
	var did []string
	for _, d := range slices.Sorted(maps.Keys(s.did)) {
		did = append(did, fmt.Sprintf("%s %d", d, s.did[d]))
	}
	note += " " + strings.Join(did, "; ")
	text, err := json.Marshal(truth{Label: "benign", Simulated: true, Split: "test", Kind: "session", Note: note})
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(s.Out, "trace.jsonl.zst"), b, 0o644),             // for everybody
		os.WriteFile(filepath.Join(s.Out, "truth.json"), append(text, '\n'), 0o644), // as above
	)
}

// tail returns the end of a log, for messages.
func tail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-300):])
}

// pause waits, as a person who reads does, or until ctx ends.
func (s *session) pause(ctx context.Context, d time.Duration) {
	_ = wait.Pause(ctx, d) // whatever comes next sees that ctx has ended
}

// rest waits for a time between two.
func (s *session) rest(ctx context.Context, low, high time.Duration) {
	s.pause(ctx, between(s.dice, low, high))
}

// times returns a number from low to high.
func (s *session) times(low, high int) int { return low + s.dice.IntN(high-low+1) }
