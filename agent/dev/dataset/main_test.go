package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// repository makes one with two recordings and a session.
func repository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"docs/dataset.md": "a sheet", "docs/trace.md": "a format", "docs/corpus.md": "how made", "LICENSE": "a licence",
		"testdata/traces/b/truth.json":      `{"label":"benign","kind":"build","programs":["cc1","as"],"split":"test"}`,
		"testdata/traces/b/trace.jsonl.zst": "bytes of b",
		"testdata/traces/b/want.txt":        "what a version says",
		"testdata/traces/a/truth.json": `{"label":"mining","kind":"browser-faint","sites":["x.test","y.test"],"split":"tune","duty":0.5,
			"workers":2,"load_start_s":10,"load_end_s":70,"simulated":true,"note":"two, of \"two\" sites"}`,
		"testdata/traces/a/trace.jsonl.zst":   "bytes of a",
		"testdata/sessions/s/truth.json":      `{"label":"benign","split":"test"}`,
		"testdata/sessions/s/trace.jsonl.zst": "bytes of s",
	} {
		file := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// unpack returns the files of an archive.
func unpack(t *testing.T, b []byte) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for in := tar.NewReader(z); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(text)
	}
}

func TestAnArchiveIsWholeAndAlwaysTheSame(t *testing.T) {
	root, out := repository(t), t.TempDir()
	var said strings.Builder
	if err := run(root, out, "set", &said); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "3 recordings") {
		t.Errorf("it says %q", said.String())
	}
	first, err := os.ReadFile(filepath.Join(out, "set.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(first)
	beside, err := os.ReadFile(filepath.Join(out, "set.tar.gz.sha256"))
	if want := hex.EncodeToString(sum[:]) + "  set.tar.gz\n"; err != nil || string(beside) != want {
		t.Errorf("the checksum beside it is %q, %v, want %q", beside, err, want)
	}
	files := unpack(t, first)
	for line := range strings.Lines(files["set/SHA256SUMS"]) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		got := sha256.Sum256([]byte(files["set/"+name]))
		if hex.EncodeToString(got[:]) != want {
			t.Errorf("%s does not have its checksum", name)
		}
	}
	if n := strings.Count(files["set/SHA256SUMS"], "\n"); n != len(files)-1 || n != 11 {
		t.Errorf("%d checksums of %d files", n, len(files))
	}
	if _, ok := files["set/traces/b/want.txt"]; ok || files["set/README.md"] != "a sheet" || files["set/traces/a/trace.jsonl.zst"] != "bytes of a" {
		t.Errorf("the archive holds %q", files)
	}
	rows, err := csv.NewReader(strings.NewReader(files["set/index.csv"])).ReadAll()
	want := [][]string{
		columns(),
		{"sessions/s", "benign", "", "test", "false", "", "", "0", "", "", "", "", ""},
		{"traces/a", "mining", "browser-faint", "tune", "true", "x.test y.test", "", "2", "0.5", "", "10", "70", `two, of "two" sites`},
		{"traces/b", "benign", "build", "test", "false", "", "cc1 as", "0", "", "", "", "", ""},
	}
	if diff := cmp.Diff(want, rows); diff != "" || err != nil {
		t.Errorf("the index (-want +got): %v\n%s", err, diff)
	}

	again := t.TempDir()
	if err := run(root, again, "set", io.Discard); err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(filepath.Join(again, "set.tar.gz")); err != nil || !bytes.Equal(first, second) {
		t.Errorf("the same recordings give another archive (%v)", err)
	}
}

func TestWhatIsNotWholeIsNotPacked(t *testing.T) {
	for name, spoil := range map[string]func(root string) error{
		"no trace": func(root string) error { return os.Remove(filepath.Join(root, "testdata/traces/a/trace.jsonl.zst")) },
		"empty trace": func(root string) error {
			return os.Truncate(filepath.Join(root, "testdata/traces/a/trace.jsonl.zst"), 0)
		},
		"broken label": func(root string) error {
			return os.WriteFile(filepath.Join(root, "testdata/traces/a/truth.json"), []byte(`{"label":`), 0o600)
		},
		"no session": func(root string) error { return os.RemoveAll(filepath.Join(root, "testdata/sessions")) },
		"no licence": func(root string) error { return os.Remove(filepath.Join(root, "LICENSE")) },
	} {
		root, out := repository(t), t.TempDir()
		if err := spoil(root); err != nil {
			t.Fatal(err)
		}
		if err := run(root, out, "set", io.Discard); err == nil {
			t.Errorf("%s: it is packed", name)
		}
		if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left, %v", name, left, err)
		}
	}
}
