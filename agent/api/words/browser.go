package words

import "strings"

// Browser returns the name by which people know a browser, given the name of its program; of any other program that
// name itself.
func Browser(program string) string {
	switch p := strings.TrimSuffix(strings.ToLower(program), ".exe"); {
	case p == "chromium", p == "chromium-browser":
		return "Chromium"
	case p == "chrome", strings.HasPrefix(p, "google chrome"), strings.HasPrefix(p, "google-chrome"):
		return "Google Chrome"
	case p == "msedge", p == "microsoft edge", strings.HasPrefix(p, "microsoft-edge"):
		return "Microsoft Edge"
	case p == "brave", p == "brave browser", strings.HasPrefix(p, "brave-browser"):
		return "Brave"
	case p == "vivaldi", strings.HasPrefix(p, "vivaldi-"):
		return "Vivaldi"
	case p == "opera", p == "opera browser", strings.HasPrefix(p, "opera-"):
		return "Opera"
	case p == "firefox", strings.HasPrefix(p, "firefox-"):
		return "Firefox"
	case p == "librewolf":
		return "LibreWolf"
	case p == "waterfox":
		return "Waterfox"
	case p == "floorp":
		return "Floorp"
	default:
		return program
	}
}
