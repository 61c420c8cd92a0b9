package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/traces/*/want.txt")

// TestGoldenTraces pins what is said of every recording in testdata/traces, so that a change of a rule shows as a
// change of want.txt that a reviewer can read.
func TestGoldenTraces(t *testing.T) {
	files, err := filepath.Glob("../testdata/traces/*/trace.jsonl.zst")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			c := replayCommand()
			var out bytes.Buffer
			c.SetOut(&out)
			c.SetArgs([]string{file})
			t.Setenv("TZ", "UTC")
			if err := c.ExecuteContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join(filepath.Dir(file), "want.txt")
			_, got, _ := bytes.Cut(out.Bytes(), []byte("\n")) // the heading holds the local time of the recording
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("replay says something else (-want +got); if that is right, run go test ./agent -run Golden -update:\n%s", diff)
			}
		})
	}
}

// TestGroundTruth checks that every recording of simulated mining names its true site, and that others stay silent.
func TestGroundTruth(t *testing.T) {
	files, err := filepath.Glob("../testdata/traces/*/truth.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no ground truth: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var truth struct {
				Label, Site string
			}
			if err := json.Unmarshal(b, &truth); err != nil {
				t.Fatal(err)
			}
			c := replayCommand()
			var out bytes.Buffer
			c.SetOut(&out)
			c.SetArgs([]string{"--json", filepath.Join(filepath.Dir(file), "trace.jsonl.zst")})
			if err := c.ExecuteContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			sites := map[string]int{}
			for line := range bytes.Lines(out.Bytes()) {
				var a struct{ State, Site, Severity string }
				if err := json.Unmarshal(line, &a); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				if a.State == "firing" && a.Severity == "mining_like" {
					sites[a.Site]++
				}
			}
			switch truth.Label {
			case "mining":
				if len(sites) != 1 || sites[truth.Site] == 0 {
					t.Errorf("alerts name %v, want only %q", sites, truth.Site)
				}
			case "benign":
				if len(sites) > 0 {
					t.Errorf("a benign recording is called mining_like: %v", sites)
				}
			}
		})
	}
}
