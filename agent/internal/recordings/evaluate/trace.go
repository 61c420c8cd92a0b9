package evaluate

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

const (
	// early is how much before the load an alert may come: the clocks of a label and of its recording differ a little.
	early = time.Second
	// beyond is how much a label's load may outlast its recording, for the same reason.
	beyond = 5.0
)

// The details of a recording.
const (
	Enough    = "enough"
	NotEnough = "not_enough" // only the whole machine's load, or samples further apart than 5 s
)

// Trace is what became of one recording. Its JSON form is a line of `eval --json`.
type Trace struct {
	Type  string `json:"type"` // "trace"
	Name  string `json:"name"`
	Split string `json:"split"`
	Label string `json:"label"`
	Kind  string `json:"kind,omitzero"`
	// Cores is the load that was intended and Duty that of each worker, as the label says; MeasuredCores is what the
	// true subject used on average during the load.
	Cores         *float64 `json:"cores"`
	Duty          *float64 `json:"duty"`
	MeasuredCores *float64 `json:"measured_cores"`
	// Length is that of the recording; MachineCores the cores of its machine.
	Length       float64 `json:"length_s"`
	MachineCores int     `json:"machine_cores"`
	// Detail says whether the recording can carry a verdict: Enough or NotEnough.
	Detail string `json:"detail"`
	// Outcome is the worst that was said: NoAlert or a severity. For a label of mining only of the true
	// subject.
	Outcome api.Severity `json:"outcome"`
	// TimeToDetect is the time from the load's start to the first alert about the true subject.
	TimeToDetect *float64 `json:"time_to_detect_s"`
	// Peak is the highest confidence in mining that the detector had in the plotted subject.
	Peak   float64 `json:"peak_confidence"`
	Alerts []Alert `json:"alerts"`
	// Rules are the weights of what decided, by rule: at the first alert, or at the peak where there was none.
	Rules map[string]float64 `json:"rules"`
	// Error says why the recording was not evaluated; its other figures are then void.
	Error string `json:"error,omitzero"`

	Truth   Truth  `json:"-"`
	Plot    Plot   `json:"-"`
	Problem error  `json:"-"`
	folder  string // where it lies
}

// NoAlert is the outcome of a recording on which nothing fired.
const NoAlert api.Severity = "none"

// Alert is one alert that fired on a recording.
type Alert struct {
	// T is when it first fired; MiningLikeAt when it was first called mining_like, if it was.
	T            float64  `json:"t_s"`
	TimeToDetect *float64 `json:"time_to_detect_s"`
	MiningLikeAt *float64 `json:"mining_like_t_s"`
	// Severity is the worst it was called, Confidence and Rules those of the first time.
	Severity       api.Severity       `json:"severity"`
	Confidence     float64            `json:"confidence"`
	Subject        api.Subject        `json:"subject"`
	ProcessName    string             `json:"process_name"`
	Site           string             `json:"site"`
	Sites          []string           `json:"sites,omitempty"`
	SiteConfidence api.Level          `json:"site_confidence"`
	Right          bool               `json:"subject_right"`
	SiteRight      bool               `json:"site_right"`
	SiteWrong      bool               `json:"site_wrong"`
	Rules          map[string]float64 `json:"rules"`

	id  string
	key string // of the verdict's subject
}

// bench follows one recording through the pipeline.
type bench struct {
	t      *Trace
	match  *matcher
	tracks tracks
	ticks  int
	last   time.Duration
	// hostOnly reports that the recording holds only the whole machine's load.
	hostOnly bool
}

// evaluate replays the recording and compares what is said with the truth.
func (t *Trace) evaluate(ctx context.Context, o *Options) {
	path := filepath.Join(t.folder, traceFile)
	f, err := trace.OpenRegular(path)
	if err != nil {
		t.fail(fmt.Errorf("the recording cannot be read: %w", err))
		return
	}
	defer f.Close()
	header, source, err := trace.ReplayWithin(f, path, o.Limits)
	if err != nil {
		t.fail(err)
		return
	}
	b := &bench{t: t, match: newMatcher(&t.Truth), tracks: newTracks()}
	t.MachineCores = header.Cores
	if err = pipeline.Replay(ctx, source, o.Config, b.observe); err == nil {
		err = ctx.Err() // a source ends quietly then
	}
	if err == nil {
		err = b.contradiction()
	}
	if err != nil {
		t.Alerts = []Alert{}
		t.fail(err)
		return
	}
	t.Length, t.Detail = seconds(b.last), Enough
	if b.hostOnly || b.last > heuristics.Coarse*time.Duration(max(1, b.ticks-1)) {
		t.Detail = NotEnough
	}
	b.conclude()
}

func (b *bench) observe(tick pipeline.Tick) {
	b.ticks++
	b.last = tick.Snapshot.At
	b.match.learn(&tick.Snapshot)
	b.hostOnly = b.hostOnly || slices.ContainsFunc(tick.Snapshot.Gaps, func(g heuristics.Gap) bool { return g.Kind == heuristics.GapHostOnly })
	b.tracks.observe(b.last, tick.Subjects, func(j *alert.Finding) bool {
		s := subjectOf(j)
		return b.match.is(&s)
	})
	for i := range tick.Alerts {
		if a := &tick.Alerts[i]; a.State == api.Firing {
			b.fired(a, tick.Subjects)
		}
	}
}

// fired notes an alert that people would see now.
func (b *bench) fired(now *api.Alert, subjects []alert.Finding) {
	t := b.t
	i := slices.IndexFunc(t.Alerts, func(a Alert) bool { return a.id == now.ID })
	if i < 0 {
		i = len(t.Alerts)
		t.Alerts = append(t.Alerts, Alert{id: now.ID, T: alert.Round(now.T, 100), Confidence: now.Confidence, Rules: weightsOf(now.Evidence)})
	}
	a := &t.Alerts[i]
	s := subjectOfAlert(now, subjects)
	a.key = s.key
	a.Subject, a.ProcessName, a.Site, a.Sites, a.SiteConfidence = now.Subject, now.ProcessName, now.Site, now.Sites, now.SiteConfidence
	if a.Severity == "" || now.Severity == api.MiningLike {
		a.Severity = now.Severity
	}
	if a.MiningLikeAt == nil && now.Severity == api.MiningLike {
		a.MiningLikeAt = new(alert.Round(now.T, 100))
	}
	start := t.Truth.LoadStart
	a.Right = t.Label != Benign && b.match.is(&s) && (start == nil || a.T >= *start-early.Seconds())
	if a.TimeToDetect = nil; a.Right && start != nil {
		a.TimeToDetect = new(alert.Round(a.T-*start, 100))
	}
	if t.Label != Benign { // a site that was wrong once was wrong
		right, wrong := b.match.siteVerdict(&s)
		a.SiteWrong = a.SiteWrong || wrong
		a.SiteRight = right && !a.SiteWrong
	}
}

// weightsOf sums the evidence by rule.
func weightsOf(all []api.Evidence) map[string]float64 {
	out := make(map[string]float64, len(all))
	for _, e := range all {
		out[e.Rule] = alert.Round(out[e.Rule]+e.Weight, 100)
	}
	return out
}

// contradiction compares the label with the recording.
func (b *bench) contradiction() error {
	t, path := &b.t.Truth, filepath.Join(b.t.folder, truthFile)
	bad := func(key, format string, args ...any) error {
		return at(path, &flaw{t.lines[key], fmt.Errorf(format, args...)})
	}
	length := seconds(b.last)
	switch {
	case b.ticks < 2:
		return fmt.Errorf("%s: the recording holds %d samples; nothing can be judged on fewer than two", filepath.Join(b.t.folder, traceFile), b.ticks)
	case t.LoadStart != nil && *t.LoadStart > length:
		return bad("load_start_s", `"load_start_s" is %g, but the recording ends at %g s`, *t.LoadStart, length)
	case t.LoadEnd != nil && *t.LoadEnd > length+beyond:
		return bad("load_end_s", `"load_end_s" is %g, but the recording ends at %g s`, *t.LoadEnd, length)
	}
	if name := b.match.absent(t); name != "" && !b.hostOnly {
		key := "process"
		if t.Process == "" {
			key = "programs"
		}
		return bad(key, `%q is the name of no process in the recording`, words.Clean(name))
	}
	return nil
}

// conclude draws what is said of the recording as a whole.
func (b *bench) conclude() {
	t := b.t
	t.Outcome = NoAlert
	var first *Alert
	for i := range t.Alerts {
		a := &t.Alerts[i]
		if t.Label == Mining && !a.Right {
			continue
		}
		if first == nil {
			first = a
			t.TimeToDetect = a.TimeToDetect
		}
		if t.Outcome != api.MiningLike {
			t.Outcome = a.Severity
		}
	}
	shown := b.tracks.choose(t, first)
	if shown != nil {
		t.Plot = shown.plot()
		t.Peak, t.Rules = alert.Round(shown.peak, 100), shown.rules
	}
	if first != nil {
		t.Rules = first.Rules
	}
	if t.Label == Mining {
		t.MeasuredCores = b.tracks.truth.mean(t.Truth.LoadStart, t.Truth.LoadEnd)
	}
}
