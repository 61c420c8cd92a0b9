package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A development key is made once and kept for its owner alone; a release key is never made, and must be the right one.
func TestKeys(t *testing.T) {
	out, dev := t.TempDir(), filepath.Join(t.TempDir(), "cache", "dev.pem")
	for range 2 {
		if err := run(out, "", dev); err != nil {
			t.Fatal(err)
		}
	}
	if fi, err := os.Stat(dev); err != nil || fi.Mode().Perm()&0o077 != 0 {
		t.Errorf("the development key: %v, %v", fi, err)
	}
	names, err := filepath.Glob(filepath.Join(out, "*.crx"))
	if err != nil || len(names) != 1 || !strings.HasSuffix(names[0], "-development.crx") {
		t.Errorf("the CRX of a development key is called %v (%v)", names, err)
	}
	missing := filepath.Join(t.TempDir(), "slip.pem")
	if err := run(t.TempDir(), missing, dev); err == nil {
		t.Error("a release key that is not there was accepted")
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a release key was made")
	}
	if err := run(t.TempDir(), dev, ""); err == nil || !strings.Contains(err.Error(), "is not the release key") {
		t.Errorf("another key as the release key: %v", err)
	}
}
