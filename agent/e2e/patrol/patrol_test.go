//go:build linux

// Package patrol_test has minewatch-patrol go through a list of real pages in real browsers while its program and its
// browsers are killed, and looks whether each page has one final result, and the right one.
package patrol_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/proc"
	"github.com/minewatch/minewatch/agent/testkit/programs"
	"github.com/minewatch/minewatch/agent/testkit/sites"
)

// summary is what `make e2e-patrol` prints. What the cluster's tests show (a node and a worker killed) stands in
// agent/internal/patrol.
type summary struct {
	Type             string  `json:"type"`
	Pages            int     `json:"pages"`
	Found            int     `json:"found"`
	ScriptRight      int     `json:"script_right"`
	BenignMiningLike int     `json:"benign_mining_like"`
	BenignHeavy      int     `json:"benign_heavy"`
	Unknown          int     `json:"unknown"`
	PagesPerHour     float64 `json:"pages_per_hour"`
	Kills            int     `json:"kills"`
	Lost             int     `json:"lost"`
	Duplicates       int     `json:"duplicates"`
}

// result is the part of a line of results.jsonl that is looked at.
type result struct {
	URL     string `json:"url"`
	Verdict string `json:"verdict"`
	Detail  string `json:"detail"`
	Visits  []struct {
		Findings []struct {
			Script string `json:"script"`
		} `json:"findings"`
	} `json:"visits"`
}

func (r *result) names(script string) bool {
	for _, v := range r.Visits {
		for _, f := range v.Findings {
			if f.Script == script {
				return true
			}
		}
	}
	return false
}

// TestPatrol is short in `make test`; MINEWATCH_PATROL=full is `make e2e-patrol`.
func TestPatrol(t *testing.T) {
	if testing.Short() {
		t.Skip("real browsers are not short")
	}
	desktop.Need(t, chromium.Missing())
	full := os.Getenv("MINEWATCH_PATROL") == "full"
	all, kills, visits := slices.Concat(sites.Mining(), sites.Benign(500)), 50, 3
	if !full {
		short := []string{"worker-1", "late-2", "news", "mail", "text-1", "canvas-1", "form-1"}
		all, kills, visits = slices.DeleteFunc(all, func(s *sites.Site) bool { return !slices.Contains(short, s.Name) }), 2, 1
	}
	server, err := sites.Start(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	dir := t.TempDir()
	program := filepath.Join(dir, "minewatch-patrol")
	if err := programs.Package(t.Context(), program, "github.com/minewatch/minewatch/agent/patrol", false); err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	for _, s := range all {
		fmt.Fprintln(&lines, s.URL)
	}
	list, out := filepath.Join(dir, "list.txt"), filepath.Join(dir, "out")
	if err := os.WriteFile(list, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"run", list, "--out", out, "--contact", "admin@patrol.example", "--authority", "a test on one computer", "--allow-private", "--proxy", server.Proxy(),
		"--visits", strconv.Itoa(visits), "--click", "#agree", "--host-delay", "0s", "--json",
	}
	began := time.Now()
	killed, err := lead(t.Context(), program, args, kills, map[bool]time.Duration{true: time.Minute, false: 6 * time.Second}[full])
	if err != nil {
		t.Fatal(err)
	}
	sum := summary{Type: "patrol", Pages: len(all), Kills: killed, PagesPerHour: float64(int(float64(len(all)) / time.Since(began).Hours()))}
	results := read(t, filepath.Join(out, "results.jsonl"))
	for _, s := range all {
		given := results[s.URL]
		switch {
		case len(given) == 0:
			sum.Lost++
			continue
		case len(given) > 1:
			sum.Duplicates++
		}
		r := given[0]
		right := !s.Mines && r.Verdict == "nothing_found"
		switch {
		case r.Verdict == "unknown":
			sum.Unknown++
		case s.Mines && r.Verdict == string(api.MiningLike):
			sum.Found++
			if right = r.names(s.Script); right {
				sum.ScriptRight++
			}
		case !s.Mines && r.Verdict == string(api.MiningLike):
			sum.BenignMiningLike++
		case !s.Mines && r.Verdict == string(api.Heavy):
			sum.BenignHeavy++
		}
		if !right {
			t.Logf("%s: %s %s", s.Name, r.Verdict, r.Detail)
			if !full {
				t.Errorf("%s is wrong", s.Name)
			}
		}
	}
	line, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", line)
	if sum.Lost+sum.Duplicates+sum.BenignMiningLike > 0 || killed < kills {
		t.Errorf("something is lost, doubled or wrong: %s", line)
	}
	if got, err := exec.CommandContext(t.Context(), program, "verify", out).CombinedOutput(); err != nil {
		t.Errorf("the evidence does not stand: %s", got)
	}
}

// lead runs the program until it ends by itself, and kills it or one of its browsers now and then, at most kills times.
func lead(ctx context.Context, program string, args []string, kills int, every time.Duration) (int, error) {
	killed := 0
	for range kills + 3 {
		c := exec.CommandContext(ctx, program, args...)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			return killed, err
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		again := false
		for !again {
			wait := time.NewTimer(every/2 + rand.N(every))
			if killed >= kills {
				wait.Stop()
			}
			select {
			case err := <-ended:
				wait.Stop()
				if err != nil {
					return killed, fmt.Errorf("it ended by itself: %w: %s", err, stderr.Bytes())
				}
				return killed, nil
			case <-wait.C:
			}
			killed++
			browsers := children(c.Process.Pid)
			if len(browsers) > 0 && rand.N(3) > 0 {
				_ = syscall.Kill(browsers[rand.N(len(browsers))], syscall.SIGKILL)
				continue
			}
			_ = c.Process.Kill()
			<-ended
			again = true
		}
	}
	return killed, fmt.Errorf("it did not come to its end after %d kills", killed)
}

// children returns the browsers that a process started.
func children(pid int) []int {
	all, err := proc.All()
	if err != nil {
		return nil
	}
	var out []int
	for _, p := range all {
		if p.Parent == pid {
			out = append(out, p.PID)
		}
	}
	return out
}

func read(t *testing.T, file string) map[string][]result {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]result{}
	for line := range strings.Lines(string(text)) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %.200s", err, line)
		}
		if r.URL != "" {
			out[r.URL] = append(out[r.URL], r)
		}
	}
	return out
}
