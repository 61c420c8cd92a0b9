package pages_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// install fakes what scripts/npm.sh leaves behind.
func install(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		f = filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(f), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLibraries(t *testing.T) {
	s := serve(t)
	s.UseLibraries(t.TempDir())
	if code, _, body := ask(t, s, http.MethodGet, "http://sql.test/_lib/sql/sql-wasm.js", ""); code != http.StatusNotFound || !strings.Contains(body, "run scripts/npm.sh pages") {
		t.Errorf("without libraries: %d %s", code, body)
	}
	s.UseLibraries(install(t, "pages/package.json", "pages/node_modules/sql.js/dist/sql-wasm.js", "pages/node_modules/sql.js/dist/sql-wasm.wasm",
		"pages/node_modules/sql.js/secret.js", "pages/node_modules/pdfjs-dist/legacy/build/pdf.min.mjs"))
	for target, want := range map[string]string{
		"sql/sql-wasm.js":      "text/javascript; charset=utf-8",
		"sql/sql-wasm.wasm":    "application/wasm",
		"pdfjs/pdf.min.mjs":    "text/javascript; charset=utf-8",
		"sql/none.js":          "",
		"sql/%2e%2e/secret.js": "",
		"sql/":                 "",
		"sql":                  "",
		"other/file.js":        "",
		"":                     "",
	} {
		code, kind, body := ask(t, s, http.MethodGet, "http://sql.test/_lib/"+target, "")
		if want == "" && (code == http.StatusOK || body == "text") || want != "" && (code != http.StatusOK || kind != want) {
			t.Errorf("%s: %d %s, want %q", target, code, kind, want)
		}
	}
}

// TestHashes: without hash-wasm no page mines, and every test of an alert would wait in vain.
func TestHashes(t *testing.T) {
	desktop.Need(t, pages.Missing())
	s := serve(t)
	for _, name := range []string{"sha256", "argon2", "scrypt"} {
		code, kind, body := ask(t, s, http.MethodGet, "http://films.test/_lib/hash-wasm/"+name+".umd.min.js", "")
		if code != http.StatusOK || kind != "text/javascript; charset=utf-8" || !strings.Contains(body, "hashwasm") {
			t.Errorf("%s: %d, %s", name, code, kind)
		}
	}
}

// TestNothingFromOutside reads all files that pages are made of: none may name an address of another machine.
func TestNothingFromOutside(t *testing.T) {
	address := regexp.MustCompile("(?i)https?:|wss?://|[\"'`(]//[a-z]")
	err := fs.WalkDir(os.DirFS("static"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".webm") || strings.HasSuffix(path, ".txt") {
			return err
		}
		text, err := os.ReadFile(filepath.Join("static", path))
		if err != nil {
			return err
		}
		rest := strings.ReplaceAll(string(text), "http://www.w3.org/2000/svg", "")
		if at := address.FindString(rest); at != "" {
			t.Errorf("static/%s asks other machines: %q", path, at)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestHeavyWorkEnds runs what the heavy pages share on a clock of the test's: the end comes after the seconds asked for,
// and after 170 at the latest.
func TestHeavyWorkEnds(t *testing.T) {
	for query, want := range map[string]float64{"": 80, "?seconds=12.5": 12.5, "?seconds=1000": 170, "?seconds=-3": 0, "?seconds=x": 80} {
		var got struct {
			End, Over float64
			Told      []string
		}
		node(t, &got, `
let now = 7000;
const told = [], timers = [];
const performance = { now: () => now };
const setTimeout = (f, ms) => timers.push([f, ms]);
const fetch = (to, request) => told.push(to + " " + request.body);
const location = new URL("http://chess.test/`+query+`");
`, "/_shared/work.js", `
let end = -1;
if (Work.over()) throw new Error("over before it began");
Work.begin(() => { end = (now - 7000) / 1000; });
Work.begin();
const [[stop, ms]] = timers;
if (ms > 0 && Work.over()) throw new Error("over at once");
now += ms;
stop();
console.log(JSON.stringify({ end, over: Work.over() ? (now - 7000) / 1000 : -1, told }));`)
		if got.End != want || got.Over != want {
			t.Errorf("%s: it ended after %v s and was over after %v s, want %v", query, got.End, got.Over, want)
		}
		if len(got.Told) != 1 || got.Told[0] != `/_test/work {"event":"working"}` {
			t.Errorf("%s: it told %q, want once that it is working", query, got.Told)
		}
	}
}
