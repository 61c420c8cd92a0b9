package browsers

import "github.com/minewatch/minewatch/heuristics"

// Where browsers look for the manifests of native messaging hosts. The folders below /etc are documented by Chrome,
// Chromium (which is what a browser reads that was built without Google's name: chrome/common/chrome_paths.cc), Edge and
// Mozilla. For Brave both are in use.
const (
	ChromiumHosts = "NativeMessagingHosts"   // of the Chromium family, and of Firefox on macOS
	GeckoHosts    = "native-messaging-hosts" // of Firefox on Linux, and of all browsers below /etc

	etcChrome, etcChromium, etcEdge, etcBrave = "/etc/opt/chrome/", "/etc/chromium/", "/etc/opt/edge/", "/etc/brave/"
	managed                                   = "policies/managed"

	macChromium = "/Library/Application Support/Chromium/" + ChromiumHosts
	macChrome   = "/Library/Google/Chrome/" + ChromiumHosts
	macEdge     = "/Library/Microsoft/Edge/" + ChromiumHosts
	macMozilla  = "/Library/Application Support/Mozilla/" + ChromiumHosts
)

// All returns the browsers, in the order in which people are told of them.
func All() []Browser {
	return []Browser{
		chromiumBrowser(), chrome(), edge(), brave(), vivaldi(), opera(), firefox(),
		{ID: "librewolf", Title: "LibreWolf", Family: heuristics.Firefox, Programs: []string{"librewolf"}, Scheme: "about"},
		{ID: "waterfox", Title: "Waterfox", Family: heuristics.Firefox, Programs: []string{"waterfox"}, Scheme: "about"},
		{ID: "floorp", Title: "Floorp", Family: heuristics.Firefox, Programs: []string{"floorp"}, Scheme: "about"},
	}
}

// onLinux, onMac and onWindows return a place of the Chromium family. What the arguments hold
// is said at Place: profiles is Profiles, policies is Policies ("" where none is known), all is AllHosts (on Linux without
// the last folder, GeckoHosts), keys is Keys.
func onLinux(id, title string, programs []string, profiles, policies string, all ...string) Place {
	for i := range all {
		all[i] += GeckoHosts
	}
	return Place{ID: id, Title: title, Programs: programs, Profiles: profiles, UserHosts: ChromiumHosts, AllHosts: all, Policies: policies}
}

func onMac(id, title, program, profiles, all string) Place {
	return Place{ID: id, Title: title, Programs: []string{program}, Profiles: profiles, UserHosts: ChromiumHosts, AllHosts: []string{all}}
}

func onWindows(id, title string, programs []string, profiles string, keys ...string) Place {
	return Place{ID: id, Title: title, Programs: programs, Profiles: profiles, Keys: keys}
}

func chromiumBrowser() Browser {
	const id, title = "chromium", "Chromium"
	return Browser{
		ID: id, Title: title, Family: heuristics.Chromium, Programs: []string{"chromium", "chromium-browser"}, Scheme: "chrome",
		Linux:   []Place{onLinux(id, title, []string{"chromium", "chromium-browser"}, "chromium", etcChromium+managed, etcChromium)},
		Mac:     []Place{onMac(id, title, "chromium", "Chromium", macChromium)},
		Windows: []Place{onWindows(id, title, []string{"chromium", "chrome"}, "Chromium/User Data", "Chromium")},
		Snap:    "chromium", Flatpak: "org.chromium.Chromium",
	}
}

func chrome() Browser {
	const id, key = "google-chrome", "Google/Chrome"
	chrome := []string{"chrome"}
	return Browser{
		ID: id, Title: "Google Chrome", Family: heuristics.Chromium,
		Programs: []string{
			"chrome", "google-chrome", "google chrome", "google-chrome-stable", "google-chrome-beta", "google-chrome-unstable",
			"google chrome beta", "google chrome dev", "google chrome canary",
		},
		Scheme: "chrome",
		Linux: []Place{
			onLinux(id, "Chrome", []string{"chrome", "google-chrome"}, "google-chrome", etcChrome+managed, etcChrome),
			onLinux(id+"-beta", "Chrome Beta", chrome, "google-chrome-beta", "", etcChrome),
			onLinux(id+"-unstable", "Chrome Dev", chrome, "google-chrome-unstable", "", etcChrome),
		},
		Mac: []Place{
			onMac(id, "Chrome", "google chrome", "Google/Chrome", macChrome),
			onMac(id+"-beta", "Chrome Beta", "google chrome beta", "Google/Chrome Beta", macChrome),
			onMac(id+"-unstable", "Chrome Dev", "google chrome dev", "Google/Chrome Dev", macChrome),
			onMac(id+"-canary", "Chrome Canary", "google chrome canary", "Google/Chrome Canary", macChrome),
		},
		Windows: []Place{
			onWindows(id, "Chrome", chrome, "Google/Chrome/User Data", key),
			onWindows(id+"-beta", "Chrome Beta", chrome, "Google/Chrome Beta/User Data", key),
			onWindows(id+"-unstable", "Chrome Dev", chrome, "Google/Chrome Dev/User Data", key),
			onWindows(id+"-canary", "Chrome Canary", chrome, "Google/Chrome SxS/User Data", key),
		},
		Flatpak: "com.google.Chrome",
	}
}

func edge() Browser {
	const id = "microsoft-edge"
	edge := []string{"msedge"}
	return Browser{
		ID: id, Title: "Microsoft Edge", Family: heuristics.Chromium,
		Programs: []string{"msedge", "microsoft-edge", "microsoft edge", "microsoft-edge-stable", "microsoft-edge-beta", "microsoft-edge-dev"},
		Scheme:   "edge",
		Linux: []Place{
			onLinux(id, "Edge", []string{"msedge", "microsoft-edge"}, "microsoft-edge", etcEdge+managed, etcEdge),
			onLinux(id+"-beta", "Edge Beta", edge, "microsoft-edge-beta", "", etcEdge),
			onLinux(id+"-dev", "Edge Dev", edge, "microsoft-edge-dev", "", etcEdge),
		},
		Mac:     []Place{onMac(id, "Edge", "microsoft edge", "Microsoft Edge", macEdge)},
		Windows: []Place{onWindows(id, "Edge", edge, "Microsoft/Edge/User Data", "Microsoft/Edge")},
		Flatpak: "com.microsoft.Edge",
	}
}

func brave() Browser {
	const id, title = "brave", "Brave"
	return Browser{
		ID: id, Title: title, Family: heuristics.Chromium, Programs: []string{"brave", "brave-browser", "brave browser"}, Scheme: "brave",
		Linux:   []Place{onLinux(id, title, []string{"brave", "brave-browser"}, "BraveSoftware/Brave-Browser", etcBrave+managed, etcBrave, etcChromium)},
		Mac:     []Place{onMac(id, title, "brave browser", "BraveSoftware/Brave-Browser", macChromium)},
		Windows: []Place{onWindows(id, title, []string{"brave"}, "BraveSoftware/Brave-Browser/User Data", "BraveSoftware/Brave-Browser", "Chromium")},
		Snap:    "brave", Flatpak: "com.brave.Browser",
	}
}

func vivaldi() Browser {
	const id, title = "vivaldi", "Vivaldi"
	return Browser{
		ID: id, Title: title, Family: heuristics.Chromium, Programs: []string{"vivaldi", "vivaldi-bin", "vivaldi-stable"}, Scheme: "vivaldi",
		Linux:   []Place{onLinux(id, title, []string{"vivaldi", "vivaldi-bin"}, "vivaldi", "", etcChromium)},
		Mac:     []Place{onMac(id, title, "vivaldi", "Vivaldi", macChromium)},
		Windows: []Place{onWindows(id, title, []string{"vivaldi"}, "Vivaldi/User Data", "Vivaldi", "Chromium")},
		Flatpak: "com.vivaldi.Vivaldi",
	}
}

func opera() Browser {
	const id, title = "opera", "Opera"
	windows := onWindows(id, title, []string{"opera"}, "Opera Software/Opera Stable", "Google/Chrome", "Chromium")
	windows.Roaming = true
	return Browser{
		ID: id, Title: title, Family: heuristics.Chromium, Programs: []string{"opera", "opera-stable", "opera browser"}, Scheme: "opera",
		Linux:   []Place{onLinux(id, title, []string{"opera"}, "opera", "", etcChromium, etcChrome)},
		Mac:     []Place{onMac(id, title, "opera", "com.operasoftware.Opera", macChromium)},
		Windows: []Place{windows},
		Snap:    "opera", Flatpak: "com.opera.Opera",
	}
}

func firefox() Browser {
	const id, title = "firefox", "Firefox"
	return Browser{
		ID: id, Title: title, Family: heuristics.Firefox,
		Programs: []string{"firefox", "firefox-esr", "firefox-bin", "firefox-beta", "firefox-nightly", "firefox-developer-edition"},
		Scheme:   "about",
		Linux: []Place{{
			ID: id, Title: title, Programs: []string{"firefox", "firefox-esr", "firefox-bin"}, Profiles: ".mozilla", InHome: true, Also: "mozilla",
			UserHosts: GeckoHosts, AllHosts: []string{"/usr/lib/mozilla/" + GeckoHosts}, Policies: "/etc/firefox/policies",
		}},
		Mac:     []Place{onMac(id, title, "firefox", "Mozilla", macMozilla)},
		Windows: []Place{{ID: id, Title: title, Programs: []string{"firefox"}, Profiles: "Mozilla/Firefox", Roaming: true, Keys: []string{"Mozilla"}}},
		Snap:    "firefox", Flatpak: "org.mozilla.firefox",
	}
}
