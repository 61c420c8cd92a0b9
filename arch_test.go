package minewatch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/minewatch/minewatch"

// arrow says what the packages below a folder may import of this project, and why no more.
type arrow struct {
	from  string
	to    []string
	cause string
}

// arrows are those of docs/architecture.md. The longest matching folder counts.
func arrows() []arrow {
	const in = "agent/internal/"
	return []arrow{
		// The product, from the bottom up.
		{"heuristics", nil, "the detector is pure: it knows the vocabulary and nothing else"},
		{"agent/api", []string{"agent/api"}, "tray and scripts build on it, so it stands on nothing"},
		{"agent/extension", nil, "it only carries files"},
		{in + "browsers", []string{"heuristics"}, "what is known of browsers is facts; who looks is not its business"},
		{in + "fault", nil, "whoever refuses says why, whatever it is"},
		{in + "usage", []string{"agent/api"}, "what is a wrong command line is the same for every program"},
		{in + "buildinfo", nil, "a version is a name, and everybody may print it"},
		{in + "procfs", nil, "it reads what the kernel says and knows nobody who asks"},
		{in + "attribution", []string{"heuristics", "agent/api"}, "whose load it is follows from snapshots alone, or a replay would name another site"},
		{in + "alert", []string{"heuristics", "agent/api", in + "browsers", in + "attribution"}, "alerts are made of verdicts and owners; who shows them is not its business"},
		{in + "config", []string{in + "attribution"}, "what was decided is read and checked; who obeys is not its business"},
		{in + "pipeline", []string{"heuristics", "agent/api", in + "attribution", in + "alert"}, "the one path knows no source and no sink by name"},
		{in + "sampler", []string{"heuristics", in + "browsers", in + "pipeline", in + "procfs"}, "the sampler reads; it does not judge"},
		{in + "trace", []string{"heuristics", in + "browsers", in + "pipeline", in + "attribution"}, "a recording is a source like any other; a redacted one must keep which frames are of one site"},
		{in + "nativemessaging", []string{"agent/api", "agent/extension"}, "the host that browsers start consists of it: what it imports sits in memory beside each browser all day"},
		{in + "extensions", []string{"heuristics", "agent/api", in + "nativemessaging", in + "procfs", in + "fault"}, "it speaks with browsers and does not judge"},
		{in + "install", []string{"heuristics", "agent/extension", in + "browsers"}, "it writes files that browsers read, and speaks with none"},
		{"installer", nil, "it only carries files"},
		{in + "service", []string{"installer", "agent/api"}, "it speaks with service managers, whatever runs under them"},
		{in + "sessionfile", []string{"heuristics", in + "browsers"}, "it reads files that strangers wrote and gives host names"},
		{in + "store", []string{"agent/api", in + "alert"}, "the store keeps what it is given"},
		{in + "server", []string{"agent/api", in + "store", in + "fault"}, "the local API passes on; what it opens to is an interface"},
		{in + "terminal", []string{"agent/api"}, "the terminal shows what any client could see"},
		{in + "recordings/importer", []string{"heuristics", in + "pipeline"}, "another tool's log is a source like any other"},
		{in + "recordings/evaluate", []string{"heuristics", "agent/api", in + "attribution", in + "alert", in + "pipeline", in + "trace"}, "it judges recordings on the one path and compares; it shows nothing"},
		{in + "recordings/report", []string{"agent/api", in + "recordings/evaluate"}, "a report shows what others found"},
		{in + "devtools", nil, "it starts a browser and speaks with it; what is asked is not its business"},
		{in + "check", []string{"heuristics", "agent/api", in + "buildinfo", in + "devtools", in + "sampler", in + "pipeline", in + "alert", in + "attribution", in + "trace"}, "a page is judged on the one path, from snapshots like any other"},
		{in + "patrol", []string{in + "patrol", in + "check", in + "buildinfo", "agent/api"}, "a patrol opens many pages as check opens one; how a page is judged is not its business"},
		{"agent/patrol", []string{in + "patrol", in + "check", in + "buildinfo", in + "usage", "agent/api"}, "its commands, in a program of its own: the queue's server is four times the agent's size"},
		{in + "check/report", []string{in + "check", "agent/api"}, "a report shows what a check found"},
		{in + "daemon", []string{
			"heuristics", "agent/api", in + "buildinfo", in + "pipeline", in + "sampler", in + "trace", in + "extensions", in + "nativemessaging", in + "attribution", in + "alert",
			in + "store", in + "server", in + "sessionfile", in + "fault", in + "browsers", in + "config",
		}, "the running agent knows no command and no terminal"},
		{in + "cli", []string{"heuristics", "agent/api", "agent/extension", "agent/internal", "installer"}, "commands stand on everything, and nothing stands on them but main"},
		{"agent", []string{in + "cli"}, "main starts the command line"},
		{"agent/host", []string{in + "nativemessaging"}, "what a browser starts passes messages on and has no power of its own"},
		{"tray", []string{"agent/api"}, "the tray shows alerts; it does not judge and has no way past the local API"},
		// What the product is tested with: the harness, the tests on it, the programs of developers on both.
		{"agent/testkit", []string{"agent/testkit", "agent/extension", in + "procfs"}, "the harness drives browsers and desktops, whatever is tested on them"},
		{"agent/e2e/attribution", []string{"heuristics", "agent/api", "agent/testkit", "agent/extension", in + "extensions", in + "sampler", in + "server", in + "attribution"}, "every process is asked about, which no program offers; the parts are the agent's own"},
		{"agent/e2e/check", []string{"agent/testkit", "agent/api", in + "devtools"}, "pages are checked with the program, as their owners do; its report is looked at in the same browser"},
		{"agent/e2e", []string{"agent/testkit", "agent/api", "agent/extension"}, "end-to-end tests use the programs as people do"},
		{"agent/dev", []string{"agent/dev/internal", "agent/e2e", "agent/testkit", "agent/extension"}, "programs for developers record and measure the product from outside"},
		{"agent/dev/packages", []string{"agent/dev/internal", in + "cli", in + "install"}, "man pages are made from the commands, and the files for browsers from the plan that installs them"},
		{"agent/dev/bench", []string{"agent/dev/internal", "heuristics", in + "pipeline", in + "sampler", in + "procfs", in + "trace"}, "benchmarks measure parts as they are, and the agent from outside"},
		{"agent/dev/evasion", []string{"agent/dev/internal", in + "recordings/evaluate", "agent/api"}, "what hiding costs is judged as every recording is"},
		{"agent/dev/dataset", []string{in + "recordings/evaluate"}, "it packs what is recorded; labels are read in one way"},
		{"agent/dev/fit", []string{"heuristics", in + "pipeline", in + "trace", in + "alert", in + "recordings/evaluate", "agent/api"}, "weights are fitted on the path that judges"},
	}
}

// listed is what `go list` tells of a package.
type listed struct {
	ImportPath string
	Imports    []string
}

func TestArrows(t *testing.T) {
	for _, goos := range []string{"linux", "windows", "darwin"} {
		for _, p := range list(t, goos) {
			from := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
			if from == "" {
				continue
			}
			rule := ruleFor(from)
			if rule == nil {
				t.Errorf("%s stands in no folder of docs/architecture.md", from)
				continue
			}
			for _, imported := range p.Imports {
				to, ours := strings.CutPrefix(imported, module+"/")
				if ours && !slices.ContainsFunc(rule.to, func(allowed string) bool { return within(to, allowed) }) {
					t.Errorf("%s imports %s (on %s): %s", from, to, goos, rule.cause)
				}
			}
		}
	}
}

func TestArrowsCatchAForbiddenImport(t *testing.T) {
	rule := ruleFor("tray")
	if slices.ContainsFunc(rule.to, func(a string) bool { return within("heuristics", a) }) {
		t.Error("the tray could import the detector")
	}
	if got := ruleFor("agent/api/words"); got == nil || got.from != "agent/api" {
		t.Errorf("the rule of agent/api/words is %+v", got)
	}
}

func ruleFor(from string) *arrow {
	var best *arrow
	for _, a := range arrows() {
		if within(from, a.from) && (best == nil || len(a.from) > len(best.from)) {
			best = &a
		}
	}
	return best
}

func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func list(t *testing.T, goos string) []listed {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", "./...")
	c.Env = append(c.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for in := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
