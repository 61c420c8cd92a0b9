// Package evaluate judges labelled recordings on the path a live run takes and says how right the detector is:
// precision, recall, false alarms per machine-day, time to detect.
//
// A folder of recordings may come from anybody: one that is damaged or contradicts its label is reported and left out of
// every figure, and the others are still evaluated.
package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

// The files of a recording's folder.
const (
	traceFile = "trace.jsonl.zst"
	truthFile = "truth.json"
)

// maxRecordings bounds the folders of one evaluation.
const maxRecordings = 20_000

// Options says what is evaluated and how.
type Options struct {
	// Config holds the detector's settings.
	Config heuristics.Config
	// Split is the only split evaluated, "" for all.
	Split string
	// Limits bound what is read of each recording.
	Limits trace.Limits
	// Progress is told after each recording how many of all are done; it may be nil. Calls do not overlap.
	Progress func(done, all int)
}

// Run judges every recording below dir: dir itself, dir/*, and dir/*/*, wherever a trace.jsonl.zst or a truth.json
// lies. It returns what became of each, sorted by name. A recording that could not be evaluated has its Problem set;
// the error is for the folder as a whole.
func Run(ctx context.Context, dir string, o Options) ([]Trace, error) {
	folders, err := find(dir)
	if err != nil {
		return nil, err
	}
	all := make([]Trace, len(folders))
	for i, folder := range folders {
		all[i] = begin(dir, folder)
	}
	assignSplits(all)
	if o.Split != "" {
		all = slices.DeleteFunc(all, func(t Trace) bool { return t.Problem == nil && t.Split != o.Split })
	}
	var (
		mu   sync.Mutex
		done int
		wait sync.WaitGroup
		next = make(chan *Trace)
	)
	for range runtime.GOMAXPROCS(0) { // each keeps one recording's present in memory
		wait.Go(func() {
			for t := range next {
				if t.Problem == nil {
					t.evaluate(ctx, &o)
				}
				mu.Lock()
				done++
				if o.Progress != nil {
					o.Progress(done, len(all))
				}
				mu.Unlock()
			}
		})
	}
	for i := range all {
		next <- &all[i]
	}
	close(next)
	wait.Wait()
	return all, ctx.Err()
}

// find returns the folders with recordings, sorted.
func find(dir string) ([]string, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("the recordings cannot be read: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is no folder; name one that holds NAME/%s and NAME/%s", dir, traceFile, truthFile)
	}
	var found []string
	var look func(folder string, depth int) error
	look = func(folder string, depth int) error {
		if exists(filepath.Join(folder, traceFile)) || exists(filepath.Join(folder, truthFile)) {
			found = append(found, folder)
		}
		if depth == 0 {
			return nil
		}
		entries, err := os.ReadDir(folder)
		if err != nil {
			return fmt.Errorf("the recordings cannot be read: %w", err)
		}
		for _, e := range entries {
			below := filepath.Join(folder, e.Name())
			if info, err := os.Stat(below); err != nil || !info.IsDir() { // a link to a folder counts
				continue
			}
			if err := look(below, depth-1); err != nil {
				return err
			}
		}
		return nil
	}
	if err := look(dir, 2); err != nil {
		return nil, err
	}
	switch {
	case len(found) == 0:
		return nil, fmt.Errorf("there is no recording below %s; expected NAME/%s with NAME/%s", dir, traceFile, truthFile)
	case len(found) > maxRecordings:
		return nil, fmt.Errorf("%s holds more than %d recordings; evaluate its folders one by one", dir, maxRecordings)
	}
	slices.Sort(found)
	return found, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// begin reads the label of a recording.
func begin(dir, folder string) Trace {
	name, err := filepath.Rel(dir, folder)
	if err != nil || name == "." {
		name = filepath.Base(folder)
		if abs, err := filepath.Abs(folder); err == nil {
			name = filepath.Base(abs)
		}
	}
	t := Trace{Type: "trace", Name: filepath.ToSlash(name), Alerts: []Alert{}, Rules: map[string]float64{}, folder: folder}
	t.Truth, err = ReadTruth(filepath.Join(folder, truthFile))
	if err != nil {
		t.fail(err)
		return t
	}
	t.Label, t.Split, t.Kind, t.Duty = t.Truth.Label, t.Truth.Split, t.Truth.Kind, t.Truth.Duty
	if cores, ok := t.Truth.load(); ok {
		t.Cores = &cores
	}
	recording := filepath.Join(folder, traceFile)
	if info, err := os.Stat(recording); err != nil {
		t.fail(fmt.Errorf("%s is missing: there is a label without its recording", recording))
	} else if !info.Mode().IsRegular() {
		t.fail(fmt.Errorf("%s is no file", recording))
	}
	return t
}

// assignSplits puts what names no split into the test split: nobody said that it may be tuned on.
func assignSplits(all []Trace) {
	for i := range all {
		all[i].Split = cmp.Or(all[i].Split, Test)
	}
}

func (t *Trace) fail(err error) { t.Problem, t.Error = err, err.Error() }

// Problems returns what kept recordings from being evaluated, one clear line each, and nil if nothing did.
func Problems(all []Trace) []error {
	var out []error
	for i := range all {
		if p := all[i].Problem; p != nil && !errors.Is(p, context.Canceled) {
			out = append(out, p)
		}
	}
	return out
}

// seconds rounds a time to a hundredth of a second.
func seconds(d time.Duration) float64 { return d.Round(10 * time.Millisecond).Seconds() }
