//go:build linux

// Package product is minewatch itself on a test's desktop: installed, connected with browsers and running, by the same
// commands that a person uses.
package product

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/programs"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// poll is how often the agent is asked for its status: each time costs a process.
const poll = 300 * time.Millisecond

// Agent is minewatch on a desktop. Its Process is nil until Run.
type Agent struct {
	*desktop.Process
	// Program is the installed program minewatch.
	Program string
	desktop *desktop.Desktop
}

// Install copies minewatch, and the programs named besides, from a folder to where the desktop's user has programs.
func Install(d *desktop.Desktop, bin string, besides ...string) (*Agent, error) {
	for _, name := range besides {
		if _, err := d.Install(filepath.Join(bin, name)); err != nil {
			return nil, err
		}
	}
	program, err := d.Install(filepath.Join(bin, programs.Agent))
	return &Agent{Program: program, desktop: d}, err
}

// Extension is what `minewatch browser install` says of the extension that it has written.
type Extension struct {
	// Dir is the folder that Chromium loads, XPI the archive for Firefox.
	Dir string `json:"extension_dir"`
	XPI string `json:"firefox_xpi"`
}

// Connect connects the user's browsers, as `minewatch browser install` with these arguments does.
func (a *Agent) Connect(ctx context.Context, args ...string) (Extension, error) {
	var told Extension
	out, err := a.desktop.Output(ctx, a.Program, append([]string{"browser", "install", "--json"}, args...)...)
	if err != nil {
		return told, err
	}
	for line := range bytes.Lines(out) {
		_ = json.Unmarshal(line, &told) // the last line that has it counts
	}
	if told.Dir == "" {
		return told, fmt.Errorf("`minewatch browser install --json` named no extension_dir: %s", out)
	}
	return told, nil
}

// ConnectChromium connects the Chromium of a profile, and returns the folder of the extension that it is to load.
func (a *Agent) ConnectChromium(ctx context.Context, profile string) (string, error) {
	told, err := a.Connect(ctx, "--user-data-dir", profile)
	return told.Dir, err
}

// ConnectFirefox connects Firefox, and puts the extension into a profile in the user's home.
func (a *Agent) ConnectFirefox(ctx context.Context, profile string) error {
	// Browsers are served that were started before, which this file says of Firefox.
	if err := a.desktop.WriteFile(".mozilla/firefox/profiles.ini", []byte("[General]\n")); err != nil {
		return err
	}
	told, err := a.Connect(ctx)
	if err != nil {
		return err
	}
	if told.XPI == "" {
		told.XPI = filepath.Join(filepath.Dir(told.Dir), "extension-firefox.xpi")
	}
	xpi, err := os.ReadFile(told.XPI)
	if err != nil {
		return fmt.Errorf("the extension for Firefox: %w", err)
	}
	inHome, err := filepath.Rel(a.desktop.Home(), profile)
	if err != nil {
		return err
	}
	return a.desktop.WriteFile(filepath.Join(inHome, "extensions", extension.FirefoxID+".xpi"), xpi)
}

// Run starts `minewatch run --user` with more arguments, and returns when it watches. It goes on when ctx ends; the
// desktop's Close ends it.
func (a *Agent) Run(ctx context.Context, args ...string) (err error) {
	a.Process, err = a.desktop.Start(context.WithoutCancel(ctx), nil, a.Program, append([]string{"run", "--user"}, args...)...)
	if err != nil {
		return err
	}
	return wait.Every(ctx, poll, "the agent to watch", func() (bool, error) {
		select {
		case <-a.Done():
			return false, fmt.Errorf("the agent ended (log: %s): %w", a.Log(), a.Err())
		default:
		}
		s, err := a.Status(ctx)
		return err == nil && s.Watching, nil
	})
}

// Status is what tests read of `minewatch status --json`.
type Status struct {
	Watching bool `json:"watching"`
	Browsers []struct {
		PID int `json:"pid"`
	} `json:"browsers"`
}

// Status asks the running agent.
func (a *Agent) Status(ctx context.Context) (Status, error) {
	var s Status
	out, err := a.desktop.Output(ctx, a.Program, "status", "--json")
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(out, &s)
}

// AwaitBrowser waits until a browser's extension has reported to the agent.
func (a *Agent) AwaitBrowser(ctx context.Context) error {
	return wait.Every(ctx, poll, "a browser's extension to report to the agent", func() (bool, error) {
		s, err := a.Status(ctx)
		return err == nil && len(s.Browsers) > 0, nil
	})
}
