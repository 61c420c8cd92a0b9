//go:build linux

package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEverythingThatMayBeDrawnCanBeDone(t *testing.T) {
	s := &session{}
	done := map[deed]bool{}
	for _, kind := range Kinds() {
		if len(shares(kind)) == 0 {
			t.Errorf("nobody does anything in a session %q", kind)
		}
		for _, x := range shares(kind) {
			done[x.deed] = true
			if s.does()[x.deed] == nil {
				t.Errorf("nobody knows how to %s", x.deed)
			}
		}
	}
	for d := range s.does() {
		if !done[d] {
			t.Errorf("%q is never drawn", d)
		}
	}
}

func TestTheLabelTellsWhatWasDone(t *testing.T) {
	dir := t.TempDir()
	recording := filepath.Join(dir, "recording")
	if err := os.WriteFile(recording, []byte("so far"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &session{
		Options: Options{Kind: Office, Seed: 42, Out: dir, Progress: io.Discard},
		did:     map[deed]int{writeLetter: 3, goAway: 1}, troubles: 2,
	}
	if err := s.keep(recording); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "trace.jsonl.zst")); err != nil || string(b) != "so far" {
		t.Errorf("kept %q, %v", b, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var label truth
	if err := json.Unmarshal(text, &label); err != nil {
		t.Fatal(err)
	}
	if label.Label != "benign" || label.Split != "test" || !label.Simulated {
		t.Errorf("the label is %s", text)
	}
	for _, part := range []string{"office", "seed 42", "2 troubles", "write a letter 3", "go away 1"} {
		if !strings.Contains(label.Note, part) {
			t.Errorf("the note %q lacks %q", label.Note, part)
		}
	}
	if err := s.keep(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a recording that is not there was kept")
	}
}
