package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/terminal"
	"github.com/minewatch/minewatch/heuristics"
)

// moment is a time in a recording, or its first alert.
type moment struct {
	at         time.Duration
	firstAlert bool
}

// asShown is by how much a tick may lie before the moment that a person names: replay shows times rounded to 0.1 s.
const asShown = 50 * time.Millisecond

// parseMoment reads what --explain was given: "alert", a time such as 41s or 1m30s, or seconds.
func parseMoment(text string) (moment, error) {
	if text == "alert" {
		return moment{firstAlert: true}, nil
	}
	text = strings.TrimPrefix(text, "+")
	at, err := time.ParseDuration(text)
	if err != nil {
		at, err = time.ParseDuration(text + "s")
	}
	if err != nil || at < 0 {
		return moment{}, fmt.Errorf("--explain needs a time in the recording, such as 41s or 1m30s, or the word alert, not %q", text)
	}
	return moment{at: at}, nil
}

// explain prints what the detector knew and thought at one moment of a recording.
func explain(c *cobra.Command, file string, config heuristics.Config, m moment, o *replayOptions) error {
	_, source, done, err := openTrace(c, file, &o.limits)
	if err != nil {
		return err
	}
	defer done()
	ctx, stop := context.WithCancel(c.Context()) // what comes after the moment need not be read
	defer stop()
	var (
		found *terminal.Explanation
		wrong error
		last  time.Duration
	)
	err = pipeline.Replay(ctx, source, config, func(t pipeline.Tick) {
		last = t.Snapshot.At
		if found != nil || wrong != nil || !m.isAt(&t) {
			return
		}
		stop()
		var j *alert.Finding
		if j, wrong = choose(&t, m, o.subject); wrong == nil {
			found = explanation(t.Snapshot.At, j, &config)
		}
	})
	switch {
	case wrong != nil:
		return wrong
	case found == nil && err != nil:
		return err
	case found == nil && m.firstAlert:
		return fmt.Errorf("no alert was raised in %s, which lasts %v; name a moment, such as --explain %v", file, last.Round(time.Second), (last / 2).Round(time.Second))
	case found == nil:
		return fmt.Errorf("%s ends at %v, before %v", file, last.Round(100*time.Millisecond), m.at)
	case o.asJSON:
		return usage.PrintJSON(c.OutOrStdout(), found)
	}
	return terminal.Explain(c.OutOrStdout(), found, widthOf(c.OutOrStdout()))
}

// isAt reports whether a tick is the moment.
func (m moment) isAt(t *pipeline.Tick) bool {
	if m.firstAlert {
		return firing(t) != nil
	}
	return t.Snapshot.At+asShown >= m.at
}

func firing(t *pipeline.Tick) *api.Alert {
	for i := range t.Alerts {
		if t.Alerts[i].State == api.Firing {
			return &t.Alerts[i]
		}
	}
	return nil
}

// choose returns the subject to explain: the one that was named, that of the first alert, what is suspected most, or the
// busiest.
func choose(t *pipeline.Tick, m moment, subject string) (*alert.Finding, error) {
	var best *alert.Finding
	better := func(j *alert.Finding) bool { // the busiest come first
		is, was := j.Verdict.State == heuristics.Suspected, best.Verdict.State == heuristics.Suspected
		return is && (!was || j.Verdict.Confidence > best.Verdict.Confidence)
	}
	a := firing(t)
	for i := range t.Findings {
		j := &t.Findings[i]
		switch {
		case subject != "" && !isNamed(j, subject):
		case subject == "" && m.firstAlert && !isAbout(a, j):
		case best == nil || better(j):
			best = j
		}
	}
	if best != nil {
		return best, nil
	}
	at := t.Snapshot.At.Round(100 * time.Millisecond)
	if len(t.Findings) == 0 {
		return nil, fmt.Errorf("nothing was busy at %v", at)
	}
	if subject == "" {
		return nil, errors.New("the alert's subject was not judged at its own moment; name one with --subject")
	}
	return nil, fmt.Errorf("nothing called %q was busy at %v; busy were %s", subject, at, busyNames(t))
}

// isNamed reports whether a person's word means this subject.
func isNamed(j *alert.Finding, word string) bool {
	v, o := &j.Verdict, &j.Owner
	return strings.EqualFold(word, v.Subject.Info.Name) || strings.EqualFold(word, o.Site) || word == strconv.Itoa(int(v.Subject.Process.PID))
}

// isAbout reports whether an alert is about this subject.
func isAbout(a *api.Alert, j *alert.Finding) bool {
	return a != nil && a.Key == j.Owner.Key
}

// busyNames lists what was judged at a tick, so that one can be named.
func busyNames(t *pipeline.Tick) string {
	const most = 8
	var names []string
	for i := range t.Findings[:min(len(t.Findings), most)] {
		v := &t.Findings[i].Verdict
		name := cmp.Or(t.Findings[i].Owner.Site, v.Subject.Info.Name)
		names = append(names, fmt.Sprintf("%q (%d)", name, v.Subject.Process.PID))
	}
	if len(t.Findings) > most {
		names = append(names, fmt.Sprintf("and %d more", len(t.Findings)-most))
	}
	return strings.Join(names, ", ")
}

// explanation puts a verdict into the form that is shown.
func explanation(at time.Duration, j *alert.Finding, config *heuristics.Config) *terminal.Explanation {
	v, o := &j.Verdict, &j.Owner
	weights := config.Weights
	if weights == nil {
		weights = new(heuristics.DefaultWeights())
	}
	e := &terminal.Explanation{
		Type: "explanation", T: at.Seconds(), Subject: o.Subject, Site: o.Site, Sites: o.Sites, SiteConfidence: o.Level,
		ProcessName: v.Subject.Info.Name, PID: v.Subject.Process.PID, State: alert.StateOf(v), Severity: alert.SeverityOf(v),
		Bias: weights.Bias, LogOdds: v.LogOdds, Confidence: v.Confidence,
	}
	for _, f := range v.Features.List() {
		figure := terminal.Figure{Name: f.Name, Unit: f.Unit, Meaning: f.Meaning}
		if !math.IsNaN(f.Value) && !math.IsInf(f.Value, 0) {
			figure.Value = new(f.Value)
		}
		e.Features = append(e.Features, figure)
	}
	needs := map[heuristics.RuleID]string{}
	for _, r := range heuristics.Rules() {
		needs[r.ID] = r.NeedsText()
	}
	for _, said := range v.Evidence { // the weightiest first
		e.Rules = append(e.Rules, terminal.Opinion{
			Rule: string(said.Rule), Strength: said.Strength, Weight: said.Weight, Text: said.Text, Facts: said.Facts, Needs: needs[said.Rule],
		})
		delete(needs, said.Rule)
	}
	for _, r := range heuristics.Rules() {
		if _, silent := needs[r.ID]; silent {
			e.Rules = append(e.Rules, terminal.Opinion{Rule: string(r.ID), Silent: true, Needs: needs[r.ID]})
		}
	}
	return e
}
