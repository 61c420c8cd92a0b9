package sampler

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/minewatch/minewatch/agent/internal/procfs"
	"github.com/minewatch/minewatch/heuristics"
)

// faked is one process of a made-up /proc. Its file lies in a folder of the test, or is not to be seen if exe is "".
type faked struct {
	pid, parent int32
	name, exe   string
	line        string // words parted by blanks
	user        int
}

// stage is a computer made of folders: programs, and processes that run them.
type stage struct {
	t    *testing.T
	root string
}

// program puts a program and what lies beside it into a folder, as root installs it or as a user may have.
func (s *stage) program(folder, name string, system bool, beside ...string) string {
	s.t.Helper()
	dir := filepath.Join(s.root, "files", folder)
	for _, f := range append(beside, name) {
		f = filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(f), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(f, nil, 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	file := filepath.Join(dir, name)
	if !system { // whoever may write it need not be its owner
		if err := os.Chmod(file, 0o777); err != nil {
			s.t.Fatal(err)
		}
	}
	return file
}

// play describes processes in this order, as at a first tick, and returns in one word each what is believed of them.
func (s *stage) play(all ...faked) map[int32]string {
	s.t.Helper()
	proc := filepath.Join(s.root, "proc")
	m := &Sampler{table: map[heuristics.ProcessID]*known{}, byPID: map[int32]*known{}, host: newHost()}
	m.host.proc, m.host.ptrace = procfs.New(proc), true
	m.sweep = newGopsutilSweep()
	var first []heuristics.ProcessSample
	for _, f := range all {
		s.write(proc, f)
		k := &known{id: heuristics.ProcessID{PID: f.pid, StartTime: int64(f.pid) * 10}}
		m.table[k.id], m.byPID[f.pid] = k, k
		if !m.describe(s.t.Context(), k, nil) {
			s.t.Fatalf("process %d could not be described", f.pid)
		}
		info := k.info
		first = append(first, heuristics.ProcessSample{ID: k.id, Info: &info})
	}
	m.link(first)
	out := map[int32]string{}
	for _, p := range first {
		said := "-"
		if b := p.Info.Browser; b != nil {
			said = fmt.Sprintf("%s %s of %d", b.Family, b.Role, b.Root.PID)
		}
		if p.Info.PosesAsBrowser {
			said += " poses"
		}
		out[p.ID.PID] = said
	}
	return out
}

func (s *stage) write(proc string, f faked) {
	s.t.Helper()
	dir := filepath.Join(proc, strconv.Itoa(int(f.pid)))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
	stat := fmt.Sprintf("%d (%s) S %d%s 20 0 1 0 %d 0 0 0\n", f.pid, f.name, f.parent, strings.Repeat(" 0", 13), f.pid*10)
	for file, text := range map[string]string{
		"stat": stat, "status": fmt.Sprintf("Name:\t%s\nUid:\t%d\t0\t0\t0\n", f.name, f.user), "cmdline": strings.ReplaceAll(f.line, " ", "\x00"),
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	links := map[string]string{"root": "/"}
	if f.exe != "" {
		links["exe"] = f.exe
	}
	_ = os.Remove(filepath.Join(dir, "exe"))
	_ = os.Remove(filepath.Join(dir, "root"))
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func newStage(t *testing.T) *stage {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can install a program as root does")
	}
	return &stage{t, t.TempDir()}
}

// What lies beside the programs of browsers, and of others that are built on their engines.
func chromiumFiles(more ...string) []string {
	return append([]string{"icudtl.dat", "resources.pak", "v8_context_snapshot.bin"}, more...)
}

func firefoxFiles() []string {
	return []string{"omni.ja", "application.ini", "libxul.so", "browser/omni.ja"}
}

func TestWhoIsBelieved(t *testing.T) {
	s := newStage(t)
	const page, gpu = "--type=renderer --renderer-client-id=5", "--type=gpu-process"
	shell := s.program("bin", "bash", true)
	python := s.program("bin", "python3", true)
	miner := s.program("home", "xmr", false)
	named := s.program("home", "chromium", false)
	installed := s.program("chromium", "chromium", true, chromiumFiles()...)
	s.program("chromium", "chromium (deleted)", true)
	copied := s.program("home/copy", "pigeon", false, chromiumFiles()...)
	portable := s.program("home/portable", "chrome", false, chromiumFiles()...)
	code := s.program("code", "code", true, chromiumFiles("resources/app.asar")...)
	elsewhere := s.program("opt", "brave", true) // its resources lie elsewhere
	firefox := s.program("firefox", "firefox-esr", true, firefoxFiles()...)
	fork := s.program("home/zebra", "zebra", false, firefoxFiles()...)
	mail := s.program("mail", "thunderbird", true, "omni.ja", "application.ini", "libxul.so")
	qt := s.program("qt", "QtWebEngineProcess", true)
	falkon := s.program("bin", "falkon", true)
	bwrap := s.program("bin", "bwrap", true)
	helper := s.program("firefox", "plugin-container", true)
	at := func(pid, parent int32, exe, line string) faked {
		name := filepath.Base(exe)
		return faked{pid, parent, name[:min(len(name), 15)], exe, strings.TrimSpace(exe + " " + line), 1000}
	}
	gecko := func(pid, parent int32, exe, said string) faked {
		return at(pid, parent, exe, fmt.Sprintf("-contentproc -parentPid %d 5 %s", 20, said))
	}
	bash := at(10, 1, shell, "")
	hidden := func(f faked) faked { f.exe = ""; return f }
	for name, test := range map[string]struct {
		all  []faked
		want string // of the last
		root string // of process 20, if it matters
	}{
		"an installed browser":                    {[]faked{bash, at(20, 10, installed, "")}, "chromium browser of 20", ""},
		"its page":                                {[]faked{bash, at(20, 10, installed, ""), at(21, 20, installed, "--type=zygote"), at(22, 21, installed, page)}, "chromium renderer of 20", ""},
		"its page, whose file is closed":          {[]faked{bash, at(20, 10, installed, ""), hidden(at(21, 20, installed, "--type=zygote")), hidden(at(22, 21, installed, page))}, "chromium renderer of 20", ""},
		"its page, started after an update":       {[]faked{bash, at(20, 10, installed+" (deleted)", ""), at(21, 20, installed, page)}, "chromium renderer of 20", ""},
		"its drawing process":                     {[]faked{bash, at(20, 10, installed, ""), at(21, 20, installed, gpu)}, "chromium gpu of 20", ""},
		"a page listed before its browser":        {[]faked{at(21, 20, installed, page), at(20, 10, installed, ""), bash, at(22, 20, installed, gpu)}, "chromium gpu of 20", ""},
		"a browser whose resources lie elsewhere": {[]faked{bash, at(20, 10, elsewhere, ""), at(21, 20, elsewhere, page)}, "chromium renderer of 20", ""},
		"a copy of Chromium under another name":   {[]faked{bash, at(20, 10, copied, ""), at(21, 20, copied, "--type=zygote"), at(22, 21, copied, page)}, "chromium renderer of 20", "chromium browser of 20"},
		"a portable browser":                      {[]faked{bash, at(20, 10, portable, ""), at(21, 20, portable, page)}, "chromium renderer of 20", "chromium browser of 20"},
		"an editor":                               {[]faked{bash, at(20, 10, code, ""), at(21, 20, code, page)}, "electron renderer of 20", "-"},
		"a mail program":                          {[]faked{bash, at(20, 10, mail, ""), gecko(21, 20, mail, "tab")}, "electron renderer of 20", "-"},
		"a page of Firefox":                       {[]faked{bash, at(20, 10, firefox, ""), gecko(21, 20, firefox, "forkserver"), gecko(22, 21, firefox, "tab")}, "firefox renderer of 20", ""},
		"a helper of Firefox":                     {[]faked{bash, at(20, 10, firefox, ""), gecko(21, 20, helper, "rdd")}, "firefox rdd of 20", ""},
		"an unlisted fork of Firefox":             {[]faked{bash, at(20, 10, fork, ""), gecko(21, 20, fork, "tab")}, "firefox renderer of 20", "firefox browser of 20"},
		"a library that shows pages":              {[]faked{bash, at(20, 10, falkon, ""), at(21, 20, qt, "--type=zygote"), at(22, 21, qt, page)}, "electron renderer of 20", "-"},
		"a sandbox whose portal starts pages":     {[]faked{bash, at(20, 10, bwrap, ""), at(21, 20, installed, "--type=zygote"), at(22, 21, installed, page)}, "electron renderer of 20", "-"},

		"a miner with --type":                      {[]faked{bash, at(20, 10, miner, "--type=renderer")}, "- poses", ""},
		"a miner with a word that none has":        {[]faked{bash, at(20, 10, miner, "--type=x")}, "-", ""},
		"an installed program with such an option": {[]faked{bash, at(20, 10, python, "tool --type=merge")}, "-", ""},
		"a miner called chromium":                  {[]faked{bash, at(20, 10, named, "")}, "- poses", ""},
		"its own child":                            {[]faked{bash, at(20, 10, named, ""), at(21, 20, named, page)}, "- poses", "- poses"},
		"a miner in an interpreter":                {[]faked{bash, {20, 10, "chromium", python, "chromium --flag", 1000}}, "- poses", ""},
		"an interpreter below an interpreter":      {[]faked{bash, at(20, 10, python, ""), at(21, 20, python, gpu)}, "- poses", "-"},
		"a miner that the browser started":         {[]faked{bash, at(20, 10, installed, ""), at(21, 20, miner, page)}, "- poses", "chromium browser of 20"},
		"a miner below a browser's own process":    {[]faked{bash, at(20, 10, installed, ""), at(21, 20, miner, "--type=zygote"), at(22, 21, installed, page)}, "-", "chromium browser of 20"},
		"a miner that closed its file":             {[]faked{bash, hidden(at(20, 10, named, ""))}, "-", ""},
		"its child":                                {[]faked{bash, hidden(at(20, 10, named, "")), hidden(at(21, 20, named, gpu))}, "-", "-"},
		"a miner as a child of Firefox":            {[]faked{bash, gecko(20, 10, miner, "tab")}, "- poses", ""},
		"an orphan":                                {[]faked{at(20, 1, miner, gpu)}, "- poses", ""},
	} {
		got := s.play(test.all...)
		if last := got[test.all[len(test.all)-1].pid]; last != test.want || test.root != "" && got[20] != test.root {
			t.Errorf("%s: %q, want %q; all are %v", name, last, test.want, got)
		}
	}
}

// Another user's files are closed to an agent without rights: it can only go by names.
func TestAnotherUsersBrowserGoesByItsName(t *testing.T) {
	s := &Sampler{byPID: map[int32]*known{}, host: newHost()}
	s.host.ptrace = false
	k := &known{info: heuristics.ProcessInfo{Name: "chromium", User: "4242"}}
	if got := s.place(k); got.in == nil || got.poses {
		t.Errorf("another user's: %+v", got)
	}
	k.info.User = strconv.Itoa(os.Geteuid())
	if got := s.place(k); got.in != nil {
		t.Errorf("one's own that closed itself: %+v", got)
	}
}

// A folder with a million names, or a file in its place, costs nothing.
func TestExistsBeside(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"a.pak", "plain"} {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]bool{"*.pak": true, "*.dat": false, "plain": true, "plain/x": false, "none": false, "[": false} {
		if got, ok := existsBeside(dir, pattern); got != want || !ok {
			t.Errorf("%s: %v, %v", pattern, got, ok)
		}
	}
	pipe := filepath.Join(dir, "pipe") // in place of a folder that was removed: opening it would wait for ever
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{filepath.Join(dir, "plain"), pipe} {
		if got, ok := existsBeside(folder, "*.pak"); got || !ok {
			t.Errorf("%s for a folder: %v, %v", folder, got, ok)
		}
	}
}
