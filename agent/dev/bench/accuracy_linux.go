package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/heuristics"
)

// accuracy compares what is read of a process that uses 30 % of a core with what the kernel's scheduler says of it by
// another way, tick by tick.
func (b *bench) accuracy(ctx context.Context) error {
	const percent, limitPoints = 30, 2.0
	say("a process at %d %%", percent)
	ticks := min(30, b.ticks)
	duty, err := launch(ctx, "duty", true, nil, b.load, "duty", strconv.Itoa(percent), strconv.Itoa(ticks+15))
	if err != nil {
		return err
	}
	defer duty.stop()
	if err := wait(ctx, time.Second); err != nil {
		return err
	}
	detector := heuristics.NewDetector(heuristics.Config{})
	var worst, total, real float64
	var ran time.Duration
	var at time.Time
	n := 0
	for s, err := range sampler.New(sampler.Options{}).Source(ctx) {
		if err != nil {
			return err
		}
		truth, err := ranOf(duty.pid())
		read := now()
		if err != nil {
			return errors.Join(err, duty.running())
		}
		verdicts := detector.Observe(s)
		used, wall := truth-ran, read.Sub(at)
		ran, at = truth, read
		if s.At < 2*time.Second { // the detector begins to watch
			continue
		}
		share := used.Seconds() / wall.Seconds()
		said, ok := usedBy(verdicts, duty.pid())
		if !ok {
			return fmt.Errorf("at %v nothing is said of a process that uses %.0f %% of a core", s.At, 100*share)
		}
		worst = max(worst, 100*math.Abs(said-share))
		total, real = total+said, real+share
		if n++; n == ticks {
			break
		}
	}
	if n < ticks {
		return ctx.Err()
	}
	return b.sheet.value("accuracy", 0, "worst_points_of_one_core", worst, limitPoints, map[string]float64{
		"mean_percent": 100 * total / float64(n), "true_mean_percent": 100 * real / float64(n), "ticks": float64(n),
	})
}

// usedBy returns what the detector says a process used since the tick before, in cores.
func usedBy(verdicts []heuristics.Verdict, pid int) (float64, bool) {
	for i := range verdicts {
		if v := &verdicts[i]; v.Subject.Kind == heuristics.SubjectProcess && int(v.Subject.Process.PID) == pid {
			return v.Now, true
		}
	}
	return 0, false
}
