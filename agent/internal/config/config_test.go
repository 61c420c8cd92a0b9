//go:build unix

package config

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the files that follow from the schema")

// The documentation, the templates and the JSON schema say what the program checks.
func TestGenerated(t *testing.T) {
	for name, want := range Generated() {
		path := filepath.Join("../../..", name)
		if *update {
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(want), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the schema says (%v): go test ./agent/internal/config -update", name, err)
		}
		if strings.Contains(name, ".adm") {
			d := xml.NewDecoder(strings.NewReader(want))
			for err = nil; err == nil; {
				_, err = d.Token()
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s is not XML: %v", name, err)
			}
		}
	}
}

// put writes a file below a folder of the test.
func put(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func loader(t *testing.T, env, flags []string) (*Loader, Places) {
	t.Helper()
	p := Under(t.TempDir())
	p.User = filepath.Join(t.TempDir(), "settings.json")
	l, err := NewLoader(p, env, flags)
	if err != nil {
		t.Fatal(err)
	}
	return l, p
}

// Each layer is put over the one before, and says so.
func TestLayers(t *testing.T) {
	l, p := loader(t, nil, nil)
	want := func(value, source string, managed bool) {
		t.Helper()
		s := l.Load()
		v := s.Get(Sensitivity)
		if v.Value != value || v.Source != source || v.Managed != managed || s.Text(Sensitivity) != value || len(s.Problems) > 0 {
			t.Errorf("got %+v, problems %q; want %s from %s", v, s.Problems, value, source)
		}
	}
	want("normal", "default", false)
	put(t, p.User, `{"sensitivity":"low"}`)
	want("low", p.User, false)
	put(t, p.Drop+"/10.json", `{"sensitivity":"high"}`)
	want("high", p.Drop+"/10.json", false)
	l.env = []string{"MINEWATCH_SENSITIVITY=low", "MINEWATCH_SOCKET=/x", "PATH=/bin"}
	want("low", "environment variable MINEWATCH_SENSITIVITY", false)
	l.flags[Sensitivity] = "high"
	want("high", "flag --setting sensitivity", false)
	put(t, p.Managed+"/10.json", `{"sensitivity":"high"}`)
	put(t, p.Managed+"/20.json", `{"sensitivity":"low"}`)
	want("low", p.Managed+"/20.json", true)
	if err := os.Remove(p.Managed + "/20.json"); err != nil {
		t.Fatal(err)
	}
	want("high", p.Managed+"/10.json", true)
}

// What is bad is refused in one line, and what was good before stays.
func TestBadIsRefusedAndThePreviousKept(t *testing.T) {
	l, p := loader(t, []string{"MINEWATCH_SENSITVITY=low"}, nil)
	path := p.Managed + "/10.json"
	put(t, path, `{"history_days":30,"observe_only":true}`)
	if s := l.Load(); s.Int(HistoryDays) != 30 || len(s.Problems) != 1 || !strings.Contains(s.Problems[0], "MINEWATCH_SENSITVITY") {
		t.Fatalf("got %v, problems %q", s.Int(HistoryDays), s.Problems)
	}
	for _, one := range []struct{ content, says string }{
		{`{"history_days":0,"observe_only":true}`, "from 1 to 3650"},
		{`{"history_days":1e3,"observe_only":true}`, "from 1 to 3650"},
		{`{"history_days":"x\n\u001b[31m","observe_only":true}`, `x\n\x1b[31m`},
		{`{"history_days":`, "half-written"},
		{``, "not a JSON object"},
		{`[]`, "not a JSON object"},
		{`{"history_days":5,"history_days":6}`, "twice"},
		{`{"history_days":5} {}`, "behind its end"},
		{`{"history_days":30,"observe_only":true,"nonsense":1}`, "no key"},
		{`{"history_days":30,"observe_only":true,"x":"` + strings.Repeat("x", maxFile) + `"}`, "at most 65536"},
	} {
		content, says := one.content, one.says
		put(t, path, content)
		s := l.Load()
		said := strings.Join(s.Problems, "|")
		if s.Int(HistoryDays) != 30 || !s.Bool(ObserveOnly) || !strings.Contains(said, says) || !strings.Contains(said, path) || strings.ContainsAny(said, "\n\x1b") {
			t.Errorf("%.60s: %d days, observe only %v, problems %q", content, s.Int(HistoryDays), s.Bool(ObserveOnly), s.Problems)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if s := l.Load(); s.Int(HistoryDays) != 180 || s.Bool(ObserveOnly) {
		t.Error("a policy that was removed is still in force")
	}
}

// A file that somebody else could have written is not read.
func TestUnsafeFiles(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		says string
	}{
		"all may write":     {func(p string) error { return os.Chmod(p, 0o666) }, "go-w"},
		"its group may":     {func(p string) error { return os.Chmod(p, 0o664) }, "go-w"},
		"a pipe":            {func(p string) error { return errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o644)) }, "not a plain file"},
		"a folder":          {func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) }, "not a plain file"},
		"a link out":        {func(p string) error { return errors.Join(os.Remove(p), os.Symlink("/etc/passwd", p)) }, "leads out"},
		"huge":              {func(p string) error { return os.Truncate(p, 1<<40) }, "at most 65536"},
		"folder all write":  {func(p string) error { return os.Chmod(filepath.Dir(p), 0o777) }, "go-w"},
		"of another user":   {func(p string) error { return chown(t, p) }, "user 1"},
		"folder of another": {func(p string) error { return chown(t, filepath.Dir(p)) }, "user 1"},
	} {
		t.Run(name, func(t *testing.T) {
			l, p := loader(t, nil, nil)
			path := p.Managed + "/10.json"
			put(t, path, `{"observe_only":true}`)
			if strings.Contains(name, "another") && os.Geteuid() != 0 {
				t.Skip("needs root")
			}
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			s := l.Load()
			if s.Bool(ObserveOnly) || len(s.Problems) != 1 || !strings.Contains(s.Problems[0], c.says) {
				t.Errorf("observe only %v, problems %q", s.Bool(ObserveOnly), s.Problems)
			}
		})
	}
}

func chown(t *testing.T, path string) error {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(path, 12345, -1)
}

// A user's file sets what is personal, and nothing once that is locked.
func TestUsersOwn(t *testing.T) {
	l, p := loader(t, nil, nil)
	put(t, p.User, `{"observe_only":true,"allowed_sites":["a.test"]}`)
	if s := l.Load(); !s.Bool(ObserveOnly) || len(s.List(AllowedSites)) > 0 || len(s.Problems) != 1 || !strings.Contains(s.Problems[0], "administrators") {
		t.Errorf("got %+v", s)
	}
	put(t, p.Managed+"/10.json", `{"lock_user_settings":true,"allowed_sites":["www.a.test","b.test"]}`)
	if s := l.Load(); s.Bool(ObserveOnly) || !reflect.DeepEqual(s.List(AllowedSites), []string{"a.test", "b.test"}) {
		t.Errorf("got %+v", s)
	}
}

func TestQuietHours(t *testing.T) {
	for _, c := range []struct {
		hours, at string
		quiet     bool
	}{
		{"22:00-07:00", "23:30", true},
		{"22:00-07:00", "06:59", true},
		{"22:00-07:00", "07:00", false},
		{"22:00-07:00", "21:59", false},
		{"12:00-13:30", "12:00", true},
		{"12:00-13:30", "13:30", false},
		{"", "00:00", false},
	} {
		span, err := ParseHours(c.hours)
		at, errAt := time.Parse("15:04", c.at)
		if err != nil || errAt != nil || span.Holds(at) != c.quiet {
			t.Errorf("%+v: %v %v", c, span, err)
		}
	}
	for _, bad := range []string{"22-7", "24:00-01:00", "22:60-01:00", "22:00-22:00", "22:00", "٢٢:00-07:00", "-", "22:00-07:00 "} {
		if _, err := ParseHours(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// Whatever a file holds, what is kept passes the same check again, and nothing panics.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"sensitivity":"high","allowed_sites":["films.example"],"never_allow_sites":["*"],"history_days":30,"quiet_hours":"22:00-07:00"}`,
		`{"observe_only":1}`, `{"may_leave":["counts"]}`, `{"a":{"b":[[[[]]]]}}`, `{"history_days":1e400}`, "\ufeff{}", `{"":""}`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		raw, err := Parse(content)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("two lines: %q", err)
			}
			return
		}
		good, _ := checked(raw, nil, anyKey)
		for name, value := range good {
			k, _ := Lookup(name)
			again, err := k.Check(value)
			if err != nil || !reflect.DeepEqual(again, value) {
				t.Errorf("%s: %#v became %#v, %v", name, value, again, err)
			}
			if _, err := json.Marshal(value); err != nil {
				t.Error(err)
			}
		}
	})
}

// FuzzCheck feeds each key texts, as the environment and flags do.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"high", "true", "30", "a.test, b.test", "22:00-07:00", "*", "http://[::1", strings.Repeat("a,", 2000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, k := range Keys() {
			if v, err := k.Check(text); err == nil {
				if again, err := k.Check(v); err != nil || !reflect.DeepEqual(again, v) {
					t.Errorf("%s: %#v became %#v, %v", k.Name, v, again, err)
				}
			} else if strings.Contains(err.Error(), "\n") {
				t.Errorf("two lines: %q", err)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	l, err := NewLoader(Under(b.TempDir()), os.Environ(), nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		l.Load()
	}
}
