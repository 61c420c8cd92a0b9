package heuristics

import "testing"

func TestOddPlace(t *testing.T) {
	at := func(exe string) Subject { s := tool(); s.Info.Exe = exe; return s }
	testRule(t, oddPlace{}, []ruleCase{
		{"temporary", at("/tmp/x/run"), nil, 1, 1, "temporary folder"},
		{"memory", at("/dev/shm/run (deleted)"), nil, 1, 1, "temporary folder"},
		{"Windows", at(`C:\Users\a\AppData\Local\Temp\run.exe`), nil, 1, 1, "temporary folder"},
		{"deleted", at("/usr/bin/run (deleted)"), nil, 0.7, 0.7, "deleted"},
		{"pyenv", at("/home/a/.pyenv/versions/3.12.1/bin/python3.12"), nil, 0, 0, ""},
		{"cargo", at("/home/a/.cargo/bin/rg"), nil, 0, 0, ""},
		{"nvm", at("/home/a/.nvm/versions/node/v20/bin/node"), nil, 0, 0, ""},
		{"flatpak", at("/home/a/.local/share/flatpak/app/org.x/x86_64/stable/active/files/bin/x"), nil, 0, 0, ""},
		{"hidden below a tool's folder", at("/home/a/.cargo/bin/.x/run"), nil, 0.5, 0.5, "hidden folder"},
		{"hidden outside of a home", at("/var/lib/.x/bin/run"), nil, 0.5, 0.5, "hidden folder"},
		{"a hidden file", at("/home/a/.run"), nil, 0.5, 0.5, "hidden folder"},
		{"an application's image", at("/tmp/.mount_XYZ/usr/bin/app"), nil, 0.5, 0.5, "hidden folder"},
		{"hidden folder", at("/home/a/.cache/run"), nil, 0.5, 0.5, "hidden folder"},
		{"installed", at("/usr/bin/run"), nil, 0, 0, ""},
		{"not known", at(""), nil, 0, 0, ""},
	})
}
