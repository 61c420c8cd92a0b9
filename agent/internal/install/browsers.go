package install

import (
	"path/filepath"
	"strings"

	"github.com/minewatch/minewatch/agent/extension"
)

// Systems, as runtime.GOOS names them.
const (
	linux  = "linux"
	darwin = "darwin"
	win    = "windows"
)

const (
	chromiumHosts = "NativeMessagingHosts"   // of the Chromium family, and of Firefox on macOS
	geckoHosts    = "native-messaging-hosts" // of Firefox on Linux, and of all browsers below /etc
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
	switch goos {
	case linux:
		return append(linuxBrowsers(p), sandboxedBrowsers(p)...)
	case darwin:
		return darwinBrowsers(p)
	case win:
		return windowsBrowsers(p)
	default:
		return nil
	}
}

// one returns what is the same of a browser on every system.
func one(name, title string, programs ...string) Browser {
	family := extension.Chromium
	if strings.HasPrefix(name, "firefox") {
		family = extension.Firefox
	}
	return Browser{Name: name, Title: title, Family: family, programs: programs, hosts: chromiumHosts}
}

// linuxBrowsers returns the browsers of Linux. A user's folders are the profiles' own; those below /etc are documented by
// Chrome, Chromium (which is what a browser reads that was built without Google's name: chrome/common/chrome_paths.cc),
// Edge and Mozilla. For Brave both are in use.
func linuxBrowsers(p *Paths) []Browser {
	base, below := p.Home, ".config"
	if filepath.IsAbs(p.Config) { // the specification has relative ones ignored
		base, below = p.Config, ""
	}
	at := func(b Browser, folder, policies string, system ...string) Browser {
		b.base, b.folder, b.policies, b.system = base, join(linux, below, folder), policies, system
		return b
	}
	const chrome, chromium, edge, brave = "/etc/opt/chrome/", "/etc/chromium/", "/etc/opt/edge/", "/etc/brave/"
	const hosts, policies = geckoHosts, "policies/managed"
	firefox := one("firefox", "Firefox", "firefox", "firefox-esr", "firefox-bin")
	firefox.base, firefox.folder, firefox.hosts = p.Home, ".mozilla", geckoHosts
	firefox.also = join(linux, base, below, "mozilla")
	firefox.system, firefox.policies = []string{"/usr/lib/mozilla/" + hosts}, "/etc/firefox/policies"
	return []Browser{
		at(one("chromium", "Chromium", "chromium", "chromium-browser"), "chromium", chromium+policies, chromium+hosts),
		at(one("google-chrome", "Chrome", "chrome", "google-chrome"), "google-chrome", chrome+policies, chrome+hosts),
		at(one("google-chrome-beta", "Chrome Beta", "chrome"), "google-chrome-beta", "", chrome+hosts),
		at(one("google-chrome-unstable", "Chrome Dev", "chrome"), "google-chrome-unstable", "", chrome+hosts),
		at(one("microsoft-edge", "Edge", "msedge", "microsoft-edge"), "microsoft-edge", edge+policies, edge+hosts),
		at(one("microsoft-edge-beta", "Edge Beta", "msedge"), "microsoft-edge-beta", "", edge+hosts),
		at(one("microsoft-edge-dev", "Edge Dev", "msedge"), "microsoft-edge-dev", "", edge+hosts),
		at(one("brave", "Brave", "brave", "brave-browser"), "BraveSoftware/Brave-Browser", brave+policies, brave+hosts, chromium+hosts),
		at(one("vivaldi", "Vivaldi", "vivaldi", "vivaldi-bin"), "vivaldi", "", chromium+hosts),
		at(one("opera", "Opera", "opera"), "opera", "", chromium+hosts, chrome+hosts),
		firefox,
	}
}

// sandboxedBrowsers returns those that are named only to say that they cannot be connected.
func sandboxedBrowsers(p *Paths) []Browser {
	at := func(name, title, folder string) Browser {
		b := one(name, title)
		b.sandboxed, b.base, b.folder = true, p.Home, folder
		return b
	}
	return []Browser{
		at("chromium (snap)", "Chromium (snap)", "snap/chromium"),
		at("chromium (flatpak)", "Chromium (flatpak)", ".var/app/org.chromium.Chromium"),
		at("google-chrome (flatpak)", "Chrome (flatpak)", ".var/app/com.google.Chrome"),
		at("microsoft-edge (flatpak)", "Edge (flatpak)", ".var/app/com.microsoft.Edge"),
		at("brave (snap)", "Brave (snap)", "snap/brave"),
		at("brave (flatpak)", "Brave (flatpak)", ".var/app/com.brave.Browser"),
		at("vivaldi (flatpak)", "Vivaldi (flatpak)", ".var/app/com.vivaldi.Vivaldi"),
		at("opera (snap)", "Opera (snap)", "snap/opera"),
		at("opera (flatpak)", "Opera (flatpak)", ".var/app/com.opera.Opera"),
		at("firefox (snap)", "Firefox (snap)", "snap/firefox"),
		at("firefox (flatpak)", "Firefox (flatpak)", ".var/app/org.mozilla.firefox"),
	}
}

func darwinBrowsers(p *Paths) []Browser {
	const support = "Library/Application Support"
	at := func(b Browser, folder, system string) Browser {
		b.base, b.folder, b.system = p.Home, support+"/"+folder, []string{"/Library/" + system + "/" + chromiumHosts}
		return b
	}
	// A browser built without Google's name reads Chromium's (chrome/common/chrome_paths.cc).
	const chromium, chrome, edge = "Application Support/Chromium", "Google/Chrome", "Microsoft/Edge"
	return []Browser{
		at(one("chromium", "Chromium", "chromium"), "Chromium", chromium),
		at(one("google-chrome", "Chrome", "google chrome"), "Google/Chrome", chrome),
		at(one("google-chrome-beta", "Chrome Beta", "google chrome beta"), "Google/Chrome Beta", chrome),
		at(one("google-chrome-unstable", "Chrome Dev", "google chrome dev"), "Google/Chrome Dev", chrome),
		at(one("google-chrome-canary", "Chrome Canary", "google chrome canary"), "Google/Chrome Canary", chrome),
		at(one("microsoft-edge", "Edge", "microsoft edge"), "Microsoft Edge", edge),
		at(one("brave", "Brave", "brave browser"), "BraveSoftware/Brave-Browser", chromium),
		at(one("vivaldi", "Vivaldi", "vivaldi"), "Vivaldi", chromium),
		at(one("opera", "Opera", "opera"), "com.operasoftware.Opera", chromium),
		at(one("firefox", "Firefox", "firefox"), "Mozilla", "Application Support/Mozilla"),
	}
}

func windowsBrowsers(p *Paths) []Browser {
	at := func(b Browser, base, folder string, keys ...string) Browser {
		b.base, b.folder, b.hosts = base, folder, ""
		for _, k := range keys {
			b.keys = append(b.keys, `Software\`+k+`\NativeMessagingHosts\`+extension.Host)
		}
		return b
	}
	const chrome, edge = `Google\Chrome`, `Microsoft\Edge`
	return []Browser{
		at(one("chromium", "Chromium", "chromium", "chrome"), p.Local, `Chromium\User Data`, `Chromium`),
		at(one("google-chrome", "Chrome", "chrome"), p.Local, `Google\Chrome\User Data`, chrome),
		at(one("google-chrome-beta", "Chrome Beta", "chrome"), p.Local, `Google\Chrome Beta\User Data`, chrome),
		at(one("google-chrome-unstable", "Chrome Dev", "chrome"), p.Local, `Google\Chrome Dev\User Data`, chrome),
		at(one("google-chrome-canary", "Chrome Canary", "chrome"), p.Local, `Google\Chrome SxS\User Data`, chrome),
		at(one("microsoft-edge", "Edge", "msedge"), p.Local, `Microsoft\Edge\User Data`, edge),
		at(one("brave", "Brave", "brave"), p.Local, `BraveSoftware\Brave-Browser\User Data`, `BraveSoftware\Brave-Browser`, `Chromium`),
		at(one("vivaldi", "Vivaldi", "vivaldi"), p.Local, `Vivaldi\User Data`, `Vivaldi`, `Chromium`),
		at(one("opera", "Opera", "opera"), p.Roaming, `Opera Software\Opera Stable`, chrome, `Chromium`),
		at(one("firefox", "Firefox", "firefox"), p.Roaming, `Mozilla\Firefox`, `Mozilla`),
	}
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
