package install

import (
	"path/filepath"
	"strings"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/internal/browsers"
	"github.com/minewatch/minewatch/heuristics"
)

// Systems, as runtime.GOOS names them.
const (
	linux  = "linux"
	darwin = "darwin"
	win    = "windows"
)

// Browser is a browser that the program can be connected to.
type Browser struct {
	// Name is what scripts read, such as "google-chrome"; Title what people read.
	Name, Title string
	// Family is extension.Chromium or extension.Firefox.
	Family string
	// programs are the names of its main process.
	programs []string
	// sandboxed: a snap or flatpak, which starts no program outside its sandbox.
	sandboxed bool

	// base and folder are where it keeps a user's settings: its being there says that the user has started it. also says
	// it too: newer Firefox keeps its profiles elsewhere, but looks for manifests where it always did.
	base, folder, also string
	// hosts is the folder of host manifests in folder; empty on Windows.
	hosts string
	// system are the folders of host manifests for all users, the one that counts first.
	system []string
	// keys are the registry's keys of host manifests on Windows, below HKCU or HKLM, the one that counts first.
	keys []string
	// policies is the folder of policies for all users, where there is one.
	policies string
}

// Runs reports whether a main process of this name can be this browser's.
func (b *Browser) Runs(program string) bool {
	program = strings.ToLower(program)
	for _, p := range b.programs {
		if program == p || program == p+".exe" {
			return true
		}
	}
	return false
}

// Paths are the folders of a user on which it depends where browsers keep their files.
type Paths struct {
	Home string
	// Config is $XDG_CONFIG_HOME; Local and Roaming are %LOCALAPPDATA% and %APPDATA%.
	Config, Local, Roaming string
}

// Browsers returns the browsers of a system, those in sandboxes last. There are none for a system that is not known.
func Browsers(goos string, p *Paths) []Browser {
	var out, sandboxed []Browser
	for _, b := range browsers.All() {
		for _, at := range b.Places(goos) {
			out = append(out, placed(goos, p, &b, &at))
		}
		if goos == linux {
			sandboxed = append(sandboxed, sandboxedOnes(p, &b)...)
		}
	}
	return append(out, sandboxed...)
}

// placed returns a browser of the table at one of its places, for a user.
func placed(goos string, p *Paths, b *browsers.Browser, at *browsers.Place) Browser {
	out := Browser{
		Name: at.ID, Title: at.Title, Family: familyOf(b), programs: at.Programs, hosts: at.UserHosts, system: at.AllHosts,
		policies: at.Policies, base: p.Home, folder: join(goos, at.Profiles),
	}
	switch goos {
	case linux:
		config, below := p.Home, ".config"
		if filepath.IsAbs(p.Config) { // the specification has relative ones ignored
			config, below = p.Config, ""
		}
		if !at.InHome {
			out.base, out.folder = config, join(linux, below, at.Profiles)
		}
		if at.Also != "" {
			out.also = join(linux, config, below, at.Also)
		}
	case darwin:
		out.folder = "Library/Application Support/" + at.Profiles
	case win:
		if out.base = p.Local; at.Roaming {
			out.base = p.Roaming
		}
		for _, k := range at.Keys {
			out.keys = append(out.keys, join(win, "Software", k, "NativeMessagingHosts", extension.Host))
		}
	}
	return out
}

// sandboxedOnes returns a browser's forms that are named only to say that they cannot be connected.
func sandboxedOnes(p *Paths, b *browsers.Browser) (out []Browser) {
	short := b.Linux
	if len(short) == 0 {
		return nil
	}
	at := func(kind, folder string) {
		out = append(out, Browser{
			Name: b.ID + " (" + kind + ")", Title: short[0].Title + " (" + kind + ")", Family: familyOf(b), hosts: short[0].UserHosts,
			sandboxed: true, base: p.Home, folder: folder,
		})
	}
	if b.Snap != "" {
		at("snap", "snap/"+b.Snap)
	}
	if b.Flatpak != "" {
		at("flatpak", ".var/app/"+b.Flatpak)
	}
	return out
}

// familyOf returns the extension that a browser takes.
func familyOf(b *browsers.Browser) string {
	if b.Family == heuristics.Firefox {
		return extension.Firefox
	}
	return extension.Chromium
}

// join joins parts of a path of a system, which need not be this one.
func join(goos string, parts ...string) string {
	if goos != win {
		return filepath.ToSlash(filepath.Join(parts...))
	}
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, strings.ReplaceAll(p, "/", `\`))
		}
	}
	return strings.Join(out, `\`)
}
