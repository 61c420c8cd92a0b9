//go:build linux

package check_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/e2e/check"
	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/programs"
	"github.com/minewatch/minewatch/agent/testkit/sites"
)

// short are the sites of the short version: one of each way to the script that is found by other means.
func short() []string {
	return []string{"blob-inline-1", "frame-1", "only-hidden-1", "service-1", "gate", "train", "canvas-1"}
}

// TestCheck is short in `make test`; MINEWATCH_CHECK=full is `make e2e-check`.
func TestCheck(t *testing.T) {
	if testing.Short() {
		t.Skip("real browsers are not short")
	}
	desktop.Need(t, chromium.Missing())
	full := os.Getenv("MINEWATCH_CHECK") == "full"
	all := slices.Concat(sites.Mining(), sites.Benign(60))
	if !full {
		all = slices.DeleteFunc(all, func(s *sites.Site) bool { return !slices.Contains(short(), s.Name) })
		if len(all) != len(short()) {
			t.Fatalf("%d of the %d sites of the short version exist", len(all), len(short()))
		}
	}
	if only := os.Getenv("MINEWATCH_CHECK_ONLY"); only != "" {
		all = slices.DeleteFunc(all, func(s *sites.Site) bool {
			ok, err := filepath.Match(only, s.Name)
			return err != nil || !ok
		})
	}
	server, err := sites.Start(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	program := filepath.Join(programs.ForTest(t, programs.Agent), programs.Agent)
	// One at a time where figures are taken: loads beside each other are slower to be seen. Honest pages do little.
	tell := func(s *sites.Site, a *check.Answer, err error) {
		if err != nil {
			t.Error(err)
			return
		}
		right := a.Verdict == string(api.MiningLike) && a.Script() == s.Script || !s.Mines && a.Verdict == "nothing_found"
		t.Logf("%-20s %-14s %v %s", s.Name, a.Verdict, a.Script(), a.Detail)
		if !right && !full {
			t.Errorf("%s: %s (%s), script %q; want mines %v, script %q", s.Name, a.Verdict, a.Detail, a.Script(), s.Mines, s.Script)
		}
	}
	mining := slices.DeleteFunc(slices.Clone(all), func(s *sites.Site) bool { return !s.Mines })
	benign := slices.DeleteFunc(slices.Clone(all), func(s *sites.Site) bool { return s.Mines })
	sum := check.Run(t.Context(), program, server.Proxy(), mining, 1, tell)
	rest := check.Run(t.Context(), program, server.Proxy(), benign, 3, tell)
	sum.Benign, sum.BenignMiningLike, sum.BenignHeavy = rest.Benign, rest.BenignMiningLike, rest.BenignHeavy
	sum.Unknown += rest.Unknown
	line, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", line)
	if full && (sum.Found < sum.Pages || sum.ScriptRight < sum.Pages || sum.BenignMiningLike > 0 || sum.Unknown > 0) {
		t.Errorf("not all was found, or something honest was: %s", line)
	}
}
