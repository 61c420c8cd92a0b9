//go:build linux

package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
)

// TestSameBytes: two builds of one commit in different folders give the same packages. The programs are stand-ins here;
// that Go builds the same program twice is what -trimpath is for, and `make packages` can be run twice to see it.
func TestSameBytes(t *testing.T) {
	t.Chdir("../../..")
	need(t)
	first, second := packed(t), packed(t)
	for _, name := range slices.Sorted(maps.Keys(first)) {
		if !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s differs between two builds", name)
		}
	}
	if len(first) != 3 || len(second) != 3 {
		t.Errorf("made %d and %d files, want a deb, an rpm and SHA256SUMS", len(first), len(second))
	}
	for name, data := range first {
		if name != "SHA256SUMS" && !strings.Contains(string(first["SHA256SUMS"]), "  "+name+"\n") {
			t.Errorf("%s (%d bytes) has no checksum", name, len(data))
		}
	}
}

// TestDebHoldsWhatConnectsBrowsers: what a person gets by one command is in the package.
func TestDebHoldsWhatConnectsBrowsers(t *testing.T) {
	t.Chdir("../../..")
	need(t)
	dir := t.TempDir()
	for name, data := range packed(t) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := exec.CommandContext(t.Context(), "dpkg-deb", "-c", filepath.Join(dir, "minewatch_1.2.3_amd64.deb")).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/usr/bin/minewatch", "/usr/bin/minewatch-host", "/usr/bin/minewatch-tray", "/usr/lib/systemd/system/minewatch.service",
		"/etc/xdg/autostart/minewatch-tray.desktop", "/etc/chromium/native-messaging-hosts/io.github.minewatch.json",
		"/usr/lib/mozilla/native-messaging-hosts/io.github.minewatch.json", "/usr/share/chromium/extensions/minewatch/manifest.json",
		"/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/minewatch@minewatch.github.io.xpi",
		"/usr/share/man/man1/minewatch.1.gz", "/usr/share/man/man1/minewatch-service-install.1.gz",
		"/usr/share/bash-completion/completions/minewatch", "/usr/share/doc/minewatch/copyright",
	} {
		if !strings.Contains(string(list), " ."+path+"\n") {
			t.Errorf("%s is missing", path)
		}
	}
	if strings.Contains(string(list), "/home/") || strings.Contains(string(list), os.TempDir()+"/") {
		t.Errorf("a path of the machine that built it:\n%s", list)
	}
}

func need(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(".cache/bin/nfpm"); err != nil {
		desktop.Need(t, []string{"nfpm (make tools)"})
	}
}

// packed builds a deb and an rpm of stand-ins for the programs.
func packed(t *testing.T) map[string][]byte {
	t.Helper()
	programs := t.TempDir()
	for _, name := range []string{"minewatch", "minewatch-host", "minewatch-tray"} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\nexit 0\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	b := build{
		out: t.TempDir(), tools: ".cache/bin", work: t.TempDir(), version: "1.2.3", programs: programs,
		at: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC),
	}
	made, err := b.make(t.Context(), []string{"deb", "rpm"})
	if err != nil {
		t.Fatal(err)
	}
	if err := writeChecksums(b.out, made); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, name := range append(made, "SHA256SUMS") {
		data, err := os.ReadFile(filepath.Join(b.out, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = data
	}
	return out
}

func TestNothingHoldsATime(t *testing.T) {
	if got := string(compressed([]byte("x"))); got != string(compressed([]byte("x"))) {
		t.Error("gzip writes a time")
	}
	in := []byte(`{"metadata": {"timestamp": "2026-11-26T01:00:00Z", "component": {}}}`)
	if got := string(withoutTimes(in)); got != `{"metadata": {"component": {}}}` {
		t.Errorf("got %s", got)
	}
}
