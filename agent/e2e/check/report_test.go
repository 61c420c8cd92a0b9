//go:build linux

package check_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/e2e/check"
	"github.com/minewatch/minewatch/agent/internal/devtools"
	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/programs"
	"github.com/minewatch/minewatch/agent/testkit/sites"
)

// axeFile is where scripts/npm.sh puts axe-core, from this folder.
const axeFile = "../../../.cache/npm/test/node_modules/axe-core/axe.min.js"

// TestReport has a real report looked at on a narrow and on a wide window: nothing sticks out at the side, and axe-core
// finds nothing.
func TestReport(t *testing.T) {
	if testing.Short() {
		t.Skip("a real browser is not short")
	}
	axe, err := os.ReadFile(axeFile)
	missing := chromium.Missing()
	if err != nil {
		missing = append(missing, "axe-core (scripts/npm.sh test)")
	}
	desktop.Need(t, missing)
	all := slices.DeleteFunc(sites.Mining(), func(s *sites.Site) bool { return s.Name != "wasm-blob-1" })
	server, err := sites.Start(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	program := filepath.Join(programs.ForTest(t, programs.Agent), programs.Agent)
	file := filepath.Join(t.TempDir(), "report.html")
	recordings := t.TempDir()
	a, err := check.One(t.Context(), program, server.Proxy(), all[0], "--html", file, "--record", recordings)
	if err != nil || a.Verdict != string(api.MiningLike) {
		t.Fatalf("%+v, %v", a, err)
	}
	// The recording is judged as the page was.
	replay, err := exec.CommandContext(t.Context(), program, "replay", "--json", filepath.Join(recordings, "page1-visit1.trace.zst")).Output()
	if err != nil || !strings.Contains(string(replay), `"mining_like"`) || !strings.Contains(string(replay), "wasm-blob-1.test") {
		t.Errorf("the recording's replay: %.2000s (%v)", replay, err)
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	}))
	defer web.Close()
	look(t, web.URL, string(axe))
}

// look opens a page at two widths, in light and dark.
func look(t *testing.T, address, axe string) {
	t.Helper()
	file, err := devtools.Find()
	if err != nil {
		t.Fatal(err)
	}
	loaded := make(chan struct{}, 8)
	b, err := devtools.Start(t.Context(), devtools.Options{Program: file, Hear: func(e devtools.Event) {
		if e.Method == "Page.loadEventFired" {
			loaded <- struct{}{}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	call := func(session, method string, params, out any) {
		t.Helper()
		if err := b.Call(t.Context(), session, method, params, out); err != nil {
			t.Fatal(err)
		}
	}
	var made struct {
		Target  string `json:"targetId"`
		Session string `json:"sessionId"`
	}
	call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &made)
	call("", "Target.attachToTarget", map[string]any{"targetId": made.Target, "flatten": true}, &made)
	call(made.Session, "Page.enable", nil, nil)
	for _, width := range []int{400, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			call(made.Session, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
			call(made.Session, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
			call(made.Session, "Page.navigate", map[string]any{"url": address}, nil)
			<-loaded
			evaluate := func(text string) json.RawMessage {
				t.Helper()
				var answer struct {
					Result struct {
						Value json.RawMessage `json:"value"`
					} `json:"result"`
					Exception json.RawMessage `json:"exceptionDetails"`
				}
				call(made.Session, "Runtime.evaluate", map[string]any{"expression": text, "awaitPromise": true, "returnByValue": true}, &answer)
				if answer.Exception != nil {
					t.Fatalf("%s", answer.Exception)
				}
				return answer.Result.Value
			}
			if got := string(evaluate("document.documentElement.scrollWidth - innerWidth")); got != "0" && got[0] != '-' {
				t.Errorf("at %d px the page is %s px too wide", width, got)
			}
			evaluate(axe + "; 0")
			if got := string(evaluate(`axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target).join(" ")).join("; "))`)); got != `""` {
				t.Errorf("%s at %d px: axe-core finds %s", scheme, width, got)
			}
		}
	}
}
