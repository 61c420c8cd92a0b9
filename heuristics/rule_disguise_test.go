package heuristics

import "testing"

func TestDisguise(t *testing.T) {
	as := func(name, exe string) Subject { s := tool(); s.Info.Name, s.Info.Exe = name, exe; return s }
	poses := func(exe string) Subject { s := as("x", exe); s.Info.PosesAsBrowser = true; return s }
	testRule(t, disguise{}, []ruleCase{
		{"kernel thread", as("kworker/u8:2", "/home/a/x"), nil, 1, 1, "kernel"},
		{"in brackets", as("[kthreadd]", "/usr/bin/x"), nil, 1, 1, "kernel"},
		{"service elsewhere", as("systemd-logind", "/home/a/systemd-logind"), nil, 1, 1, "system service"},
		{"service of another file", as("sshd", "/usr/bin/perl"), nil, 0.7, 0.7, "another name"},
		{"service", as("systemd-journald", "/usr/lib/systemd/systemd-journald"), nil, 0, 0, ""},
		{"Windows service", as("svchost.exe", `C:\Windows\System32\svchost.exe`), nil, 0, 0, ""},
		{"a real kernel thread has no file", as("kworker/0:1", ""), nil, 0, 0, ""},
		{"says that it is a browser's", poses("/home/a/.config/x"), nil, 0.6, 0.6, "part of a browser"},
		{"an installed one says so", poses("/usr/lib/x/x"), nil, 0, 0, ""},
		{"tool", as("tool", "/usr/bin/tool"), nil, 0, 0, ""},
	})
}
