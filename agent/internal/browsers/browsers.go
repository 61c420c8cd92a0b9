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
	// Linux, Mac and Windows are its places on each system, one a channel (stable, beta, …); none where it is not known
	// where it keeps its files, so that nothing can be set up in it.
	Linux, Mac, Windows []Place
	// Snap is its folder below a user's home as a snap, Flatpak its application ID. Neither starts a program outside its
	// sandbox.
	Snap, Flatpak string
}

// Place is where one channel of a browser keeps its files on one system. Paths have forward slashes.
type Place struct {
	// ID and Title are the channel's, as in Browser, but Title is short: "Chrome Beta".
	ID, Title string
	// Programs are the names of its main process's file on this system.
	Programs []string
	// Profiles is the folder of a user's settings: on Linux below $XDG_CONFIG_HOME (in the home folder with InHome), on
	// macOS below Library/Application Support, on Windows below %LOCALAPPDATA% (%APPDATA% with Roaming). Also is one more
	// below $XDG_CONFIG_HOME whose being there says that the user has started it.
	Profiles, Also  string
	InHome, Roaming bool
	// UserHosts is the folder of host manifests in Profiles. AllHosts are those for all users, the one that counts first.
	UserHosts string
	AllHosts  []string
	// Keys are the keys of the registry of Windows below HKCU\Software or HKLM\Software in which it looks for host
	// manifests, the one that counts first.
	Keys []string
	// Policies is the folder of policies for all users, where there is one.
	Policies string
}

// Places returns a browser's places on a system, by the name that Go gives the system.
func (b *Browser) Places(goos string) []Place {
	switch goos {
	case "linux":
		return b.Linux
	case "darwin":
		return b.Mac
	case "windows":
		return b.Windows
	}
	return nil
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
