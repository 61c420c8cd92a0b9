// Package terminal is everything the minewatch command shows on a terminal: the live view, and the human form of what
// the local API says.
//
// What it shows comes from outside (names of programs and sites, the agent's messages), so every such text is cleaned
// before it enters a line, and no line is wider than the terminal.
package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

// WatchOptions says what Watch shows and where.
type WatchOptions struct {
	// Client speaks to the agent that is watched.
	Client *api.Client
	// Out is where it is shown, os.Stdout if nil; In where keys come from, os.Stdin if nil.
	Out io.Writer
	In  *os.File
	// JSON prints each event as one JSON object a line. It goes before Interactive.
	JSON bool
	// Interactive reports that Out and In are a terminal: a view with keys. Else plain lines are printed.
	Interactive bool
	// For ends the watch after this time; 0 means when the user quits.
	For time.Duration
	// Width bounds the interactive view in columns; 0 means the terminal's width.
	Width int
}

// Watch shows an agent's live view until ctx ends, the time is over or the user quits, which is no error. When the
// agent goes away the interactive view says so and tries again; the plain and the JSON form return the error.
func Watch(ctx context.Context, w WatchOptions) error {
	if w.Out == nil {
		w.Out = os.Stdout
	}
	if w.In == nil {
		w.In = os.Stdin
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if w.For > 0 {
		ctx, cancel = context.WithTimeout(ctx, w.For)
		defer cancel()
	}
	switch {
	case w.JSON:
		return stream(ctx, w.Client, jsonLines(w.Out))
	case w.Interactive:
		return interactive(ctx, &w)
	default:
		p := plainLines{out: w.Out, told: map[string]string{}}
		return stream(ctx, w.Client, p.event)
	}
}

// stream hands each event on until ctx ends, which is no error.
func stream(ctx context.Context, c *api.Client, each func(api.Event) error) error {
	for e, err := range c.Events(ctx, true, nil) {
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		if err := each(e); err != nil {
			return fmt.Errorf("the view could not be written: %w", err)
		}
	}
	return nil
}

func jsonLines(out io.Writer) func(api.Event) error {
	write := func(v any) error {
		line, err := words.JSON(v)
		if err == nil {
			_, err = out.Write(line)
		}
		return err
	}
	return func(e api.Event) error {
		switch {
		case e.Live != nil:
			return write(e.Live)
		case e.Alert != nil:
			return write(e.Alert)
		default:
			return nil
		}
	}
}

// framesPerSecond bounds how often the terminal is drawn: a watcher of the processor should not need it itself.
const framesPerSecond = 10

func interactive(ctx context.Context, w *WatchOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	m := newModel(actor(ctx, w.Client), newStyle(colours(os.Getenv)))
	m.most = w.Width
	m.ascii = onlyASCII(os.Getenv)
	p := tea.NewProgram(m, tea.WithInput(w.In), tea.WithOutput(w.Out),
		tea.WithFPS(framesPerSecond), tea.WithWindowSize(80, 24)) // the size where the terminal tells none
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		follow(ctx, w.Client, p.Send)
	}()
	// Asked to quit, the view waits for its reader of keys; given the context it would close the keyboard under it.
	stop := context.AfterFunc(ctx, p.Quit)
	_, err := p.Run()
	stop()
	over := ctx.Err() != nil || errors.Is(err, tea.ErrInterrupted)
	cancel()
	<-followed
	if err != nil && (!over || errors.Is(err, tea.ErrProgramPanic)) {
		return fmt.Errorf("the view ended: %w", err)
	}
	return nil
}

// The waits between two attempts to reach the agent.
const (
	firstWait = 500 * time.Millisecond
	longWait  = 5 * time.Second
)

// follow keeps a stream of events open until ctx ends.
func follow(ctx context.Context, c *api.Client, send func(tea.Msg)) {
	wait := firstWait
	for {
		answered, err := session(ctx, c, send)
		if ctx.Err() != nil {
			return
		}
		send(lostMsg{err})
		if answered {
			wait = firstWait
		}
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		wait = min(2*wait, longWait)
	}
}

// session is one connection, to its end. It reports whether an agent answered.
func session(ctx context.Context, c *api.Client, send func(tea.Msg)) (answered bool, err error) {
	status, err := c.Status(ctx)
	if err != nil {
		return false, err
	}
	allowed, err := c.Allowances(ctx)
	if err != nil {
		return false, err
	}
	send(connectedMsg{status, allowed})
	for e, err := range c.Events(ctx, true, nil) {
		if err != nil {
			return true, err
		}
		send(eventMsg(e))
	}
	return true, nil
}

// onlyASCII reports whether the environment says that the terminal shows no more: the Linux console has no bars, a
// locale that is not UTF-8 says so itself, and where RUNEWIDTH_EASTASIAN is 1 the bars would be two columns wide.
func onlyASCII(getenv func(string) string) bool {
	if t := getenv("TERM"); t == "linux" || t == "dumb" || getenv("RUNEWIDTH_EASTASIAN") == "1" {
		return true
	}
	for _, k := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(k)); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return false // nothing is said; every terminal of today shows UTF-8
}
