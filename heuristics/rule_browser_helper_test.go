package heuristics

import "testing"

func TestBrowserHelper(t *testing.T) {
	gpu := page()
	gpu.Info.Browser = &BrowserProcess{Family: "chromium", Role: "gpu"}
	testRule(t, browserHelper{}, []ruleCase{
		{"drawing", gpu, nil, -1, -1, "serves all tabs"},
		{"page", page(), nil, 0, 0, ""},
		{"outside a browser", tool(), nil, 0, 0, ""},
	})
}
