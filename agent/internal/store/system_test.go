//go:build unix

package store

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/testkit/programs"
)

// roleVar names the part that a child process of these tests plays instead of running them.
const roleVar = "MINEWATCH_STORE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVar); role {
	case "":
		os.Exit(m.Run())
	case "writer":
		writeUntilKilled(os.Args[1], os.Args[2])
	case "open":
		openAndTell(os.Args[1])
	default:
		fmt.Fprintln(os.Stderr, "unknown role", role)
		os.Exit(2)
	}
}

const nobody = programs.Nobody

// child returns this test program in another role, as another user if uid is not 0.
func child(t *testing.T, role string, uid uint32, args ...string) *exec.Cmd {
	t.Helper()
	cmd, err := programs.Self(t.Context(), roleVar+"="+role, uid, args...)
	must(t, err)
	return cmd
}

// writeUntilKilled stores alerts and allowances as fast as it can and prints each name once it is stored.
func writeUntilKilled(dir, prefix string) {
	s, aside, err := Open(dir, prefix)
	if err != nil || aside != "" {
		fmt.Println("failed", err, aside)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		name := fmt.Sprintf("%s-%d", prefix, i)
		a := sample(name)
		a.Exe = strings.Repeat("x", i%3000) // some rows take more than a page
		if err = s.SaveAlert(a); err == nil && i%10 == 0 {
			err = s.AddAllowance(context.Background(), api.Allowance{User: prefix, Site: name})
		}
		if err == nil && i%25 == 24 {
			err = s.Prune(noon, 24*time.Hour, 0) // moves the log into the file; all rows are too young to go
		}
		if err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		fmt.Println(name)
	}
}

func TestKilledWriterLosesNothing(t *testing.T) {
	const rounds = 40
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(20, 26))
	acknowledged, allowed := map[string]bool{}, map[string]bool{}
	for round := range rounds {
		cmd := child(t, "writer", 0, dir, fmt.Sprintf("r%d", round))
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		var timer *time.Timer
		for lines.Scan() {
			if timer == nil { // from the first stored row on, at any moment
				wait := time.Duration(random.IntN(60_000)) * time.Microsecond
				timer = time.AfterFunc(wait, func() { cmd.Process.Kill() })
			}
			name, bad := strings.CutPrefix(lines.Text(), "failed")
			if bad {
				t.Fatalf("round %d: the writer failed: %s", round, name)
			}
			acknowledged[name] = true
			if i, err := strconv.Atoi(name[strings.Index(name, "-")+1:]); err == nil && i%10 == 0 {
				allowed[name] = true
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatalf("round %d: the writer ended by itself", round)
		}
		checkStored(t, dir, acknowledged, allowed)
	}
	if len(acknowledged) < 4*rounds {
		t.Errorf("only %d rows were written in %d rounds", len(acknowledged), rounds)
	}
	t.Logf("%d kills, %d rows and %d allowances acknowledged", rounds, len(acknowledged), len(allowed))
}

func checkStored(t *testing.T, dir string, acknowledged, allowed map[string]bool) {
	t.Helper()
	s := open(t, dir)
	defer s.Close()
	found := map[string]bool{}
	rows, err := s.db.QueryContext(t.Context(), `SELECT id FROM alerts UNION ALL SELECT 'site ' || site FROM consents`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var id string
		must(t, rows.Scan(&id))
		found[id] = true
	}
	must(t, rows.Err())
	for id := range acknowledged {
		if !found[id] {
			t.Fatalf("alert %s was acknowledged and is lost", id)
		}
	}
	for site := range allowed {
		if !found["site "+site] {
			t.Fatalf("allowance %s was acknowledged and is lost", site)
		}
	}
}

// openAndTell opens the store, prints what came of it, and stores one alert.
func openAndTell(dir string) {
	s, _, err := Open(dir, "run")
	if err == nil {
		err = s.SaveAlert(sample("x"))
	}
	fmt.Println(err)
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

func TestFilesAreClosedToOthers(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0)) // other tests do not run meanwhile
	dir := filepath.Join(t.TempDir(), "state")
	s := open(t, dir)
	must(t, s.SaveAlert(sample("x")))
	must(t, s.Close())
	must(t, os.WriteFile(filepath.Join(dir, fileName), []byte("broken"), 0o666)) // to see one set aside
	must(t, os.Chmod(filepath.Join(dir, fileName), 0o666))
	s, aside, err := Open(dir, "run")
	if err != nil || aside == "" {
		t.Fatal(err, aside)
	}
	defer s.Close()
	must(t, s.SaveAlert(sample("y")))
	n := 0
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		must(t, err)
		fi, err := d.Info()
		must(t, err)
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if fi.Mode().Perm() != want {
			t.Errorf("%s has mode %04o, want %04o", path, fi.Mode().Perm(), want)
		}
		n++
		return nil
	}))
	if n < 5 { // the folder, the database, its log, its index, the damaged file
		t.Errorf("only %d files were looked at", n)
	}
}

func TestOpenFolderIsClosed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Chmod(dir, 0o755))
	open(t, dir).Close()
	if fi, err := os.Stat(dir); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	// A folder that holds other things, such as /etc given by mistake, keeps its mode.
	other := filepath.Join(t.TempDir(), "etc")
	must(t, os.Mkdir(other, 0o700))
	must(t, os.Chmod(other, 0o755))
	must(t, os.WriteFile(filepath.Join(other, "passwd"), nil, 0o644))
	_, _, err := Open(other, "run")
	if err == nil || !strings.Contains(err.Error(), "holds other things") {
		t.Errorf("error %v", err)
	}
	if fi, err := os.Stat(other); err != nil || fi.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
}

func TestPlantedFilesAreRefused(t *testing.T) {
	for _, name := range files(fileName) {
		for kind, plant := range map[string]func(path string) error{
			"link": func(path string) error { return os.Symlink("/etc/hostname", path) },
			"fifo": func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"dir":  func(path string) error { return os.Mkdir(path, 0o700) },
		} {
			dir := filepath.Join(t.TempDir(), "state")
			must(t, os.Mkdir(dir, 0o700))
			must(t, plant(filepath.Join(dir, name)))
			if s, _, err := Open(dir, "run"); err == nil || !strings.Contains(err.Error(), "not a plain file") {
				if err == nil {
					s.Close()
				}
				t.Errorf("%s as %s: error %v", kind, name, err)
			}
		}
	}
}

func TestForeignOwnersAreRefused(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	must(t, os.Chown(dir, nobody, nobody))
	refused(t, dir)

	dir = filepath.Join(t.TempDir(), "link")
	target := t.TempDir()
	must(t, os.Symlink(target, dir))
	s, _, err := Open(dir, "run") // our own link is fine
	must(t, err)
	must(t, s.Close())
	must(t, os.Lchown(dir, nobody, nobody))
	refused(t, dir)

	dir = written(t, 1)
	must(t, os.Chown(filepath.Join(dir, fileName), nobody, nobody))
	refused(t, dir)
}

func refused(t *testing.T, dir string) {
	t.Helper()
	s, _, err := Open(dir, "run")
	if err == nil {
		s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "belongs to another user (uid 65534)") {
		t.Errorf("error %v", err)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	needRoot(t)
	base := t.TempDir()
	must(t, os.Chmod(filepath.Dir(base), 0o755))
	must(t, os.Chmod(base, 0o755))
	dirs := map[string]string{}
	for _, name := range []string{"empty", "used", "missing"} {
		dir := filepath.Join(base, name)
		dirs[name] = dir
		if name == "missing" {
			dirs[name] = filepath.Join(dir, "below") // its parent cannot be written
		}
		must(t, os.Mkdir(dir, 0o700))
		must(t, os.Chown(dir, nobody, nobody))
	}
	if out, err := child(t, "open", nobody, dirs["used"]).Output(); err != nil || string(out) != "<nil>\n" {
		t.Fatalf("a writable folder: %q, %v", out, err)
	}
	for name, dir := range dirs {
		must(t, os.Chmod(dirs["missing"][:len(dirs["missing"])-len("/below")], 0o500))
		if name != "missing" {
			must(t, os.Chmod(dir, 0o500))
		}
		out, err := child(t, "open", nobody, dir).Output()
		if err != nil || !strings.Contains(string(out), "uid 65534) and be writable, or name another folder") {
			t.Errorf("%s: %q, %v", name, out, err)
		}
		t.Logf("%s: %s", name, out)
	}
}

// A folder's name must not be taken for a part of the way SQLite is told to open it.
func TestOddFolderNames(t *testing.T) {
	for _, name := range []string{"a b", "what?mode=memory", "#1", "100%41", "ü\u202e", "'--"} {
		dir := filepath.Join(t.TempDir(), name)
		s := open(t, dir)
		must(t, s.SaveAlert(sample("x")))
		must(t, s.Close())
		if fi, err := os.Stat(filepath.Join(dir, fileName)); err != nil || fi.Size() == 0 {
			t.Errorf("%q: the file is not there: %v", name, err)
		}
	}
}

func TestAnotherProgramHoldsTheFile(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir), open(t, dir)
	tx, err := other.db.BeginTx(t.Context(), nil) // takes the write lock
	must(t, err)
	began := time.Now()
	err = s.SaveAlert(sample("x"))
	if err == nil || !strings.Contains(err.Error(), "another program holds the history file") {
		t.Errorf("error %v", err)
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("gave up after %v", d)
	}
	must(t, tx.Rollback())
	must(t, s.SaveAlert(sample("x")))
}
