package trace

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/heuristics"
)

// golden returns the recordings of testdata/traces.
func golden(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../../testdata/traces/*/trace.jsonl.zst")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	if testing.Short() { // a few of each kind
		files = slices.DeleteFunc(files, func(f string) bool { return len(f)%7 != 0 })
	}
	return files
}

func open(t *testing.T, file string) (Header, pipeline.Source) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	h, source, err := Replay(f, file)
	if err != nil {
		t.Fatal(err)
	}
	return h, source
}

// said is what was judged of a recording, without names: one line for each verdict and alert.
func said(t *testing.T, source pipeline.Source) []string {
	t.Helper()
	var out []string
	err := pipeline.Replay(t.Context(), source, heuristics.Config{}, func(tick pipeline.Tick) {
		for i := range tick.Findings {
			v, o := &tick.Findings[i].Verdict, &tick.Findings[i].Owner
			line := fmt.Sprintf("%v %v.%v %s %s %s %x %s %s %d sites %d tabs", tick.Snapshot.At, v.Subject.Process.PID, v.Subject.Process.StartTime,
				v.Subject.Kind, v.State, v.Severity, v.Confidence, o.Subject, o.Level, len(o.Sites), len(o.Tabs))
			for _, e := range v.Evidence {
				line += fmt.Sprintf(" %s %x", e.Rule, e.Weight)
			}
			out = append(out, line)
		}
		for _, a := range tick.Alerts {
			out = append(out, fmt.Sprintf("%v alert %s %s %s %v %s embedded %v", a.T, a.State, a.Severity, a.Reason, a.Confidence, a.SiteConfidence, a.EmbeddedIn != ""))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A redacted recording is judged as the original, to the last bit.
func TestRedactedVerdictsAreTheSame(t *testing.T) {
	for _, file := range golden(t) {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			_, original := open(t, file)
			h, again := open(t, file)
			var b bytes.Buffer
			for _, err := range Record(Redact(again), &b, RedactHeader(h))(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
			}
			_, redacted, err := Replay(&b, "redacted")
			if err != nil {
				t.Fatal(err)
			}
			want, got := said(t, original), said(t, redacted)
			if len(want) == 0 {
				t.Error("nothing was judged")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdicts (-original +redacted):\n%s", diff)
			}
		})
	}
}

// private returns every name in a recording that is not public: those must not be found in a redacted one.
func private(t *testing.T, source pipeline.Source) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	add := func(s string) {
		if len(s) >= 4 && !isPublicProgram(s) && stemmed(s) == "" {
			out[strings.ToLower(s)] = true
		}
	}
	for s, err := range source(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range s.Processes {
			if p.Info == nil {
				continue
			}
			add(p.Info.Name)
			out[`"user":"`+p.Info.User+`"`] = true
			folder, base := filepath.Split(strings.TrimSuffix(p.Info.Exe, " (deleted)"))
			add(base)
			if strings.Count(folder, "/") > 2 { // /usr/bin/ is public
				out[strings.ToLower(folder)] = true
			}
		}
		for _, r := range s.Renderers {
			for _, f := range r.Frames {
				for _, o := range []string{f.Origin, f.TopOrigin, r.LastOrigin} {
					add(attribution.SiteOf(o))
				}
			}
		}
	}
	for _, folder := range []string{"/usr/bin/", "/var/tmp/", "/dev/shm/", "/home/user/", `"user":""`} {
		delete(out, folder)
	}
	return out
}

// stemmed returns the public stem that a name begins with.
func stemmed(s string) string {
	for _, stem := range append(kernelStems(), serviceStems()...) {
		if strings.HasPrefix(strings.Trim(strings.ToLower(s), "["), stem) {
			return stem
		}
	}
	return ""
}

// No name of the original is left anywhere in the file.
func TestRedactedHoldsNoName(t *testing.T) {
	for _, file := range golden(t) {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			_, first := open(t, file)
			names := private(t, first)
			if len(names) < 5 {
				t.Fatalf("only %d names to look for", len(names))
			}
			h, source := open(t, file)
			text := strings.ToLower(written(t, Redact(source), RedactHeader(h)))
			for name := range names {
				if slices.ContainsFunc(engineThreads(), func(e string) bool { return strings.EqualFold(e, name) }) {
					continue // a process that is called as a public engine calls its threads
				}
				quoted := `"` + name + `"`
				if strings.HasPrefix(name, `"`) || strings.HasPrefix(name, "/") || strings.Contains(name, ".") {
					quoted = name
				}
				if strings.Contains(text, quoted) {
					t.Errorf("%q is still there", name)
				}
			}
			if h.Machine != "" && strings.Contains(text, strings.ToLower(h.Machine)) {
				t.Error("the processor's model is still there")
			}
		})
	}
}

// written returns the lines of a recording of a source.
func written(t *testing.T, source pipeline.Source, h Header) string {
	t.Helper()
	var b bytes.Buffer
	for _, err := range Record(source, &b, h)(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	z, err := zstd.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRedactionKeepsTheFormat(t *testing.T) {
	all := everything()
	file, _, err := record(t, Redact(sourceOf(nil, all...)))
	if err != nil {
		t.Fatal(err)
	}
	_, got, err := replay(t, file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(everything(), all); diff != "" {
		t.Errorf("the source's own snapshots were written to:\n%s", diff)
	}
	if len(got) != 2 || got[0].Time.Minute() != 0 || got[1].Time.Sub(got[0].Time) != time.Second {
		t.Errorf("times %v", got)
	}
	p, f := got[0].Processes[0], got[1].Renderers[0].Frames[0]
	if p.Info.Name != "program-1" || p.Info.Exe != "/usr/bin/chromium" || p.Info.User != "user-1" || p.Info.Nice != 19 || p.Threads[0].Name != "chromium" {
		t.Errorf("process %+v", p.Info)
	}
	if f.Origin != "https://site-2.test" || f.TopOrigin != "https://site-3.test" || f.Tab != 1 || !f.Hidden {
		t.Errorf("frame %+v", f)
	}
}

func TestRedactedOrigins(t *testing.T) {
	r := newRedactor()
	for _, test := range [][2]string{
		{"https://www.films.co.uk", "https://site-1.test"},
		{"http://cdn.films.co.uk:8080", "http://site-1.test"},
		{"https://other.co.uk", "https://site-2.test"},
		{"https://localhost:3000", "https://site-3.test"},
		{"http://192.168.1.7", "http://site-4.test"},
		{"chrome-extension://abcdefgh", "chrome-extension://page-5"},
		{"web+mine://abc", "other://page-6"},
		{"file:///home/me", "file://"},
		{"null", "null"},
		{"Peter's notes", "null"},
		{"", ""},
	} {
		got := r.origin(test[0])
		if got != test[1] {
			t.Errorf("%q becomes %q, want %q", test[0], got, test[1])
		}
		if (attribution.SiteOf(test[0]) == "") != (attribution.SiteOf(got) == "") {
			t.Errorf("%q has the site %q, %q has %q", test[0], attribution.SiteOf(test[0]), got, attribution.SiteOf(got))
		}
	}
}

// busyProgram yields a program that has used one core for 40 s, with everything that rules on programs look at.
func busyProgram(info heuristics.ProcessInfo) pipeline.Source {
	return func(context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			for n := range 41 {
				at := time.Duration(n) * time.Second
				p := heuristics.ProcessSample{ID: heuristics.ProcessID{PID: 9, StartTime: 9}, User: at}
				if n == 0 {
					p.Info = &info
				}
				if !yield(heuristics.Snapshot{At: at, Cores: 2, Busy: at, Processes: []heuristics.ProcessSample{p}}, nil) {
					return
				}
			}
		}
	}
}

// Every rule that looks at a name or a path sees in the stand-in what it saw in the original; the detector itself is
// asked, so that a rule which learns a new name fails here until Redact keeps it.
func TestRedactionKeepsWhatRulesSee(t *testing.T) {
	names := []string{
		"python3", "[kworker/0:1]", "kworker/u8:3-ev", "[my-miner]", "ksoftirqd/0", "migration/1", "rcu_sched", "irq/45-nvidia", "jbd2/sda1-8",
		"scsi_eh_0", "kswapd0", "watchdogd", "systemd", "systemd-journal", "systemd-resolved", "systemdx", "cron", "cronolog", "crond", "sshd", "sshd-session",
		"init", "init-helper", "NetworkManager", "dbus-daemon", "polkitd", "svchost.exe", "csrss.exe", "explorer.exe", "Explorer.EXE", "services.exe",
		"kdevtmpfsi", "kthrotlds", "bioset", "biosets", "oom_reaper", "netns", "mds", "mds_stores", "launchd", "winlogon.exe", "lsass.exe", "udevd", "rsyslogd", "spoolsv.exe", "program-1", "",
	}
	folders := []string{
		"/usr/bin/", "/usr/lib/systemd/", "/bin/", "/opt/app/", "/nix/store/x/", "/snap/x/1/", "/home/anna/bin/", "/home/anna/.cache/x/", "/root/",
		"/tmp/x/", "/var/tmp/", "/dev/shm/", "/run/shm/", "/srv/data/", "/usr/lib/.x/", "/tmp/.x/", "C:\\Windows\\System32\\", "C:\\Windows\\Temp\\",
		"C:\\Program Files (x86)\\Tool\\", "D:\\Games\\", "C:\\Users\\Anna\\AppData\\Local\\Temp\\", "C:\\Users\\Anna\\Desktop\\", "/System/Library/", "/Applications/X.app/",
		"/home/anna/.cargo/bin/", "/home/anna/.local/share/flatpak/app/x/files/bin/", "/root/.nvm/versions/node/v20/bin/", "/home/anna/.cargo/bin/.x/",
		"/tmp/.mount_App1/usr/bin/", "/Users/anna/.pyenv/versions/3/bin/", "/Users/anna/", "/private/tmp/", "/private/var/folders/ab/", "", "/",
	}
	for _, name := range names {
		for _, base := range []string{name, "other-file", "systemd", "mds-worker"} {
			for i, folder := range folders {
				if (i+len(name)+len(base))%3 != 0 && name != "systemd-journal" { // a third of the combinations is enough
					continue
				}
				info := heuristics.ProcessInfo{Name: name, Exe: folder + base, User: "1000", Nice: 19}
				if i%2 == 0 {
					info.Exe += " (deleted)"
				}
				want, got := rulesOn(t, busyProgram(info)), rulesOn(t, Redact(busyProgram(info)))
				if want != got {
					r := newRedactor()
					t.Errorf("%q %q: the detector sees %s; in %q %q %s", name, info.Exe, want, r.program(name), r.exe(info.Exe), got)
				}
			}
		}
	}
}

// rulesOn returns the rules on names and places that spoke in the end, with their strengths.
func rulesOn(t *testing.T, source pipeline.Source) string {
	t.Helper()
	detector, out := heuristics.NewDetector(heuristics.Config{}), ""
	for s := range source(t.Context()) {
		out = ""
		for _, v := range detector.Observe(s) {
			for _, e := range v.Evidence {
				if slices.Contains([]heuristics.RuleID{"disguise", "odd_place", "installed", "kernel_name", "low_priority"}, e.Rule) {
					out += fmt.Sprintf("%s %v %s ", e.Rule, e.Strength, e.Text)
				}
			}
		}
	}
	return out
}

// Different programs stay different, the same stay the same: groups are made by path.
func TestRedactionIsConsistent(t *testing.T) {
	r := newRedactor()
	seen := map[string]string{}
	for _, path := range []string{
		"/usr/bin/python3", "/usr/local/bin/python3", "/opt/python3", "/home/a/x", "/home/b/x", "/tmp/x", "/tmp/y/x",
		"/tmp/x (deleted)", "/usr/bin/a-very-long-name-1", "/usr/bin/a-very-long-name-2", "/usr/lib/chromium/chromium", "/opt/chromium/chromium",
	} {
		out := r.exe(path)
		if other, twice := seen[out]; twice {
			t.Errorf("%s and %s both become %s", other, path, out)
		}
		seen[out] = path
		if again := r.exe(path); again != out {
			t.Errorf("%s becomes %s and then %s", path, out, again)
		}
	}
	if a, b := r.program("a-very-long-name-1"), r.program("a-very-long-name-2"); a == b {
		t.Errorf("two names become %s", a)
	}
}

// A recording made to exhaust memory does not.
func TestStandInsAreBounded(t *testing.T) {
	s := standIns{}
	for i := range maxStandIns + 1000 {
		s.of(strconv.Itoa(i))
	}
	if len(s) != maxStandIns {
		t.Errorf("%d names are remembered", len(s))
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("name", "/usr/bin/name (deleted)", "https://www.a.test:1", "DOM Worker")
	f.Add("[[[", "C:\\", "://", "\xff")
	f.Fuzz(func(t *testing.T, name, exe, origin, thread string) {
		r := newRedactor()
		r.program(name)
		r.exe(exe)
		r.thread(thread)
		if (attribution.SiteOf(origin) == "") != (attribution.SiteOf(r.origin(origin)) == "") {
			t.Errorf("%q: site %q, redacted %q", origin, attribution.SiteOf(origin), r.origin(origin))
		}
	})
}
