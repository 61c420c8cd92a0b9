// Command dataset packs the labelled recordings into one archive for publication: the recordings and their labels, an
// index, a data sheet, the format, the licence, and a checksum of each file.
//
//	go run ./agent/dev/dataset [-out dist] [-name minewatch-recordings]
//
// The same recordings give the same archive, byte for byte.
package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/recordings/evaluate"
)

func main() {
	out := flag.String("out", "dist", "the `folder` that gets the archive")
	name := flag.String("name", "minewatch-recordings", "the archive's `name`, and that of the folder in it")
	flag.Parse()
	if err := run(".", *out, *name, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "dataset: %v\n", err)
		os.Exit(1)
	}
}

// run packs the recordings of the repository at root, and says what it has written.
func run(root, out, name string, said io.Writer) error {
	files, err := collect(root)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	if err := pack(&packed, name, files); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	archive := filepath.Join(out, name+".tar.gz")
	sum := sha256.Sum256(packed.Bytes())
	line := hex.EncodeToString(sum[:]) + "  " + filepath.Base(archive) + "\n"
	if err := errors.Join(os.WriteFile(archive, packed.Bytes(), 0o644), os.WriteFile(archive+".sha256", []byte(line), 0o644)); err != nil {
		return err
	}
	recordings := 0
	for f := range files {
		if path.Base(f) == truthFile {
			recordings++
		}
	}
	_, err = fmt.Fprintf(said, "%s: %d recordings, %d KB\nsha256 %s", archive, recordings, packed.Len()/1000, line)
	return err
}

// The files of a recording that are data. What a version of the program says of it is none.
const (
	traceFile = "trace.jsonl.zst"
	truthFile = "truth.json"
)

// maxFile bounds one file of a recording, in bytes.
const maxFile = 64 << 20

// collect reads everything that the archive holds, by its name there.
func collect(root string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for from, to := range map[string]string{"docs/dataset.md": "README.md", "docs/trace.md": "trace.md", "docs/corpus.md": "corpus.md", "LICENSE": "LICENSE"} {
		b, err := os.ReadFile(filepath.Join(root, from))
		if err != nil {
			return nil, err
		}
		files[to] = b
	}
	var rows [][]string
	for _, group := range []string{"traces", "sessions"} {
		folders, err := filepath.Glob(filepath.Join(root, "testdata", group, "*", truthFile))
		if err != nil {
			return nil, err
		}
		if len(folders) == 0 {
			return nil, fmt.Errorf("testdata/%s holds no recording", group)
		}
		for _, file := range folders {
			folder := filepath.Dir(file)
			truth, err := evaluate.ReadTruth(file)
			if err != nil {
				return nil, err
			}
			inside := path.Join(group, filepath.Base(folder))
			for _, f := range []string{traceFile, truthFile} {
				b, err := read(filepath.Join(folder, f))
				if err != nil {
					return nil, err
				}
				files[path.Join(inside, f)] = b
			}
			rows = append(rows, row(inside, &truth))
		}
	}
	index, err := table(rows)
	files["index.csv"] = index
	return files, err
}

// read reads one file of a recording.
func read(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > maxFile:
		return nil, fmt.Errorf("%s has more than %d bytes", file, maxFile)
	case len(b) == 0:
		return nil, fmt.Errorf("%s is empty", file)
	}
	return b, nil
}

// columns are the index's.
func columns() []string {
	return []string{"recording", "label", "kind", "split", "simulated", "sites", "programs", "workers", "duty", "cores", "load_start_s", "load_end_s", "note"}
}

func row(inside string, t *evaluate.Truth) []string {
	number := func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(*x, 'g', -1, 64)
	}
	return []string{
		inside, t.Label, t.Kind, cmp.Or(t.Split, evaluate.Test), strconv.FormatBool(t.Simulated), strings.Join(t.AllSites(), " "),
		strings.Join(t.Programs, " "), strconv.Itoa(t.Workers), number(t.Duty), number(t.Cores), number(t.LoadStart), number(t.LoadEnd), t.Note,
	}
}

func table(rows [][]string) ([]byte, error) {
	slices.SortFunc(rows, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := errors.Join(w.Write(columns()), w.WriteAll(rows)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// pack writes the files below one folder, with their checksums, in the order of their names and without anything that
// differs from one computer to the next.
func pack(to io.Writer, folder string, files map[string][]byte) error {
	names := make([]string, 0, len(files)+1)
	var sums bytes.Buffer
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		sum := sha256.Sum256(files[name])
		fmt.Fprintf(&sums, "%s  %s\n", hex.EncodeToString(sum[:]), name)
	}
	z := gzip.NewWriter(to)
	t := tar.NewWriter(z)
	add := func(name string, data []byte) error {
		header := tar.Header{Name: path.Join(folder, name), Mode: 0o644, Size: int64(len(data)), ModTime: time.Unix(0, 0).UTC(), Format: tar.FormatPAX}
		if err := t.WriteHeader(&header); err != nil {
			return err
		}
		_, err := t.Write(data)
		return err
	}
	for _, name := range names {
		if err := add(name, files[name]); err != nil {
			return err
		}
	}
	return errors.Join(add("SHA256SUMS", sums.Bytes()), t.Close(), z.Close())
}
