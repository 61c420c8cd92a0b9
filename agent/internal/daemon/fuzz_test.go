package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/server"
)

// FuzzUpgradeNote reads any note on an upgrade: what is shown is one short plain line.
func FuzzUpgradeNote(f *testing.F) {
	f.Add([]byte("The upgrade to 0.1.2 \x1b[31mdid not work.\nmore"))
	f.Add([]byte("\xff\xe2\x80\xae\r\n"))
	f.Add([]byte(strings.Repeat("長", 200)))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, note []byte) {
		if err := os.WriteFile(filepath.Join(dir, "upgrade-taken-back"), note, 0o600); err != nil {
			t.Fatal(err)
		}
		got := upgradeTakenBack(dir)
		if len([]rune(got)) > maxNote || strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || r == '\u202e' }) {
			t.Errorf("%q is shown as %q", note, got)
		}
	})
}

// FuzzAllowance takes any allowance from another user: what is stored is that user's own, and the same when it is named
// again, so that it can be taken back.
func FuzzAllowance(f *testing.F) {
	f.Add("films.test", "", "0", false)
	f.Add("https://a.films.test:8/x?y", "", "", true)
	f.Add("", "/usr/bin/x\n", "S-1-5-18", true)
	f.Add("\u202e.test", "x", "1e3", false)
	f.Fuzz(func(t *testing.T, site, program, user string, admin bool) {
		c := server.Caller{User: "1001", Admin: admin}
		a, err := cleanAllowance(c, api.Allowance{Site: site, Program: program, User: user, Until: time.Now().Add(time.Hour)})
		if err != nil {
			return
		}
		if (a.Site == "") == (a.Program == "") || !admin && a.User != c.User || !isUser(a.User) {
			t.Errorf("%q %q %q: %+v", site, program, user, a)
		}
		again, err := cleanAllowance(c, a)
		if err != nil || again != a {
			t.Errorf("%+v is named again: %+v, %v", a, again, err)
		}
	})
}
