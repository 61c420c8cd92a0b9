package heuristics

import "testing"

func TestInstalled(t *testing.T) {
	at := func(exe string) Subject { s := tool(); s.Info.Exe = exe; return s }
	threads := func(n int, uneven float64) func(*Features) {
		return func(f *Features) { f.Workers, f.WorkerUneven = n, uneven }
	}
	group := at("/usr/bin/cc1")
	group.Kind = SubjectGroup
	testRule(t, installed{}, []ruleCase{
		{"one thread", at("/usr/libexec/indexer"), threads(1, 0), -1, -1, "one busy thread"},
		{"no threads known", at("/opt/server/bin/server"), nil, -1, -1, "one busy thread"},
		{"equal threads", at("/usr/bin/x"), threads(4, 0.1), -1, -1, "only an administrator"},
		{"unequal threads", at("/usr/bin/x"), threads(4, 0.8), -1, -1, "one busy thread"},
		{"a group", group, nil, -1, -1, "only an administrator"},
		{"deleted while it runs", at("/usr/bin/x (deleted)"), threads(1, 0), 0, 0, ""},
		{"somebody's own", at("/home/a/x"), threads(1, 0), 0.6, 0.6, "outside the folders"},
		{"in a temporary folder", at("/tmp/x"), threads(1, 0), 0, 0, ""},
		{"Windows", at(`C:\Program Files\x\x.exe`), threads(1, 0), -1, -1, "one busy thread"},
	})
}
