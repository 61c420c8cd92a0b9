package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/internal/browser"
)

// runHost is what a browser starts: standard output belongs to the browser, so nothing else may be written there.
func runHost(ctx context.Context, args []string) int {
	if err := browser.RunHost(ctx, args, os.Stdin, os.Stdout, nil); err != nil {
		fmt.Fprintf(os.Stderr, "minewatch: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func browserCommand() *cobra.Command {
	c := &cobra.Command{Use: "browser", Short: "Connect your browsers, so that alerts can name the site"}
	c.AddCommand(
		browserAction("install", "Connect this user's browsers", installBrowser),
		browserAction("status", "Tell which browsers are connected", browserState),
		browserAction("remove", "Disconnect this user's browsers", removeBrowser),
	)
	return c
}

// browserReport is what the commands print under --json.
type browserReport struct {
	Type         string             `json:"type"` // "browser_install", "browser_status", "browser_remove"
	ExtensionDir string             `json:"extension_dir"`
	ExtensionID  string             `json:"extension_id"`
	FirefoxXPI   string             `json:"firefox_xpi"` // the extension for Firefox
	Browsers     []browserPlacement `json:"browsers"`
}

type browserPlacement struct {
	Name     string `json:"name"`
	Manifest string `json:"manifest"`
	// State is "ready", "missing", "differs", "not_found" or "unreachable".
	State string `json:"state"`
	// Connected reports that an extension of this browser talks to the agent now.
	Connected bool `json:"connected"`
}

// browserSetup is what an action works on.
type browserSetup struct {
	home, state, exe, userDataDir string
}

func browserAction(name, short string, act func(browserSetup) (string, []browser.Installed, error)) *cobra.Command {
	var (
		asJSON  bool
		dataDir string
	)
	c := &cobra.Command{
		Use: name, Short: short, Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			setup, err := findSetup(dataDir)
			if err != nil {
				return err
			}
			dir, found, err := act(setup)
			if err != nil {
				return err
			}
			report := browserReport{
				Type: "browser_" + name, ExtensionDir: dir, ExtensionID: extension.ChromiumID,
				FirefoxXPI: browser.ExtensionArchive(setup.state),
			}
			connected := connectedBrowsers(c.Context())
			for _, in := range found {
				report.Browsers = append(report.Browsers, browserPlacement{
					Name: in.Browser, Manifest: in.Path, State: string(in.State), Connected: connected[in.Browser],
				})
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), report)
			}
			return tellBrowsers(c.OutOrStdout(), name, &report)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	c.Flags().StringVar(&dataDir, "user-data-dir", "", "only the browser that is started with this --user-data-dir")
	return c
}

func findSetup(dataDir string) (browserSetup, error) {
	exe, err := os.Executable()
	if err != nil {
		return browserSetup{}, fmt.Errorf("the path of minewatch itself cannot be found: %w", err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return browserSetup{}, fmt.Errorf("the home folder cannot be found: %w", err)
	}
	if dataDir != "" {
		if dataDir, err = filepath.Abs(dataDir); err != nil {
			return browserSetup{}, err
		}
	}
	return browserSetup{home: home, state: api.StateDir(), exe: hostProgram(exe), userDataDir: dataDir}, nil
}

func installBrowser(s browserSetup) (string, []browser.Installed, error) {
	dir, err := browser.InstallExtension(s.state)
	if err != nil {
		return "", nil, fmt.Errorf("the extension cannot be written: %w", err)
	}
	if s.userDataDir == "" {
		found, err := browser.Install(s.home, s.exe)
		return dir, found, err
	}
	if err := os.MkdirAll(s.userDataDir, 0o700); err != nil {
		return "", nil, err
	}
	one, err := browser.InstallInto(s.userDataDir, s.exe)
	return dir, []browser.Installed{one}, err
}

func browserState(s browserSetup) (string, []browser.Installed, error) {
	found, err := browser.Status(s.home, s.exe)
	return browser.ExtensionDir(s.state), found, err
}

func removeBrowser(s browserSetup) (string, []browser.Installed, error) {
	if err := browser.RemoveExtension(s.state); err != nil {
		return "", nil, err
	}
	found, err := browser.Remove(s.home)
	return browser.ExtensionDir(s.state), found, err
}

// connectedBrowsers returns the browsers whose extension talks to the agent now; none if no agent runs.
func connectedBrowsers(ctx context.Context) map[string]bool {
	out := map[string]bool{}
	client, err := api.Find(ctx)
	if err != nil {
		return out
	}
	status, err := client.Status(ctx)
	if err != nil {
		return out
	}
	for _, b := range status.Browsers {
		out[b.Name] = true
	}
	return out
}

// tellBrowsers says for people how it stands with each browser and what to do next.
func tellBrowsers(w io.Writer, what string, r *browserReport) error {
	ready := 0
	for _, b := range r.Browsers {
		say := map[string]string{
			string(browser.Ready):       "can reach minewatch",
			string(browser.Missing):     "is not set up",
			string(browser.Differs):     "is set up for another program; `minewatch browser install` mends it",
			string(browser.Unreachable): "is a snap or flatpak and cannot start minewatch; its tabs stay unnamed",
		}[b.State]
		if b.State == string(browser.NotFound) {
			continue
		}
		if b.Connected {
			say = "is connected"
		}
		if b.State == string(browser.Ready) {
			ready++
		}
		if _, err := fmt.Fprintf(w, "%-24s %s\n", b.Name, cmp.Or(say, b.State)); err != nil {
			return err
		}
	}
	var err error
	switch {
	case what == "remove" && len(found(r)) == 0:
		_, err = fmt.Fprintln(w, "No browser was set up, so there was nothing to remove.")
	case what == "remove":
		_, err = fmt.Fprintln(w, "minewatch no longer talks to these browsers. Remove the extension on chrome://extensions if you loaded it.")
	case ready == 0 && what == "install":
		_, err = fmt.Fprintln(w, "No Chromium, Chrome, Edge or Brave was found that this user has started. Start yours once, then run this again.")
	case what == "install":
		_, err = fmt.Fprintf(w, "\nOne step is left, in each browser:\n  1. open chrome://extensions and switch on Developer mode\n"+
			"  2. choose \"Load unpacked\" and take the folder\n     %s\nThen `minewatch browser status` says \"is connected\".\n", r.ExtensionDir)
	case ready == 0:
		_, err = fmt.Fprintln(w, "No browser is set up. Run `minewatch browser install`.")
	}
	return err
}

// found returns the placements of browsers that this user has.
func found(r *browserReport) []browserPlacement {
	return slices.DeleteFunc(slices.Clone(r.Browsers), func(b browserPlacement) bool { return b.State == string(browser.NotFound) })
}
