package minewatch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// binaries are the files that nobody can read with an editor, and where they come from. Others are refused: what they
// hold, and whose it is, could not be reviewed.
func binaries() map[string]string {
	return map[string]string{
		"testdata/traces/*/trace.jsonl.zst":              "recorded by make corpus",
		"testdata/evasion/*/trace.jsonl.zst":             "recorded by make evasion-record",
		"testdata/sessions/*/trace.jsonl.zst":            "recorded by make sessions",
		"docs/images/*.png":                              "pictures of minewatch, by make demo and make popup, and of its terminal",
		"agent/extension/icons/*.png":                    "drawn for minewatch",
		"agent/testkit/pages/static/shared/clip.webm":    "made with ffmpeg's gradients and cellauto sources",
		"agent/internal/sampler/testdata/*.bin":          "what Windows' call answered under Wine",
		"agent/internal/sessionfile/testdata/chromium-*": "a session file of Chromium with pages of the tests",
		"agent/internal/sessionfile/testdata/firefox-*":  "a session file of Firefox with pages of the tests",
	}
}

// maxLine is the longest line of a program or page here, in bytes; minified ones have thousands.
const maxLine = 500

var (
	built  = regexp.MustCompile(`(?i)\.(umd|bundle|min)\.[cm]?js$|\.min\.css$|\.(map|wasm|so|dll|dylib|exe|jar|whl|tgz|gz|zip|xpi|crx|deb|rpm|a|o|node|woff2?|ttf|otf)$`)
	notice = regexp.MustCompile(`(?i)@` + `license|@` + `preserve|SPDX-` + `License-Identifier|copyright (\(c\)|©|\d{4})|\(c\) (\d{4}|[A-Z]\w+ [A-Z])` +
		`|licensed` + ` under the|permission is` + ` hereby granted|all rights` + ` reserved|source` + `MappingURL=`)
	code = regexp.MustCompile(`\.([cm]?[jt]s|css|html|go|sh|py|c|h)$`)
)

// foreign says why a file may not be in the repository, and returns "" for one that may.
//
// What others wrote comes from the package managers, by version and checksum (go.sum, scripts/npm), so that its licence
// and its faults are known and it can be renewed.
func foreign(name string, content []byte) string {
	for folder := range strings.SplitSeq(path.Dir(name), "/") {
		if slices.Contains([]string{"node_modules", "bower_components", "vendor", "third_party", "site-packages"}, folder) {
			return "it stands in " + folder + ", a folder of what others wrote"
		}
	}
	if built.MatchString(name) {
		return "its name is that of a built or packed file"
	}
	if bytes.IndexByte(content, 0) >= 0 || !utf8.Valid(content) {
		for pattern := range binaries() {
			if ok, err := path.Match(pattern, name); err == nil && ok {
				return ""
			}
		}
		return "it is binary and stands in no line of binaries()"
	}
	if name == "LICENSE" { // ours
		return ""
	}
	if found := notice.Find(content); found != nil {
		return "it has a notice of others: " + string(found)
	}
	for line := range bytes.Lines(content) {
		if code.MatchString(name) && len(line) > maxLine {
			return "it has a line of more than 500 bytes, as minified files have"
		}
	}
	return ""
}

// files returns what is in the repository or about to be.
func files(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat(".git"); err == nil {
		out, err := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
		if err != nil {
			t.Fatalf("git ls-files: %v", err)
		}
		return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	}
	var all []string // the sources without git
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".cache", "bin", "dist", "sessions"}, name):
			return fs.SkipDir
		case !d.IsDir():
			all = append(all, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNothingForeign(t *testing.T) {
	all := files(t)
	if len(all) < 500 {
		t.Errorf("only %d files were looked at", len(all))
	}
	for _, name := range all {
		content, err := os.ReadFile(filepath.FromSlash(name))
		if errors.Is(err, fs.ErrNotExist) { // removed and not yet committed
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if why := foreign(name, content); why != "" {
			t.Errorf("%s may not be in the repository: %s (see CONTRIBUTING.md)", name, why)
		}
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	for name, content := range map[string]string{
		"agent/x/node_modules/a/index.js":  "let a = 1;\n",
		"agent/vendor/b.go":                "package b\n",
		"agent/pages/lib.min.js":           "let a = 1;\n",
		"agent/pages/lib.umd.mjs":          "let a = 1;\n",
		"agent/pages/lib.wasm":             "text\n",
		"agent/pages/lib.js":               "let a = 1;" + strings.Repeat("a=a+1;", 200) + "\n",
		"agent/pages/own.js":               "/*! lib 1.0 (" + "c) Some Body. @" + "license MIT */\nlet a = 1;\n",
		"agent/pages/LICENSE.txt":          "Copyright " + "(" + "c) 2020 Some Body\n",
		"agent/pages/mapped.js":            "let a = 1;\n//# source" + "MappingURL=mapped.js.map\n",
		"agent/pages/style.css":            "/* SPDX-" + "License-Identifier: MIT */\n",
		"agent/pages/photo.jpg":            "\xff\xd8\xff\xe0\x00\x10JFIF",
		"testdata/traces/x/other.bin":      "a\x00b",
		"agent/extension/icons/far/16.png": "\x89PNG\x00",
	} {
		if foreign(name, []byte(content)) == "" {
			t.Errorf("%s was let in", name)
		}
	}
	for name, content := range map[string]string{
		"agent/main.go":                     "package main\n",
		"LICENSE":                           "Licensed" + " under the Apache License\n",
		"docs/decisions.md":                 strings.Repeat("a long paragraph ", 100) + "\n",
		"testdata/traces/x/trace.jsonl.zst": "\x28\xb5\x2f\xfd\x00",
	} {
		if why := foreign(name, []byte(content)); why != "" {
			t.Errorf("%s was refused: %s", name, why)
		}
	}
}

// TestNpmIsPinned: what npm installs is the same everywhere and for ever, and no file says where from.
func TestNpmIsPinned(t *testing.T) {
	about, err := os.ReadFile("scripts/npm/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"lint", "test", "pages"} {
		var asked struct{ Dependencies map[string]string }
		read(t, "scripts/npm/"+list+"/package.json", &asked)
		var lock struct {
			Packages map[string]struct {
				Version, Integrity string
				Dependencies       map[string]string
			}
		}
		text := read(t, "scripts/npm/"+list+"/package-lock.json", &lock)
		if address := regexp.MustCompile(`[a-z]+://[^"]*`).Find(text); address != nil {
			t.Errorf("the lockfile of %s names an address: %s (scripts/npm.sh lock %s leaves them out)", list, address, list)
		}
		for name, p := range lock.Packages {
			if name != "" && !strings.HasPrefix(p.Integrity, "sha512-") {
				t.Errorf("the lockfile of %s has no checksum of %s", list, name)
			}
		}
		if len(asked.Dependencies) == 0 {
			t.Errorf("%s asks for nothing", list)
		}
		for name, version := range asked.Dependencies {
			if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
				t.Errorf("%s of %s is asked for as %q, which is no exact version", name, list, version)
			}
			if got := lock.Packages["node_modules/"+name].Version; got != version {
				t.Errorf("%s of %s: the lockfile has %q, package.json asks for %q (run scripts/npm.sh lock %s)", name, list, got, version, list)
			}
			if !strings.Contains(string(about), "| "+list+" | "+name+" "+version+" |") {
				t.Errorf("scripts/npm/README.md does not tell the licence of %s %s in %s", name, version, list)
			}
		}
	}
}

// read reads a file of JSON and returns its text too.
func read(t *testing.T, name string, into any) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return text
}
