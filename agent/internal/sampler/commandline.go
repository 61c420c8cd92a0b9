package sampler

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/minewatch/minewatch/heuristics"
)

// commandLine is what a command line says of a browser's process. Command lines themselves are not kept: they hold
// file names and secrets.
type commandLine struct {
	// program is the last element of the first word.
	program string
	// role is the value of --type, empty for a browser's main process.
	role string
	// renderer is the value of --renderer-client-id, 0 if absent.
	renderer int
}

// maxCommandLine is how much of a command line is read, in bytes. Chromium's --type comes first and the client id
// before its long lists.
const maxCommandLine = 64 << 10

// A zygote's children hold their whole command line as one string with spaces, so this works on the text and not on
// arguments.
var (
	roleFlag     = regexp.MustCompile(`(?:^|[ \x00])--type=([a-z-]{1,40})(?:$|[ \x00])`)
	rendererFlag = regexp.MustCompile(`(?:^|[ \x00])--renderer-client-id=([0-9]{1,9})(?:$|[ \x00])`)
)

func parseCommandLine(line string) commandLine {
	if len(line) > maxCommandLine {
		line = line[:maxCommandLine]
	}
	var c commandLine
	first, _, _ := strings.Cut(strings.ReplaceAll(line, "\x00", " "), " ")
	c.program = path.Base(first)
	if m := roleFlag.FindStringSubmatch(line); m != nil {
		c.role = m[1]
	}
	if m := rendererFlag.FindStringSubmatch(line); m != nil {
		n, err := strconv.Atoi(m[1])
		if err == nil {
			c.renderer = n
		}
	}
	return c
}

// chromiumBrowsers are the program names of browsers of the Chromium family (Linux, macOS and Windows, without .exe).
// Other programs with renderers are built on Electron: they have no tabs.
func isChromium(program string) bool {
	switch strings.TrimSuffix(strings.ToLower(program), ".exe") {
	case "chromium", "chromium-browser", "chrome", "google-chrome", "google chrome", "google-chrome-stable", "msedge",
		"microsoft-edge", "microsoft edge", "brave", "brave-browser", "brave browser", "vivaldi", "vivaldi-bin", "opera":
		return true
	}
	return false
}

// maxAncestors bounds the walk from a renderer to its browser: zygotes and the sandbox helper lie between.
const maxAncestors = 8

// placeInBrowser finds out which browser a process belongs to, nil if none.
func (s *Sampler) placeInBrowser(k *known) *heuristics.BrowserProcess {
	if k.command.role == "" {
		if isChromium(k.info.Name) || isChromium(k.command.program) {
			return &heuristics.BrowserProcess{Family: "chromium", Role: "browser", Root: k.id}
		}
		return nil
	}
	root := s.byPID[k.info.Parent.PID]
	for range maxAncestors {
		if root == nil || root.command.role == "" {
			break
		}
		root = s.byPID[root.info.Parent.PID]
	}
	if root == nil || root.command.role != "" || root.info.User != k.info.User {
		return nil
	}
	family := "electron"
	if isChromium(root.info.Name) || isChromium(root.command.program) {
		family = "chromium"
	}
	role := k.command.role
	if role == "gpu-process" {
		role = "gpu"
	}
	return &heuristics.BrowserProcess{Family: family, Role: role, Root: root.id, Renderer: k.command.renderer}
}
