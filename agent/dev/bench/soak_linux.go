package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// The soak: 10,000 processes are born and gone while 1,000 live.
const (
	soakAlive  = 1000
	soakBirths = 10_000
	// A garbage-collected heap breathes; a leak of 100 bytes a birth would be 1 MB of some 30.
	soakGrowth = 1.1
)

// soak watches the memory and the open files of the whole agent while processes come and go.
func (b *bench) soak(ctx context.Context) error {
	seconds := int(b.options.soak.Seconds())
	births := soakBirths
	if b.ticks < 20 { // -quick
		births = soakBirths / 5
	}
	say("soak: %d births in %v", births, b.options.soak)
	churn, err := b.churn(ctx, soakAlive, births, seconds)
	if err != nil {
		return err
	}
	defer churn.stop()
	agent, err := b.startOurAgent(ctx)
	if err != nil {
		return err
	}
	defer agent.stop()
	ended := make(chan error, 1)
	go func() {
		_, err := churn.line()
		ended <- err
	}()
	resident, files, err := watchGrowth(ctx, agent, ended)
	if err != nil {
		return err
	}
	fifth := len(resident) / 5
	if fifth < 2 {
		return fmt.Errorf("only %d readings", len(resident))
	}
	early, late := median(resident[fifth:2*fifth]), median(resident[len(resident)-fifth:])
	leaked := slices.Max(files[len(files)-fifth:]) - slices.Max(files[fifth:2*fifth])
	figures := func() map[string]float64 {
		return map[string]float64{"births": float64(births), "alive": soakAlive, "seconds": float64(seconds)}
	}
	memory := figures()
	memory["early_bytes"], memory["late_bytes"], memory["most_bytes"] = early, late, slices.Max(resident)
	if err := b.sheet.ratio("soak", soakAlive, "memory_after_warm_up", late/early, soakGrowth, memory); err != nil {
		return err
	}
	handles := figures()
	handles["files_at_the_end"] = files[len(files)-1]
	return b.sheet.value("soak", soakAlive, "files_leaked", math.Max(0, leaked), 0, handles)
}

// watchGrowth reads memory and the number of open files of a program each second until ended says so.
func watchGrowth(ctx context.Context, s *started, ended <-chan error) (resident, files []float64, err error) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case err := <-ended:
			return resident, files, err
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-t.C:
		}
		m, err := residentOf(s.pid())
		if err != nil {
			return nil, nil, fmt.Errorf("%w (%w)", err, s.running())
		}
		n, err := filesOf(s.pid())
		if err != nil {
			return nil, nil, err
		}
		resident, files = append(resident, m), append(files, float64(n))
	}
}
