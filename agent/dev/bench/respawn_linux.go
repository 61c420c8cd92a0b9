package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/heuristics"
)

// respawner is a program that starts a worker at full load again and again.
type respawner struct {
	name      string
	life, gap time.Duration
	worker    string
	keeper    *started
	truth     time.Duration // what all its workers used, as it was told by the kernel
	lives     int
	told      chan error         // says that truth and lives are known, or why not
	said      map[string]float64 // core seconds by subject
}

// respawners runs two of them for a minute, each with its own program, and asks how much of what they used the detector
// puts on one subject.
func (b *bench) respawners(ctx context.Context) error {
	length := time.Minute
	if b.ticks < 20 { // -quick
		length = 25 * time.Second
	}
	say("respawners, for %v", length)
	all := []*respawner{
		{name: "respawn-1.6s", life: 1600 * time.Millisecond, gap: 400 * time.Millisecond},
		{name: "respawn-0.3s", life: 300 * time.Millisecond, gap: 100 * time.Millisecond},
	}
	program, err := os.ReadFile(b.load)
	if err != nil {
		return err
	}
	for _, r := range all {
		r.worker, r.said = filepath.Join(b.tmp, r.name), map[string]float64{}
		if err := os.WriteFile(r.worker, program, 0o700); err != nil { //nolint:gosec // a program
			return err
		}
	}
	if err := b.watchRespawners(ctx, all, length); err != nil {
		return err
	}
	for _, r := range all {
		key, most, sum := "", 0.0, 0.0
		for k, v := range r.said {
			if sum += v; v > most {
				key, most = k, v
			}
		}
		say("  %s: %d lives used %.2f s; %d subjects, most on %q", r.name, r.lives, r.truth.Seconds(), len(r.said), key)
		if err := b.sheet.attributed(r.name, most/r.truth.Seconds(), map[string]float64{
			"true_cpu_s": r.truth.Seconds(), "best_subject_cpu_s": most, "all_subjects_cpu_s": sum,
			"lives": float64(r.lives), "subjects": float64(len(r.said)),
		}); err != nil {
			return err
		}
	}
	return nil
}

// watchRespawners starts the respawners once the source has begun, judges until both have ended, and two ticks more.
func (b *bench) watchRespawners(ctx context.Context, all []*respawner, length time.Duration) error {
	detector := heuristics.NewDetector(heuristics.Config{})
	running, last, after := false, time.Duration(0), 0
	for s, err := range sampler.New(sampler.Options{}).Source(ctx) {
		if err != nil {
			return err
		}
		dt := s.At - last
		last = s.At
		for _, v := range detector.Observe(s) {
			for _, r := range all {
				if r.owns(&v.Subject) {
					r.said[v.Subject.Key] += v.Now * dt.Seconds()
				}
			}
		}
		if !running && s.At > time.Second {
			running = true
			for _, r := range all {
				if err := r.start(ctx, b.load, length); err != nil {
					return err
				}
				defer r.keeper.stop()
			}
		}
		if !running {
			continue
		}
		if ended, err := haveEnded(all); err != nil {
			return err
		} else if !ended {
			continue
		}
		if after++; after > 2 {
			return nil
		}
	}
	return ctx.Err()
}

// haveEnded reports whether all respawners have told what they used.
func haveEnded(all []*respawner) (bool, error) {
	ended := true
	for _, r := range all {
		select {
		case err, news := <-r.told:
			if news && err != nil {
				return false, err
			}
		default:
			ended = false
		}
	}
	return ended, nil
}

// owns reports whether a subject is a respawner, one of its workers or their group.
func (r *respawner) owns(s *heuristics.Subject) bool {
	return s.Info.Exe == r.worker || (s.Info.Exe == "" && strings.HasPrefix(r.name, s.Info.Name) && s.Info.Name != "") ||
		(r.keeper != nil && int(s.Process.PID) == r.keeper.pid())
}

func (r *respawner) start(ctx context.Context, load string, length time.Duration) error {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	var err error
	r.keeper, err = launch(ctx, r.name, true, nil, load, "keeper", ms(r.life), ms(r.gap), strconv.Itoa(int(length.Seconds())), r.worker)
	if err != nil {
		return err
	}
	r.told = make(chan error, 1)
	go func() {
		defer close(r.told)
		l, err := r.keeper.line()
		if err == nil {
			var us int64
			_, err = fmt.Sscanf(l, "lives %d cpu_us %d", &r.lives, &us)
			r.truth = time.Duration(us) * time.Microsecond
		}
		r.told <- err
	}()
	return nil
}
