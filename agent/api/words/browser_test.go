package words

import (
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
)

func TestBrowsersAreCalledAsPeopleKnowThem(t *testing.T) {
	for program, want := range map[string]string{
		"chromium": "Chromium", "chrome": "Google Chrome", "Google Chrome": "Google Chrome", "chrome.exe": "Google Chrome",
		"google-chrome-beta": "Google Chrome", "msedge.exe": "Microsoft Edge", "brave": "Brave", "vivaldi-bin": "Vivaldi",
		"opera.exe": "Opera", "firefox-esr": "Firefox", "firefox": "Firefox", "chromeos-helper": "chromeos-helper", "": "",
	} {
		if got := Browser(program); got != want {
			t.Errorf("Browser(%q) = %q, want %q", program, got, want)
		}
	}
}

// What a browser calls its processes means nothing to people.
func TestATabIsNotCalledAsItsProcess(t *testing.T) {
	a := &api.Alert{Subject: "browser_tab", SiteConfidence: "unknown", ProcessName: "Isolated Web Co", Browser: "firefox-esr", PID: 7}
	for _, lang := range Languages() {
		w := In(lang)
		all := strings.Join(append(w.Details(a), w.Title(a), w.Body(a)), "\n")
		if strings.Contains(all, "Isolated") || strings.Contains(all, "firefox-esr") || !strings.Contains(all, "Firefox") {
			t.Errorf("%s: %s", lang, all)
		}
	}
}
