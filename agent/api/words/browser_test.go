package words

import (
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
)

// What a browser calls its processes means nothing to people.
func TestATabIsNotCalledAsItsProcess(t *testing.T) {
	a := &api.Alert{Subject: "browser_tab", SiteConfidence: "unknown", ProcessName: "Isolated Web Co", Browser: "firefox-esr", BrowserTitle: "Firefox", PID: 7}
	for _, lang := range Languages() {
		w := In(lang)
		all := strings.Join(append(w.Details(a), w.Title(a), w.Body(a)), "\n")
		if strings.Contains(all, "Isolated") || strings.Contains(all, "firefox-esr") || !strings.Contains(all, "Firefox") {
			t.Errorf("%s: %s", lang, all)
		}
	}
}
