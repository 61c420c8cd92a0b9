package install

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is wanted again")

// golden returns the plan as text with the content of every manifest and policy, for tests and for reading.
func (p *Plan) golden() string {
	var out strings.Builder
	for _, line := range Describe(p.GOOS, p.Steps) {
		fmt.Fprintln(&out, line)
	}
	shown := map[string]bool{}
	for i := range p.Steps {
		s := &p.Steps[i]
		text := string(s.Data)
		if name := path.Base(s.File); s.Key != "" || shown[text] || name != manifestName && name != policyName && name != geckoPolicy && name != "update.xml" {
			continue
		}
		shown[text] = true
		fmt.Fprintf(&out, "\n%s:\n%s", s.target(p.GOOS), text)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&out, "\nnote: %s\n", n)
	}
	return out.String()
}

// homeOf returns the folders of a user of a system.
func homeOf(goos string) (Setup, Setup) {
	user := Setup{GOOS: goos, Exe: "/usr/bin/minewatch-host", State: "/home/ada/.local/state/minewatch", Paths: Paths{Home: "/home/ada"}}
	switch goos {
	case darwin:
		user.Exe, user.State = "/usr/local/bin/minewatch-host", "/Users/ada/.local/state/minewatch"
		user.Paths.Home = "/Users/ada"
	case win:
		user.Exe = `C:\Program Files\minewatch\minewatch-host.exe`
		user.State = `C:\Users\ada\AppData\Local\minewatch`
		user.Paths = Paths{Home: `C:\Users\ada`, Local: `C:\Users\ada\AppData\Local`, Roaming: `C:\Users\ada\AppData\Roaming`}
	}
	system := user
	system.Debian = goos == linux
	return user, system
}

// Every plan is pinned whole but for the extension's own files: every path, every key and every manifest.
func TestPlans(t *testing.T) {
	for _, goos := range []string{linux, darwin, win} {
		user, system := homeOf(goos)
		all := Browsers(goos, &user.Paths)
		forUser, err := UserPlan(&user, all)
		if err != nil {
			t.Fatal(err)
		}
		forAll, err := SystemPlan(&system)
		if err != nil {
			t.Fatal(err)
		}
		for scope, p := range map[string]*Plan{"user": forUser, "system": forAll} {
			file := filepath.Join("testdata", goos+"-"+scope+".txt")
			got := p.golden()
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
	}
	if _, err := SystemPlan(&Setup{GOOS: "plan9", Exe: "/bin/minewatch"}); err == nil {
		t.Error("plan9: no error")
	}
}

// No browser's user plan reaches outside the user's own folders, and every browser is told.
func TestUserPlanStaysAtHome(t *testing.T) {
	for _, goos := range []string{linux, darwin, win} {
		user, _ := homeOf(goos)
		all := Browsers(goos, &user.Paths)
		p, err := UserPlan(&user, all)
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Steps {
			at := p.Steps[i].target(goos)
			if !strings.HasPrefix(at, user.Paths.Home) && !strings.HasPrefix(at, `HKCU\Software\`) {
				t.Errorf("%s: %s", goos, at)
			}
		}
		for _, b := range all {
			told := false
			for i := range p.Steps {
				told = told || p.Steps[i].What == HostManifest && strings.Contains(strings.Join(p.Steps[i].For, "\n")+"\n", b.Title+"\n")
			}
			if told == b.sandboxed {
				t.Errorf("%s: %s is told: %v", goos, b.Name, told)
			}
		}
	}
}
