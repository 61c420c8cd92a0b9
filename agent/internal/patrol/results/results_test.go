package results_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/patrol/results"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
)

// run makes a run's folder with one finding, whose names are as given.
func run(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	s, err := results.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := &results.Run{ID: "r", List: "l", Pages: 1, Contact: "a@b.example", Authority: name}
	if err := s.Begin(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	e, err := results.OpenEvidence(dir, r)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const address = "https://shop.example/a"
	for _, file := range []string{"visit.json", "screenshot.png"} {
		if err := e.Add(1, address, 1, file, []byte("evidence "+file)); err != nil {
			t.Fatal(err)
		}
	}
	a := &results.Answer{Task: results.Task{URL: address, Visit: 1, Long: true}, Browser: name, Visit: check.Visit{
		Verdict: check.MiningLike, Title: name,
		Findings: []check.Finding{{Verdict: check.MiningLike, Script: "https://cdn.test/" + name, Scripts: []check.Script{{URL: "https://cdn.test/" + name}}}},
	}}
	packed, err := results.Pack(a, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 { // the second time, after a kill, changes nothing
		p, err := s.Add(t.Context(), r, 1, 7, a, packed)
		if err != nil || (p != nil) != (i == 0) {
			t.Fatalf("kept as %v, %v", p, err)
		}
	}
	if err := s.WriteLines(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteSummary(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.End(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestVerifySeesEveryChange(t *testing.T) {
	const file, log = "evidence/000001-shop.example/visit-1/screenshot.png", "evidence/log.jsonl"
	lines := func(dir string, change func([]string) []string) {
		text, _ := os.ReadFile(filepath.Join(dir, log))
		_ = os.WriteFile(filepath.Join(dir, log), []byte(strings.Join(change(strings.SplitAfter(string(text), "\n")), "")), 0o600)
	}
	for name, change := range map[string]func(dir string){
		"a file is changed": func(dir string) { _ = os.WriteFile(filepath.Join(dir, file), []byte("evidence screenshot.pnG"), 0o600) },
		"a file is gone":    func(dir string) { _ = os.Remove(filepath.Join(dir, file)) },
		"a file is a link": func(dir string) {
			_ = os.Remove(filepath.Join(dir, file))
			_ = os.Symlink("visit.json", filepath.Join(dir, file))
		},
		"a file is added":        func(dir string) { _ = os.WriteFile(filepath.Join(dir, "evidence/more"), nil, 0o600) },
		"the results change":     func(dir string) { _ = os.WriteFile(filepath.Join(dir, results.Lines), []byte("{}\n"), 0o600) },
		"a line is left out":     func(dir string) { lines(dir, func(l []string) []string { return append(l[:1:1], l[2:]...) }) },
		"two lines change sides": func(dir string) { lines(dir, func(l []string) []string { l[1], l[2] = l[2], l[1]; return l }) },
		"a line is changed": func(dir string) {
			lines(dir, func(l []string) []string { l[1] = strings.Replace(l[1], `"page":1`, `"page":2`, 1); return l })
		},
		"the log is cut off": func(dir string) { lines(dir, func(l []string) []string { l[3] = l[3][:20]; return l }) },
	} {
		dir := run(t, "x")
		if v, err := results.Verify(dir); err != nil || len(v.Wrong) > 0 || v.Files != 3 || !v.Ended {
			t.Fatalf("before anything is changed: %+v, %v", v, err)
		}
		change(dir)
		if v, err := results.Verify(dir); err == nil && len(v.Wrong) == 0 {
			t.Errorf("%s, and nothing is said", name)
		}
	}
}

func TestALineCutOffByAKillIsWrittenAnew(t *testing.T) {
	dir := run(t, "x")
	log := filepath.Join(dir, "evidence/log.jsonl")
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(log, text[:len(text)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := results.OpenEvidence(dir, &results.Run{ID: "r"})
	if err != nil {
		t.Fatal(err)
	}
	head, err := e.End()
	if err != nil || e.Close() != nil {
		t.Fatal(err)
	}
	if v, err := results.Verify(dir); err != nil || len(v.Wrong) > 0 || v.Head != head {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestTheSummaryRunsNothingOfAPage(t *testing.T) {
	for _, name := range hostile.Names() {
		text, err := os.ReadFile(filepath.Join(run(t, name), results.Summary))
		if err != nil {
			t.Fatal(err)
		}
		if err := hostile.Check(string(text)); err != nil {
			t.Error(err)
		}
		if strings.Contains(string(text), "<script") || strings.Contains(string(text), "<b>&amp;") {
			t.Errorf("%.60q is markup in the summary", name)
		}
	}
}

func TestALongAnswerIsShortened(t *testing.T) {
	a := &results.Answer{Visit: check.Visit{Verdict: check.NothingFound}}
	for i := range 100_000 {
		text, _ := json.Marshal(i * 7919 % 100_003)
		a.Visit.Hosts = append(a.Visit.Hosts, string(text)+".example")
	}
	packed, err := results.Pack(a, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := results.Unpack(packed); err != nil || len(b.Visit.Hosts) != 200 || len(a.Visit.Hosts) != 100_000 {
		t.Errorf("%v; %d hosts are left of %d", err, len(b.Visit.Hosts), len(a.Visit.Hosts))
	}
}

func TestDiff(t *testing.T) {
	open := func(dir string) *results.Store {
		s, err := results.OpenRead(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	a, b := run(t, "one.js"), run(t, "two.js")
	for range results.Diff(t.Context(), open(a), open(a)) {
		t.Error("a run differs from itself")
	}
	n := 0
	for c, err := range results.Diff(t.Context(), open(a), open(b)) {
		if n++; err != nil || c.ScriptBefore != "https://cdn.test/one.js" || c.ScriptAfter != "https://cdn.test/two.js" {
			t.Errorf("%+v, %v", c, err)
		}
	}
	if n != 1 {
		t.Errorf("%d changes", n)
	}
}

func FuzzUnpack(f *testing.F) {
	good, err := results.Pack(&results.Answer{Visit: check.Visit{Verdict: check.Heavy}}, 1<<20)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, packed []byte) {
		if a, err := results.Unpack(packed); err == nil && a.Visit.Verdict == "" {
			t.Error("an answer without a verdict")
		}
	})
}
