package heuristics

import "testing"

func TestLowPriority(t *testing.T) {
	nice := func(n int) Subject { s := tool(); s.Info.Exe, s.Info.Nice = "/home/a/x", n; return s }
	testRule(t, lowPriority{}, []ruleCase{
		{"lowest", nice(19), nil, 1, 1, "gives way"},
		{"a service", func() Subject { s := nice(19); s.Info.Exe = "/usr/libexec/indexer"; return s }(), nil, 0, 0, ""},
		{"ordinary", nice(0), nil, 0, 0, ""},
		{"somewhat low", nice(5), nil, 0, 0, ""},
	})
}
