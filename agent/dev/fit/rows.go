package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/recordings/evaluate"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

// row is one verdict on one subject at one tick.
type row struct {
	trace, kind, label, subject string
	at                          time.Duration
	mining                      bool
	weight                      float64
	verdict                     heuristics.Verdict
}

// fromBusy is how long a load must have lasted for its verdicts to be learnt from: rules are silent before.
const fromBusy = 10 * time.Second

// read returns the rows of every recording below dir whose split is wanted ("" for all).
func read(ctx context.Context, dir, split string) ([]row, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "truth.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%s holds no */truth.json", dir)
	}
	var rows []row
	for _, file := range files {
		t, err := evaluate.ReadTruth(file)
		if err != nil {
			return nil, err
		}
		if split != "" && t.Split != split {
			continue
		}
		some, err := replay(ctx, filepath.Dir(file), &t)
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// replay judges one recording and returns a row for each verdict that can be learnt from. The rows of one subject weigh
// 1 together, so that long recordings count no more than short ones.
func replay(ctx context.Context, folder string, t *evaluate.Truth) ([]row, error) {
	f, err := os.Open(filepath.Join(folder, "trace.jsonl.zst"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, source, err := trace.Replay(f, f.Name())
	if err != nil {
		return nil, err
	}
	var rows []row
	of := map[string][]int{}
	err = pipeline.Run(ctx, source, heuristics.NewDetector(heuristics.Config{}), alert.NewManager("fit", nil, nil), func(tick pipeline.Tick) {
		for _, j := range tick.Findings {
			if j.Verdict.Features.Busy < fromBusy {
				continue
			}
			at := tick.Snapshot.At
			during := (t.LoadStart == nil || at.Seconds() >= *t.LoadStart) && (t.LoadEnd == nil || at.Seconds() <= *t.LoadEnd+1)
			true1 := t.Label != evaluate.Benign && isTrue(&j, t)
			if true1 && !during {
				continue
			}
			r := row{
				trace: filepath.Base(folder), kind: t.Kind, label: t.Label, at: at, mining: true1 && t.Label == evaluate.Mining,
				subject: j.Verdict.Subject.Key + " " + j.Verdict.Subject.Info.Name + " " + j.Owner.Site, verdict: j.Verdict,
			}
			if !true1 {
				r.label = evaluate.Benign
			}
			of[j.Verdict.Subject.Key] = append(of[j.Verdict.Subject.Key], len(rows))
			rows = append(rows, r)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, at := range of {
		for _, i := range at {
			rows[i].weight = 1 / float64(max(len(at), 10))
		}
	}
	return rows, nil
}

// isTrue reports whether a verdict is about the load that the recording was made for.
func isTrue(j *alert.Finding, t *evaluate.Truth) bool {
	if sites := t.AllSites(); len(sites) > 0 {
		named := append([]string{j.Owner.Site}, j.Owner.Sites...)
		return slices.ContainsFunc(named, func(site string) bool { return slices.Contains(sites, site) }) ||
			(j.Owner.Subject == api.SubjectTab && j.Owner.Site == "" && len(j.Owner.Sites) == 0)
	}
	name := j.Verdict.Subject.Info.Name
	for _, p := range append([]string{t.Process}, t.Programs...) {
		if p != "" && name != "" && (strings.HasPrefix(p, name) || strings.HasPrefix(name, p)) {
			return true
		}
	}
	return false
}
