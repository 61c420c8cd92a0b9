//go:build linux

package chromium

import "testing"

func TestParseCommand(t *testing.T) {
	for line, want := range map[string]Process{
		"/usr/lib/chromium/chromium\x00--user-data-dir=/x\x00":                           {PID: 7, Role: "browser"},
		"/usr/lib/chromium/chromium --type=renderer --renderer-client-id=12 --x":         {PID: 7, Role: "renderer", Renderer: 12},
		"chromium --type=renderer --extension-process --renderer-client-id=3":            {PID: 7, Role: "renderer", Renderer: 3, Extension: true},
		"chromium\x00--type=gpu-process\x00--gpu-preferences=--renderer-client-id=5\x00": {PID: 7, Role: "gpu-process"},
		"chromium --type=renderer --renderer-client-id=99999999999999999999":             {PID: 7, Role: "renderer"},
	} {
		if got := parseCommand(7, []byte(line)); got != want {
			t.Errorf("parseCommand(%q) = %+v, want %+v", line, got, want)
		}
	}
}
