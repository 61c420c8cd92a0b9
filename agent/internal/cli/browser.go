package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/internal/install"
	"github.com/minewatch/minewatch/agent/internal/nativemessaging"
)

// runHost is what a browser starts: standard output belongs to the browser, so nothing else may be written there.
func runHost(ctx context.Context, args []string) int {
	return usage.ExitCode(os.Stderr, "minewatch", nativemessaging.RunHost(ctx, args, os.Stdin, os.Stdout, nativemessaging.DialAgent))
}

func browserCommand() *cobra.Command {
	c := &cobra.Command{Use: "browser", Short: "Connect your browsers, so that alerts can name the site"}
	c.AddCommand(browserInstallCommand(), browserStatusCommand(), browserRemoveCommand())
	return c
}

// browserReport is what the commands for one user print under --json (docs/install-browsers.md).
type browserReport struct {
	Type         string             `json:"type"` // "browser_install", "browser_status", "browser_remove"
	AgentRunning bool               `json:"agent_running"`
	ExtensionDir string             `json:"extension_dir"`
	ExtensionID  string             `json:"extension_id"`
	FirefoxXPI   string             `json:"firefox_xpi"` // the extension for Firefox
	Browsers     []browserPlacement `json:"browsers"`
}

type browserPlacement struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Found bool   `json:"found"`
	// Manifest is where this user's host manifest is or would be, HostUser how it stands, HostSystem the same for all
	// users: "ready", "missing" or "differs".
	Manifest   string `json:"manifest"`
	HostUser   string `json:"host_user"`
	HostSystem string `json:"host_system"`
	// State sums both up, or is "not_found" or "unreachable".
	State string `json:"state"`
	// Extension is from where the browser has the extension: "none", "user_folder" (it is added by hand),
	// "system_folder", "policy".
	Extension string `json:"extension"`
	// Connected reports that an extension of this browser talks to the agent now.
	Connected bool `json:"connected"`
	// Next is the one next thing to do, empty for nothing.
	Next string `json:"next,omitempty"`
	// Hint is another way to the same end, or what Next comes down to; empty for none.
	Hint string `json:"hint,omitempty"`
}

func browserInstallCommand() *cobra.Command {
	var o systemOptions
	var system bool
	var dataDir string
	c := &cobra.Command{
		Use: "install", Short: "Connect this user's browsers, or with --system those of all users", Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if !system && (o.yes || o.policy || o.crx != "" || o.xpi != "") {
				return usage.Error(c, errors.New("--yes, --policy, --crx and --xpi belong to --system"))
			}
			if system && dataDir != "" {
				return usage.Error(c, errors.New("--user-data-dir is one user's, so it does not go with --system"))
			}
			if (o.crx != "" || o.xpi != "") && !o.policy {
				return usage.Error(c, errors.New("--crx and --xpi belong to --policy"))
			}
			setup, err := findSetup(system)
			if err != nil {
				return err
			}
			switch {
			case system:
				return installSystem(c, setup, &o)
			case dataDir != "":
				return installInto(c, setup, dataDir, o.json)
			}
			if err := notForRoot("browser install"); err != nil {
				return err
			}
			u := install.NewUser(setup)
			if err := u.Install(); err != nil {
				return err
			}
			return reportBrowsers(c, "install", u, setup, o.json)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.json, "json", false, "one JSON object")
	f.StringVar(&dataDir, "user-data-dir", "", "only the browser that is started with this --user-data-dir")
	f.BoolVar(&system, "system", false, "for all users, as administrator; shows first what it will do")
	f.BoolVar(&o.yes, "yes", false, "with --system: do it without asking")
	f.BoolVar(&o.policy, "policy", false, "with --system: have browsers install the extension by policy as well; they will say that they are managed")
	f.StringVar(&o.crx, "crx", "", "with --policy: the signed extension for Chromium, Chrome, Edge and Brave")
	f.StringVar(&o.xpi, "xpi", "", "with --policy: the signed extension for Firefox")
	return c
}

func browserStatusCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "status", Short: "Show which browsers are connected, and what is missing", Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			setup, err := findSetup(false)
			if err != nil {
				return err
			}
			return reportBrowsers(c, "status", install.NewUser(setup), setup, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	return c
}

func browserRemoveCommand() *cobra.Command {
	var asJSON, system, yes bool
	c := &cobra.Command{
		Use: "remove", Short: "Disconnect this user's browsers, or with --system undo what was done for all", Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if yes && !system {
				return usage.Error(c, errors.New("--yes belongs to --system"))
			}
			setup, err := findSetup(system)
			if err != nil {
				return err
			}
			if system {
				return removeSystem(c, setup, asJSON)
			}
			if err := notForRoot("browser remove"); err != nil {
				return err
			}
			u := install.NewUser(setup)
			if err := u.Remove(); err != nil {
				return err
			}
			return reportBrowsers(c, "remove", u, setup, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	c.Flags().BoolVar(&system, "system", false, "for all users, as administrator: what browser install --system has written")
	c.Flags().BoolVar(&yes, "yes", false, "with --system: accepted for scripts; removing never asks")
	return c
}

// findSetup returns what an installation for this user depends on, or one for all users.
func findSetup(system bool) (*install.Setup, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("the path of minewatch itself cannot be found: %w", err)
	}
	home, err := os.UserHomeDir()
	if err != nil && !system { // an installer may have no home
		return nil, fmt.Errorf("the home folder cannot be found: %w", err)
	}
	state, err := api.StateDir()
	if err != nil && !system {
		return nil, err
	}
	s := &install.Setup{Exe: hostProgram(exe), State: state, Paths: install.Paths{Home: home}}
	s.Detect()
	return s, nil
}

// notForRoot refuses to connect the browsers of root when it is another user who asked: sudo is a habit.
func notForRoot(command string) error {
	if user := os.Getenv("SUDO_USER"); user != "" && user != "root" && install.IsAdministrator() {
		return fmt.Errorf("with sudo this would be about root's browsers, not %s's; run `minewatch %s` without sudo, or add --system for all users", user, command)
	}
	return nil
}

// installInto connects the one browser that is started with a folder of its own.
func installInto(c *cobra.Command, setup *install.Setup, dataDir string, asJSON bool) error {
	dataDir, err := filepath.Abs(dataDir)
	if err != nil {
		return err
	}
	u := install.NewUser(setup)
	dir, err := u.InstallExtension()
	if err != nil {
		return fmt.Errorf("the extension cannot be written: %w", err)
	}
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return err
	}
	manifest, err := install.Into(dataDir, setup.Exe)
	if err != nil {
		return err
	}
	r := browserReport{
		Type: "browser_install", ExtensionDir: dir, ExtensionID: extension.ChromiumID, FirefoxXPI: u.ExtensionArchive(),
		Browsers: []browserPlacement{{
			Name: dataDir, Title: dataDir, Found: true, Manifest: manifest, HostUser: string(install.Ready), HostSystem: string(install.Missing),
			State: string(install.Ready), Extension: string(install.UserFolder), Next: addByHand("chrome", dir),
		}},
	}
	if asJSON {
		return usage.PrintJSON(c.OutOrStdout(), r)
	}
	return tellBrowsers(c.OutOrStdout(), "install", &r)
}

// reportBrowsers says how it stands with this user's browsers.
func reportBrowsers(c *cobra.Command, what string, u *install.User, setup *install.Setup, asJSON bool) error {
	all, trouble := u.Status()
	if all == nil {
		return trouble
	}
	names, outdated, running := connectedBrowsers(c.Context())
	r := browserReport{
		Type: "browser_" + what, AgentRunning: running, ExtensionDir: u.ExtensionDir(), ExtensionID: extension.ChromiumID,
		FirefoxXPI: u.ExtensionArchive(),
	}
	connected, old := whoIs(all, names), map[string]string{}
	for program, update := range outdated {
		for browser := range whoIs(all, []string{program}) {
			old[browser] = update
		}
	}
	for i := range all {
		s := &all[i]
		p := browserPlacement{
			Name: s.Browser.Name, Title: s.Browser.Title, Found: s.State != install.NotFound, Manifest: s.Manifest,
			HostUser: string(s.Host), HostSystem: string(s.System), State: string(s.State), Extension: string(s.Extension),
			Connected: connected[s.Browser.Name],
		}
		p.Found = p.Found || p.Connected
		if what != "remove" {
			p.Next = cmp.Or(old[s.Browser.Name], nextStep(s, &r, p.Connected))
			p.Hint = otherWay(s, p.Next, setup)
		}
		r.Browsers = append(r.Browsers, p)
	}
	if asJSON {
		return errors.Join(usage.PrintJSON(c.OutOrStdout(), r), trouble)
	}
	return errors.Join(tellBrowsers(c.OutOrStdout(), what, &r), trouble)
}

// whoIs returns which browsers the connected programs are. Two versions of Chrome have programs of one name: those that
// the user has started count.
func whoIs(all []install.SetupState, programs []string) map[string]bool {
	out := map[string]bool{}
	for _, program := range programs {
		first, found := "", false
		for _, s := range all {
			if !s.Browser.Runs(program) {
				continue
			}
			if first == "" {
				first = s.Browser.Name
			}
			if s.State != install.NotFound {
				out[s.Browser.Name], found = true, true
			}
		}
		if !found && first != "" {
			out[first] = true
		}
	}
	return out
}

// connectedBrowsers returns the programs whose extension talks to the agent now, those whose part of minewatch is too old
// for that with what to update, and whether an agent runs.
func connectedBrowsers(ctx context.Context) (connected []string, outdated map[string]string, running bool) {
	client, err := api.Find(ctx)
	if err != nil {
		return nil, nil, false
	}
	status, err := client.Status(ctx)
	if err != nil {
		return nil, nil, false
	}
	outdated = map[string]string{}
	for _, b := range status.Browsers {
		if b.Update != "" {
			outdated[b.Name] = b.Update
			continue
		}
		connected = append(connected, b.Name)
	}
	return connected, outdated, true
}
