// Package pipeline is the one path from counters to alerts. A live machine, a recording in progress and a replay are
// all Sources; nothing after the Source can tell which.
package pipeline

import (
	"context"
	"iter"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/heuristics"
)

// Source yields the snapshots of one machine in order, until ctx ends or the source does. An error ends it.
type Source func(context.Context) iter.Seq2[heuristics.Snapshot, error]

// Tick is what one snapshot led to.
type Tick struct {
	Snapshot heuristics.Snapshot
	// Findings is the verdict on each subject that the detector watches; Subjects are the same with one
	// entry for what people call one.
	Findings, Subjects []alert.Finding
	// Alerts are those that changed.
	Alerts []api.Alert
}

// Run passes the snapshots of a source through the detector, attribution and alerts, and hands each tick to observe,
// which must not block. It returns when the source ends or fails.
func Run(ctx context.Context, source Source, detector *heuristics.Detector, alerts *alert.Manager, observe func(Tick)) error {
	var resolver attribution.SiteResolver
	for snapshot, err := range source(ctx) {
		if err != nil {
			return err // a source says itself what failed and where
		}
		resolver.Observe(&snapshot)
		verdicts := detector.Observe(snapshot)
		findings := make([]alert.Finding, len(verdicts))
		for i := range verdicts {
			findings[i] = alert.Finding{Verdict: verdicts[i], Owner: resolver.Owner(&verdicts[i])}
		}
		subjects := alert.Fold(findings)
		changed := alerts.Observe(snapshot.Time, snapshot.At, subjects)
		observe(Tick{Snapshot: snapshot, Findings: findings, Subjects: subjects, Alerts: changed})
	}
	return nil
}

// Replay passes a recording through a detector and alerts of its own, in which nothing is allowed or snoozed.
func Replay(ctx context.Context, source Source, settings heuristics.Config, observe func(Tick)) error {
	return Run(ctx, source, heuristics.NewDetector(settings), alert.NewManager("replay", nil, nil), observe)
}
