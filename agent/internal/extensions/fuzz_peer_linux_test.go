package extensions

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/minewatch/minewatch/agent/internal/procfs"
)

// FuzzPeer resolves a host and its parent from files that hold anything: a peer that comes of it has a parent that is not
// init, is of one user, whose number is one, and has a name that is plain.
func FuzzPeer(f *testing.F) {
	stat := func(name string, pid, parent int) string {
		return strconv.Itoa(pid) + " (" + name + ") S " + strconv.Itoa(parent) + strings.Repeat(" 0", 17) + " 77 0 0\n"
	}
	f.Add(stat("minewatch", 11, 10), "Uid:\t1000\t0\t0\t0\n", stat("chrome) S 1 (\n\x1b[31m", 10, 1), "Uid:\t1000\t0\t0\t0\n")
	f.Add(stat("a", 11, 1), "Uid:\t1000\t0\t0\t0\n", stat("b", 10, 1), "Uid:\t1001\t0\t0\t0\n")
	f.Add(stat("a", 11, 11), "Uid:\t4294967296\t0\n", "", "Name:\tx\n")
	root := f.TempDir()
	for _, pid := range []string{"10", "11"} {
		if err := os.MkdirAll(filepath.Join(root, pid), 0o700); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, hostStat, hostStatus, rootStat, rootStatus string) {
		for name, text := range map[string]string{"11/stat": hostStat, "11/status": hostStatus, "10/stat": rootStat, "10/status": rootStatus} {
			if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p, err := resolvePeer(procfs.New(root), 11)
		if err != nil {
			if p != (Peer{}) {
				t.Errorf("%+v beside %v", p, err)
			}
			return
		}
		uid, err := strconv.ParseUint(p.User, 10, 32)
		if p.PID != 11 || p.Root.PID <= 1 || p.Root.StartTime < 0 || strings.ContainsFunc(p.Browser, unicode.IsControl) {
			t.Errorf("%+v", p)
		}
		if err := errors.Join(err, sameOwner(hostStatus, uid)); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	})
}

// sameOwner looks for a uid in another way than the parser.
func sameOwner(status string, uid uint64) error {
	if strings.Contains(status, strconv.FormatUint(uid, 10)) {
		return nil
	}
	return errors.New("the uid is not in the host's status")
}
