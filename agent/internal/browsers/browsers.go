// Package browsers is the one table of what is known of each browser and of the engines that browsers are built on.
//
// It holds facts and looks nothing up: who reads processes, folders or registries asks it what to look for. To add a
// browser, add an entry to All; docs/adding-a-browser.md shows one from start to end.
package browsers

import (
	"slices"
	"strings"

	"github.com/minewatch/minewatch/heuristics"
)

// Browser is what is known of one browser.
type Browser struct {
	// ID is what scripts read, such as "google-chrome"; Title what people read, such as "Google Chrome".
	ID, Title string
	// Family is heuristics.Chromium or heuristics.Firefox.
	Family heuristics.Family
	// Programs are the names of its main process's file on every system, in lower case and without .exe.
	Programs []string
	// Scheme is that of its own pages, as in chrome://extensions.
	Scheme string
}

// All returns the browsers.
func All() []Browser {
	return []Browser{
		{"chromium", "Chromium", heuristics.Chromium, []string{"chromium", "chromium-browser"}, "chrome"},
		{
			"google-chrome", "Google Chrome", heuristics.Chromium,
			[]string{"chrome", "google-chrome", "google chrome", "google-chrome-stable", "google-chrome-beta", "google-chrome-unstable"},
			"chrome",
		},
		{"microsoft-edge", "Microsoft Edge", heuristics.Chromium, []string{"msedge", "microsoft-edge", "microsoft edge", "microsoft-edge-stable"}, "edge"},
		{"brave", "Brave", heuristics.Chromium, []string{"brave", "brave-browser", "brave browser"}, "brave"},
		{"vivaldi", "Vivaldi", heuristics.Chromium, []string{"vivaldi", "vivaldi-bin", "vivaldi-stable"}, "vivaldi"},
		{"opera", "Opera", heuristics.Chromium, []string{"opera", "opera-stable", "opera browser"}, "opera"},
		{
			"firefox", "Firefox", heuristics.Firefox,
			[]string{"firefox", "firefox-esr", "firefox-bin", "firefox-beta", "firefox-nightly", "firefox-developer-edition"},
			"about",
		},
		{"librewolf", "LibreWolf", heuristics.Firefox, []string{"librewolf"}, "about"},
		{"waterfox", "Waterfox", heuristics.Firefox, []string{"waterfox"}, "about"},
		{"floorp", "Floorp", heuristics.Firefox, []string{"floorp"}, "about"},
	}
}

// programs are all browsers by the names of their programs.
var programs = func() map[string]Browser { //nolint:gochecknoglobals // an index of All, asked for each process
	out := map[string]Browser{}
	for _, b := range All() {
		for _, p := range b.Programs {
			out[p] = b
		}
	}
	return out
}()

// Bare returns the name of a program as the table has it: in lower case, without .exe.
func Bare(program string) string { return strings.TrimSuffix(strings.ToLower(program), ".exe") }

// ByProgram returns the browser whose main process has this name. A name is what a program says of itself: alone it proves
// nothing.
func ByProgram(name string) (Browser, bool) {
	b, ok := programs[Bare(name)]
	return b, ok
}

// Title returns the name by which people know a browser, given the name of its program; of any other program that name
// itself.
func Title(program string) string {
	if b, ok := ByProgram(program); ok {
		return b.Title
	}
	return program
}

// IsPublic reports whether a name is that of a browser's program or of a process that an engine names: the same on every
// computer, so that it tells nothing of whose it is. Linux cuts names to 15 bytes.
func IsPublic(name string) bool {
	name = Bare(name)
	if _, ok := programs[name]; ok || cutNames[name] {
		return true
	}
	return slices.ContainsFunc(Engines(), func(e Engine) bool { return slices.Contains(e.Processes, name) })
}

// kernelName is the length, in bytes, to which Linux cuts the name of a process.
const kernelName = 15

// cutNames are the names of programs as Linux cuts them.
var cutNames = func() map[string]bool { //nolint:gochecknoglobals // an index of All
	out := map[string]bool{}
	for p := range programs {
		if len(p) > kernelName {
			out[p[:kernelName]] = true
		}
	}
	return out
}()
