package heuristics

import "testing"

func TestOddPlace(t *testing.T) {
	at := func(exe string) Subject { s := tool(); s.Info.Exe = exe; return s }
	testRule(t, oddPlace{}, []ruleCase{
		{"temporary", at("/tmp/x/run"), nil, 1, 1, "temporary folder"},
		{"memory", at("/dev/shm/run (deleted)"), nil, 1, 1, "temporary folder"},
		{"Windows", at(`C:\Users\a\AppData\Local\Temp\run.exe`), nil, 1, 1, "temporary folder"},
		{"deleted", at("/usr/bin/run (deleted)"), nil, 0.7, 0.7, "deleted"},
		{"hidden folder", at("/home/a/.cache/run"), nil, 0.5, 0.5, "hidden folder"},
		{"installed", at("/usr/bin/run"), nil, 0, 0, ""},
		{"not known", at(""), nil, 0, 0, ""},
	})
}
