package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/internal/browsers"
	"github.com/minewatch/minewatch/agent/internal/install"
)

// nextStep returns the one next thing to do about a browser, empty for nothing.
func nextStep(s *install.SetupState, r *browserReport, connected bool) string {
	switch {
	case connected || s.State == install.NotFound:
		return ""
	case s.State == install.Unreachable:
		return "use a " + before(s.Browser.Title) + " that is not a snap or flatpak: their sandbox keeps minewatch out"
	case s.State == install.Differs && s.Host != install.Differs:
		return sudo(" browser install --system")
	case s.State != install.Ready:
		return "minewatch browser install"
	case !r.AgentRunning:
		return "minewatch run --user"
	case s.Extension == install.SystemFolder || s.Extension == install.ByPolicy:
		return "close all windows of " + s.Browser.Title + " and open it again"
	case s.Extension == install.NoSource:
		return "minewatch browser install"
	case s.Browser.Family == extension.Firefox:
		return "open about:debugging#/runtime/this-firefox, choose \"Load Temporary Add-on\" and take " + r.FirefoxXPI +
			"    (until Firefox is closed; its other ways in need a signed add-on)"
	default:
		return addByHand(s.Browser.Name, r.ExtensionDir)
	}
}

// otherWay returns the way of an administrator where Debian's browsers can be given the extension without a click and next is
// the way by hand, which needs no administrator. Sudo does not search the user's PATH, so the program stands with its path;
// a program that others can change is put where they cannot first.
func otherWay(s *install.SetupState, next string, setup *install.Setup) string {
	debian := (setup.DebianChromium && s.Browser.Name == "chromium") || (setup.DebianFirefox && s.Browser.Name == "firefox")
	if !debian || !strings.HasPrefix(next, "open ") {
		return ""
	}
	if install.CheckProgram(setup.Exe) != nil {
		dir := filepath.Dir(setup.Exe)
		return "sudo install -m 755 " + quoted(filepath.Join(dir, "minewatch")) + " " + quoted(filepath.Join(dir, "minewatch-host")) +
			" /usr/local/bin && sudo /usr/local/bin/minewatch browser install --system    (for all users, without a click)"
	}
	return sudo(" browser install --system") + "    (for all users, without a click)"
}

// sudo is a line that runs this program as administrator.
func sudo(words string) string {
	return strings.TrimPrefix(install.HowToBecome(quoted(thisProgram())+words), "run: ")
}

// quoted is a path as a shell reads it back.
func quoted(path string) string {
	if strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" || runtime.GOOS == "windows" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// before returns the part of a name before a parenthesis.
func before(title string) string {
	name, _, _ := strings.Cut(title, " (")
	return name
}

// addByHand says how a browser of the Chromium family is given an unpacked extension.
func addByHand(name, dir string) string {
	scheme := "chrome"
	for _, b := range browsers.All() {
		for _, at := range b.Places(runtime.GOOS) {
			if at.ID == name {
				scheme = b.Scheme
			}
		}
	}
	return "open " + scheme + "://extensions, switch on Developer mode, choose \"Load unpacked\" and take " + dir
}

// setupState says in a few words whether a browser is set up.
func setupState(b *browserPlacement, agentRunning bool) string {
	switch {
	case b.Connected:
		return "connected: alerts can name its sites"
	case b.State == string(install.Unreachable):
		return "cannot be connected, so its tabs stay unnamed"
	case b.State == string(install.Differs):
		return "would start another program instead of minewatch"
	case b.State != string(install.Ready):
		return "is not set up"
	case !agentRunning:
		return "can reach minewatch, which is not running"
	case b.Extension == string(install.SystemFolder) || b.Extension == string(install.ByPolicy):
		return "can reach minewatch, and has the extension from its next start on"
	default:
		return "can reach minewatch, but its extension has not been added"
	}
}

// tellBrowsers says for people how it stands with each browser and what to do next.
func tellBrowsers(w io.Writer, what string, r *browserReport) error {
	var out, absent []string
	for i := range r.Browsers {
		b := &r.Browsers[i]
		if !b.Found {
			absent = append(absent, b.Title)
			continue
		}
		out = append(out, fmt.Sprintf("%-20s %s", b.Title, setupState(b, r.AgentRunning)))
		if b.Next != "" {
			out = append(out, "  next: "+b.Next)
		}
		if b.Hint != "" {
			out = append(out, "  or: "+b.Hint)
		}
	}
	switch {
	case what == "remove" && len(out) == 0:
		out = []string{"No browser was set up, so there was nothing to remove."}
	case what == "remove":
		out = []string{"This user's browsers no longer start minewatch. If you added the extension by hand, remove it on the browser's page of extensions."}
	case len(out) == 0 && what == "install":
		out = []string{"No browser was found that you have started. Start yours once, then run this again."}
	case len(out) == 0:
		out = []string{"No browser was found that you have started. minewatch knows " + strings.Join(absent, ", ") + "."}
	case what == "install":
		out = append(out, "", "`minewatch browser status` says \"connected\" when a browser is.")
	}
	_, err := fmt.Fprintln(w, strings.Join(out, "\n"))
	return err
}
