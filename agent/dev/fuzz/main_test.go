package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every target of the project is found: the names in the sources are counted in another way.
func TestEveryTargetIsFound(t *testing.T) {
	got, err := find(t.Context(), "../../..", regexp.MustCompile(""))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range got {
		names = append(names, one.name)
	}
	seen := 0
	err = filepath.WalkDir("../../..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/dev/fuzz/") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`).FindAllSubmatch(text, -1) {
			if seen++; !slices.Contains(names, string(m[1])) {
				t.Errorf("%s of %s is not found", m[1], path)
			}
		}
		return err
	})
	if err != nil || seen < 50 || len(names) > seen {
		t.Errorf("found %d of %d: %v", len(names), seen, err)
	}
}

func TestFiguresAreRead(t *testing.T) {
	r := read([]byte("fuzz: elapsed: 0s, gathering baseline coverage: 3/3 completed\nfuzz: elapsed: 3s, execs: 10 (3/sec), new interesting: 1 (total: 4)\n" +
		"fuzz: elapsed: 6s, execs: 4711 (7/sec), new interesting: 2 (total: 6)\n    Failing input written to testdata/fuzz/FuzzX/0123\n"))
	if r.Execs != 4711 || r.Inputs != 6 || r.Kept != "testdata/fuzz/FuzzX/0123" {
		t.Errorf("%+v", r)
	}
}
