package heuristics

import "testing"

func TestKernelName(t *testing.T) {
	as := func(name, exe string) Subject { s := tool(); s.Info.Name, s.Info.Exe = name, exe; return s }
	use := func(cores, memory float64) func(*Features) {
		return func(f *Features) { f.Cores, f.Memory = cores, memory }
	}
	testRule(t, kernelName{}, []ruleCase{
		{"more than a core", as("kdevtmpfsi", ""), use(3.97, 0), 0.5, 0.5, "more than one core"},
		{"with memory", as("kthrotlds", ""), use(0.9, 1<<28), 1, 1, "memory of its own"},
		{"bioset", as("bioset", ""), use(0.9, 1<<28), 1, 1, "memory of its own"},
		{"in brackets", as("[anything]", ""), use(2, 0), 0.5, 0.5, "more than one core"},
		{"a real one", as("kswapd0", ""), use(1, 0), 0, 0, ""},
		{"another name", as("server", ""), use(3.97, 1<<28), 0, 0, ""},
		{"its file is known", as("kswapd0", "/usr/bin/x"), use(3.97, 1<<28), 0, 0, ""},
	})
}
